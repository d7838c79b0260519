// Without a mouse: the order of the tabs, a focus that is seen, Escape, and regions that
// are read out when something has changed and not otherwise.
import type { Page } from '@playwright/test';
import { expect, test } from './page';

// stops goes on by so many tabs and says where, and whether one could see it.
async function stops(page: Page, n: number): Promise<{ at: string; seen: boolean }[]> {
  const all = [];
  for (let i = 0; i < n; i++) {
    await page.keyboard.press('Tab');
    all.push(
      await page.evaluate(() => {
        const e = document.activeElement as HTMLElement;
        const box = e.getBoundingClientRect();
        const style = getComputedStyle(e);
        const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
        const name = e.getAttribute('aria-label') ?? (e.textContent?.trim() || e.id);
        return { at: name.slice(0, 40), seen };
      }),
    );
  }
  return all;
}

const walks: [path: string, names: string[]][] = [
  ['/', ['跳到内容', 'classrelay', '课堂', '登录', '外观：随系统', 'English', 'city', 'room-204', 'hall', '卡片', '表格', '预览 room-101', '观看 room-101']],
  ['/watch/room-101?via=mse', ['全部画面', '静音', '播放数据', 'English', '全屏']],
  ['/talk/a', ['跳到内容', 'classrelay', '外观：随系统', 'English', '允许使用摄像头和麦克风', '打开观看页']],
  ['/classes', ['跳到内容', 'classrelay', '节点', '登录', '外观：随系统', 'English', '观看 maths-7b', '举手发言 yinshan', '我来主讲 yinshan']],
  ['/login', ['跳到内容', 'classrelay', '外观：随系统', 'English', 'user', 'password', 'on', '登录']],
];

for (const [path, names] of walks) {
  test(`the tab key goes through ${path} in order, and one sees where it is`, async ({ page }) => {
    await page.goto(path);
    await page.waitForSelector('#content');
    if (path === '/') await page.waitForSelector('.card');
    if (path === '/classes') await page.waitForSelector('.room button');
    if (path.startsWith('/watch')) await page.waitForTimeout(1500); // until the sound is decided
    // A browser that wants a touch before it sounds has a button for that first.
    if (await page.locator('.pill').count()) await page.keyboard.press('Tab');
    const walked = await stops(page, names.length);
    const want = names.map((name) => ({ at: name === '静音' ? expect.stringMatching(/静音|打开声音/) : name === 'on' ? expect.any(String) : name, seen: true }));
    expect(walked).toEqual(want);
  });
}

test('the player’s controls come back for who uses the keyboard', async ({ page }) => {
  await page.goto('/watch/room-101?via=mse');
  await expect(page.locator('.watch.quiet')).toHaveCount(1, { timeout: 30_000 });
  await page.keyboard.press('Tab');
  await expect(page.locator('.watch.quiet')).toHaveCount(0);
  await expect.poll(() => page.locator('.controls').evaluate((e) => getComputedStyle(e).opacity)).toBe('1');
});

test('Escape closes the figures, and f fills the screen and leaves it', async ({ page }) => {
  await page.goto('/watch/room-101?via=mse');
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0);
  await page.keyboard.press('i');
  await expect(page.locator('.figures')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.figures')).toHaveCount(0);
  await page.keyboard.press('f');
  await expect(page.getByRole('button', { name: '退出全屏' })).toBeVisible();
  await page.keyboard.press('f');
  await expect(page.getByRole('button', { name: '全屏', exact: true })).toBeVisible();
});

test('a form is sent with Enter, and what is wrong gets the focus', async ({ page }) => {
  await page.goto('/login');
  await page.getByLabel('用户名').fill('teacher');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toBeFocused();
});

// chatter counts the changes within what a screen reader reads out, in three seconds.
const chatter = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((done) => {
        let n = 0;
        const watch = new MutationObserver((all) => (n += all.length));
        document.querySelectorAll('[role=status], [role=alert], [aria-live]').forEach((e) => {
          watch.observe(e, { childList: true, characterData: true, subtree: true });
        });
        setTimeout(() => done(n), 3000);
      }),
  );

test('what is read out is not read out again each second', async ({ page }) => {
  await page.goto('/');
  await page.waitForSelector('.link');
  expect(await chatter(page), 'the node').toBe(0);
  await page.goto('/watch/hall'); // counts down to its next try
  await page.waitForSelector('.notice .then');
  expect(await page.locator('[role=status]').count()).toBeGreaterThan(0);
  expect(await chatter(page), 'the player').toBe(0);
  await page.goto('/talk/a');
  await page.click('.desk .button');
  await page.waitForSelector('#level');
  expect(await chatter(page), 'talk-back').toBe(0);
});

test('a change of the state is read out', async ({ page }) => {
  await page.goto('/');
  await page.waitForSelector('.link');
  await expect(page.getByRole('status').filter({ hasText: '实时' })).toBeVisible();
  await page.route('**/api/v1/**', (r) => r.abort());
  await page.reload();
  await expect(page.getByRole('status').filter({ hasText: '连接不到节点' })).toBeVisible();
});
