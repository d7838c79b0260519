import type { Page } from '@playwright/test';
import { expect, test } from './page';
import { Studio } from './studio';

const time = (page: Page) => page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime);

const playing = async (page: Page): Promise<void> => {
  // 2 is what Chromium shows before the first frame of WebRTC.
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => v.videoWidth)).toBeGreaterThan(2);
  const before = await time(page).catch(() => 0);
  await expect.poll(() => time(page)).toBeGreaterThan(before);
};

test('plays by WHEP and shows layer and latency on the key i', async ({ page, context }) => {
  const studio = await Studio.open(context);
  await studio.serve(page, 'whep');
  await page.goto('/watch/room-101');
  await playing(page);
  await page.keyboard.press('i');
  const panel = page.locator('.figures');
  await expect(panel).toContainText('WebRTC (WHEP)');
  await expect(panel).toContainText('子码流'); // 640x360 is the sub stream's size
  await expect(panel).toContainText(/实时延迟\s*\d+/);
  await page.keyboard.press('i');
  await expect(panel).toHaveCount(0);
});

test('falls back to MSE where WebRTC plays nothing', async ({ page }) => {
  await page.goto('/watch/room-101');
  await playing(page);
  await page.keyboard.press('i');
  await expect(page.locator('.figures')).toContainText('MSE');
  await expect(page.locator('.figures')).toContainText(/实时延迟\s*\d+/);
});

test('falls back to MSE in a browser without WebRTC', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'RTCPeerConnection'));
  await page.goto('/watch/room-101');
  await playing(page);
});

test('a road that the address asks for is kept', async ({ page }) => {
  await page.goto('/watch/room-101?via=whep'); // which the mock refuses
  await expect(page.locator('.notice')).toContainText('不能播放');
  await page.goto('/watch/room-101?via=mse');
  await playing(page);
});

test('sound that WebRTC cannot carry moves the lesson to MSE', async ({ page, context }) => {
  const studio = await Studio.open(context);
  await studio.serve(page, 'whep', { 'X-Classrelay-Warning': 'no-sound; AAC; left out' });
  await page.goto('/watch/room-101');
  await playing(page);
  await page.keyboard.press('i');
  await expect(page.locator('.figures')).toContainText('MSE');
  await expect(page.locator('.figures')).toContainText('声音是 AAC');
});

test('a camera that is away is said with its time, and tried again', async ({ page }) => {
  await page.goto('/watch/room-204');
  await expect(page.locator('.notice')).toContainText('摄像机离线 3 分钟，网络不通');
  await expect(page.locator('.notice')).toContainText(/\d+ 秒后重试/);
});

test('over MSE too a camera that is away is said', async ({ page }) => {
  await page.goto('/watch/room-204?via=mse');
  await expect(page.locator('.notice')).toContainText('摄像机离线 3 分钟');
});

test('a codec no road can play names the setting to change', async ({ page }) => {
  await page.goto('/watch/hall');
  await expect(page.locator('.notice')).toContainText('H.265');
  await expect(page.locator('.notice')).toContainText('改为 H.264');
});

test('a wrong name is said with the name', async ({ page }) => {
  await page.goto('/watch/room-999');
  await expect(page.locator('.notice')).toContainText('没有名为 room-999 的画面');
});

test('after a lost connection the last picture stays until the next one', async ({ page, context }) => {
  const studio = await Studio.open(context);
  await studio.serve(page, 'whep');
  await page.goto('/watch/room-101?via=whep');
  await playing(page);
  await page.unroute('**/whep/**');
  await page.route('**/whep/**', (route) => route.abort());
  await studio.hangUp();
  await expect(page.locator('canvas.held')).toBeVisible({ timeout: 40_000 });
  expect(await page.locator('canvas.held').evaluate((c: HTMLCanvasElement) => c.width)).toBe(640);
  await expect(page.locator('.notice')).toBeVisible();
  await page.unroute('**/whep/**');
  await studio.serve(page, 'whep');
  await expect(page.locator('canvas.held')).toBeHidden({ timeout: 40_000 });
  await expect(page.locator('.notice')).toHaveCount(0);
});

test('a kiosk that may not sound says so, and does at the first touch', async ({ page }) => {
  // Playwright's own questions to the page count as a touch, so the browser's answer is given here.
  await page.addInitScript(() => {
    class Silent {
      state = 'suspended';
      close = () => Promise.resolve();
    }
    Object.assign(window, { AudioContext: Silent });
  });
  await page.goto('/watch/room-101?kiosk=1');
  await playing(page);
  await expect(page.locator('.pill')).toHaveText('点一下屏幕打开声音');
  await page.locator('.stage').click();
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => v.muted)).toBe(false);
  await expect(page.locator('.pill')).toHaveCount(0);
});

test('a long touch shows the figures', async ({ page }) => {
  await page.goto('/watch/room-101?via=mse');
  await playing(page);
  const stage = page.locator('.stage');
  await stage.dispatchEvent('pointerdown');
  await expect(page.locator('.figures')).toBeVisible();
});

test('a kiosk that has to log in says so and stays, another page goes there', async ({ page }) => {
  const refuse = { status: 401, contentType: 'application/problem+json', json: { status: 401, code: 'login' } };
  await page.route('**/whep/**', (r) => r.fulfill(refuse));
  await page.goto('/watch/room-101?kiosk=1');
  await expect(page.locator('.notice')).toContainText('需要登录');
  await page.goto('/watch/room-101');
  await expect(page).toHaveURL(/\/login\?why=login&next=%2Fwatch%2Froom-101/);
});

test('a lesson nobody knows stays named while it is asked for again, and starts when it is there', async ({ page, context }) => {
  const studio = await Studio.open(context);
  let asked = 0;
  await page.route('**/whep/**', async (route) => {
    if (++asked === 3) {
      await page.unroute('**/whep/**');
      await studio.serve(page, 'whep');
      return route.fallback();
    }
    await new Promise((r) => setTimeout(r, 1000)); // the node waits for a feed that may come
    const body = JSON.stringify({ code: 'unknown-feed', title: 'No such feed', status: 404, detail: 'no such feed' });
    await route.fulfill({ status: 404, contentType: 'application/problem+json', body });
  });
  await page.bringToFront();
  await page.goto('/watch/room-777');
  await expect(page.locator('.notice')).toContainText('没有名为 room-777 的画面');
  await page.evaluate(() => {
    const said = new Set<string>();
    const notice = (): void => void said.add(document.querySelector('.notice .what')?.textContent ?? '');
    new MutationObserver(notice).observe(document.body, { subtree: true, childList: true, characterData: true });
    Object.assign(window, { said });
  });
  await expect.poll(() => asked).toBeGreaterThan(2);
  const said = await page.evaluate(() => [...(window as unknown as { said: Set<string> }).said]);
  expect(said.filter((words) => words.includes('正在连接'))).toEqual([]);
  await playing(page);
});

test('over MSE sound is asked for when it is switched on, and only then', async ({ page }) => {
  const asked: string[] = [];
  page.on('websocket', (socket) => void asked.push(socket.url().replace(/.*\/mse/, '')));
  await page.goto('/watch/room-101?via=mse&layer=sub');
  await playing(page);
  await page.keyboard.press('m');
  await expect.poll(() => asked).toEqual(['/room-101?sound=0&layer=sub', '/room-101?layer=sub']);
  await playing(page);
  await page.keyboard.press('m');
  await page.keyboard.press('m'); // what has sound keeps it
  await playing(page);
  expect(asked).toHaveLength(2);
});

test('a tap on the picture brings the sound, as the words say, with controls too', async ({ page }) => {
  await page.addInitScript(() => {
    class Silent {
      state = 'suspended';
      close = () => Promise.resolve();
    }
    Object.assign(window, { AudioContext: Silent });
  });
  await page.goto('/watch/room-101?via=mse');
  await playing(page);
  await expect(page.locator('.pill')).toHaveText('点一下屏幕打开声音');
  await page.locator('.stage').click({ position: { x: 300, y: 300 } });
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => v.muted)).toBe(false);
  await expect(page.locator('.pill')).toHaveCount(0);
});
