// The page of classes: who is the main school, and the turn given with one press.
import type { Page } from '@playwright/test';
import { expect, test } from './page';

// opens the page with classes of its own in the mock, as a school's node or the hub's.
async function opens(page: Page, hub = false): Promise<void> {
  const url = 'http://127.0.0.1';
  const { testId, retry, repeatEachIndex } = test.info();
  const cookies = [{ name: 'lesson', value: `${testId}x${retry}x${repeatEachIndex}`.replace(/\W/g, ''), url }];
  if (hub) cookies.push({ name: 'scene', value: 'many', url });
  await page.context().addCookies(cookies);
  await page.goto('/classes');
  await expect(maths(page)).toBeVisible();
}

const maths = (page: Page) => page.getByRole('region', { name: 'maths-7b' });
const room = (page: Page, name: string) => maths(page).getByRole('listitem').filter({ hasText: name });
const state = (page: Page) => maths(page).getByRole('status').first();

test('a school sees who is the main school, who has the floor, who is on line and who watches whom', async ({ page }) => {
  await opens(page);
  await expect(state(page)).toHaveText('xihe 主讲 · banpo 发言');
  await expect(page.locator('.class')).toHaveCount(2);
  await expect(room(page, 'liuwan')).toContainText('离线');
  await expect(room(page, 'yinshan')).toContainText(/本节点.*在线.*看 xihe/s);
  await expect(maths(page).getByRole('listitem').nth(2)).toContainText(/xihe.*主讲.*看 banpo/s);
  await expect(maths(page).getByRole('link')).toHaveAttribute('href', '/watch/class/maths-7b');
  await expect(page.locator('.beat')).toHaveText('实时');
});

test('a school becomes the main school with one press, and a page beside it hears of it', async ({ page, context }) => {
  await opens(page);
  const beside = await context.newPage();
  await beside.goto('/classes');
  await expect(state(beside)).toContainText('xihe 主讲');
  const buttons = maths(page).getByRole('button');
  await expect(buttons).toHaveText(['举手发言', '我来主讲']); // a room asks for itself alone
  await buttons.last().click();
  await expect(state(page)).toHaveText('yinshan 主讲 · banpo 发言');
  await expect(state(beside)).toHaveText('yinshan 主讲 · banpo 发言', { timeout: 4000 }); // before it would ask by itself
  await expect(buttons.filter({ hasText: '设为主讲' })).toHaveCount(3); // which may hand on
});

test('a hand is raised, and taken down', async ({ page }) => {
  await opens(page);
  await page.getByRole('button', { name: '举手发言 yinshan' }).click();
  await expect(state(page)).toHaveText('xihe 主讲 · yinshan 发言');
  await page.getByRole('button', { name: '结束发言 yinshan' }).click();
  await expect(state(page)).toHaveText('xihe 主讲 · 没有教室发言');
});

test('at the hub any room is made the main school; one that had the floor changes places', async ({ page }) => {
  await opens(page, true);
  await expect(page.getByRole('button', { name: '设为主讲 liuwan' })).toBeDisabled(); // it has no picture
  await page.getByRole('button', { name: '设为主讲 banpo' }).click();
  await expect(state(page)).toHaveText('banpo 主讲 · xihe 发言');
  await page.getByRole('button', { name: '结束发言 xihe' }).click();
  await expect(state(page)).toHaveText('banpo 主讲 · 没有教室发言');
});

test('a class of other schools can be watched, and says why there is no button', async ({ page }) => {
  await opens(page);
  const music = page.getByRole('region', { name: 'music' });
  await expect(music).toContainText('本节点只是观看');
  await expect(music.getByRole('button')).toHaveCount(0);
});

test('who may not push sees no button, and how to get one', async ({ page }) => {
  await page.route('**/api/v1/session', (r) => r.fulfill({ json: { user: '', guest: true, may: { watch: true, push: false }, https_port: null } }));
  await opens(page);
  await expect(page.locator('.aside')).toHaveText('登录后才能切换主讲和发言；用户需要推送（push）权限。');
  await expect(page.locator('.room button')).toHaveCount(0);
});

test('a turn that is refused is said, and one that does not come true, too', async ({ page }) => {
  await opens(page);
  let answer = 409;
  await page.route('**/api/v1/classes/*', (r) =>
    answer === 409
      ? r.fulfill({ status: 409, contentType: 'application/problem+json', json: { status: 409, code: 'bad-class' } })
      : r.fulfill({ status: 202 }),
  );
  const take = page.getByRole('button', { name: '我来主讲 yinshan' });
  await take.click();
  await expect(maths(page).getByRole('alert')).toContainText('现在不能这样切换。');
  await expect(take).toBeEnabled();
  answer = 202;
  await take.click();
  await expect(take).toHaveText('正在切换');
  await expect(take).toBeDisabled();
  await expect(maths(page)).toContainText('县里还没有答复。');
  await expect(maths(page).getByRole('alert')).toHaveCount(0);
  await expect(take).toBeEnabled();
});

test('by the keyboard: the press is answered where it was', async ({ page }) => {
  await opens(page);
  await page.getByRole('button', { name: '我来主讲 yinshan' }).focus();
  await page.keyboard.press('Enter');
  await expect(state(page)).toContainText('yinshan 主讲');
  await expect(maths(page).getByRole('heading')).toBeFocused();
});

test('a node without classes says where they come from', async ({ page }) => {
  await page.context().addCookies([{ name: 'scene', value: 'empty', url: 'http://127.0.0.1' }]);
  await page.goto('/');
  await page.getByRole('link', { name: '课堂' }).click();
  await expect(page.locator('.empty')).toContainText('classes');
});

test('a node that is away is said, and the classes come back by themselves', async ({ page }) => {
  await opens(page);
  await page.route('**/api/v1/**', (r) => r.abort());
  await expect(page.getByRole('status').filter({ hasText: '连接不到节点' })).toBeVisible();
  await page.unroute('**/api/v1/**');
  await expect(page.getByText('连接不到节点')).toHaveCount(0);
});
