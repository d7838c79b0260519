import type { Page } from '@playwright/test';
import { expect, test } from './page';
import { Studio } from './studio';

const allow = (page: Page) => page.getByRole('button', { name: '允许使用摄像头和麦克风' }).click();
const start = (page: Page) => page.getByRole('button', { name: '开始发送' }).click();

// refusing makes the browser answer a request for devices with an error of that name.
const refusing = (page: Page, name: string) =>
  page.addInitScript((error) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('refused', error));
  }, name);

test('sends camera and microphone, and stops', async ({ page, context }) => {
  const studio = await Studio.open(context);
  await studio.serve(page, 'whip');
  await page.goto('/talk/yinshan/class-3');
  await allow(page);
  await start(page);
  await expect(page.locator('.state')).toHaveText('正在发送');
  await expect.poll(() => studio.received()).toBeGreaterThan(5);
  const ended = page.waitForRequest((r) => r.method() === 'DELETE');
  await page.getByRole('button', { name: '停止发送' }).click();
  expect((await ended).url()).toContain('/whip-session/1');
  await expect(page.locator('.state')).toHaveText('未发送');
});

test('offers the devices, moves the meter, and mutes', async ({ page }) => {
  await page.goto('/talk/yinshan/class-3');
  await allow(page);
  await expect(page.getByLabel('摄像头', { exact: true }).locator('option')).not.toHaveCount(1);
  await expect(page.getByLabel('麦克风', { exact: true }).locator('option').first()).toBeAttached();
  // The fake microphone beeps each second.
  await expect.poll(() => page.locator('meter').evaluate((m: HTMLMeterElement) => m.value)).toBeGreaterThan(0.2);
  await page.getByRole('button', { name: '关闭麦克风' }).click();
  await expect.poll(() => page.locator('meter').evaluate((m: HTMLMeterElement) => m.value)).toBe(0);
});

test('echo cancellation is asked for, and sound alone when there is no camera', async ({ page }) => {
  await page.addInitScript(() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const asked: MediaStreamConstraints[] = [];
    Object.assign(window, { asked });
    navigator.mediaDevices.getUserMedia = (c) => {
      asked.push(c ?? {});
      return c?.video ? Promise.reject(new DOMException('none', 'NotFoundError')) : real(c);
    };
  });
  await page.goto('/talk/yinshan/class-3');
  await allow(page);
  await expect(page.getByLabel('摄像头', { exact: true })).toHaveValue('none');
  const asked = await page.evaluate(() => (window as unknown as { asked: { audio: MediaTrackConstraints }[] }).asked);
  expect(asked.map((a) => a.audio.echoCancellation)).toEqual([true, true]);
});

for (const [error, words] of [
  ['NotAllowedError', '浏览器没有允许使用摄像头和麦克风'],
  ['NotReadableError', '正被其他程序使用'],
] as const) {
  test(`explains ${error}`, async ({ page }) => {
    await refusing(page, error);
    await page.goto('/talk/yinshan/class-3');
    await allow(page);
    await expect(page.getByRole('alert')).toContainText(words);
  });
}

test('explains that there is no device at all', async ({ page }) => {
  await refusing(page, 'NotFoundError');
  await page.goto('/talk/yinshan/class-3');
  await allow(page);
  await expect(page.getByRole('alert')).toContainText('没有找到摄像头或麦克风');
});

test('explains a name that is taken, and does not insist', async ({ page }) => {
  let tries = 0;
  page.on('request', (r) => void (r.url().includes('/whip/') && tries++));
  await page.goto('/talk/room-101');
  await allow(page);
  await start(page);
  await expect(page.getByRole('alert')).toContainText('已有设备在发送');
  await expect(page.locator('.state')).toHaveText('未发送');
  expect(tries).toBe(1);
});

test('without https it says where to go', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
  await page.goto('/talk/yinshan/class-3');
  await expect(page.getByRole('alert')).toContainText('请用 https 打开此页');
  await expect(page.getByRole('alert').getByRole('link')).toHaveAttribute('href', 'https://127.0.0.1:8443/talk/yinshan/class-3');
});
