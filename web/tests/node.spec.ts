import { expect, test } from './page';

test('the node page shows feeds, links, changes and viewers, live', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('.card')).toHaveCount(5);
  await expect(page.locator('.card', { hasText: 'room-204' })).toContainText('摄像机离线 3 分钟');
  const county = page.locator('.link', { hasText: 'county' }).first();
  await expect(county.locator('.chart')).toHaveCount(3);
  await expect(county.locator('.chart').first()).toContainText(/p50 \d+ ms.*p95 \d+ ms.*p99 \d+ ms/);
  await expect(county.locator('.strip').first().locator('.layer-sub')).toHaveCount(1);
  await expect(page.locator('.link', { hasText: 'city' })).toContainText('断开');
  await expect(page.locator('.log li').first()).toContainText('yinshan/class-3');
  await expect(page.locator('tbody tr')).toHaveCount(4);
  await expect(page.locator('.beat')).toHaveText('实时');
});

test('previews are the snapshot where the camera gives one, else the key frame drawn here', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (r) => asked.push(new URL(r.url()).pathname));
  await page.goto('/');
  const width = (feed: string) =>
    page.locator('.card', { hasText: feed }).first().locator('canvas').evaluate((c: HTMLCanvasElement) => c.width);
  await expect.poll(() => width('room-101')).toBe(640);
  await expect.poll(() => width('room-102')).toBe(640);
  expect(asked).not.toContain('/api/v1/keyframe/room-101');
  expect(asked).toContain('/api/v1/keyframe/room-102');
  expect(asked).not.toContain('/api/v1/snapshot/room-204'); // offline: there is nothing to ask for
});

test('a live preview plays without sound, one at a time', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: '预览 room-101' }).click();
  await expect(page.locator('video')).toHaveCount(1);
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0);
  expect(await page.locator('video').evaluate((v: HTMLVideoElement) => v.muted)).toBe(true);
  await page.getByRole('button', { name: '预览 room-102' }).click();
  await expect(page.locator('.card', { hasText: 'room-101' }).locator('video')).toHaveCount(0);
});

test('a lost node is said, and comes back without a reload', async ({ page }) => {
  let away = true;
  await page.route('**/api/v1/events', async (route) => {
    if (!away) return route.continue();
    const status = await (await page.request.get('/api/v1/status')).text();
    await route.fulfill({ contentType: 'text/event-stream', body: `event: status\ndata: ${status}\n\n` }); // and ends
  });
  await page.goto('/');
  await expect(page.locator('.beat')).toHaveText('连接中断，正在重连');
  await page.evaluate(() => ((window as unknown as { same: number }).same = 1));
  away = false;
  await expect(page.locator('.beat')).toHaveText('实时');
  await expect(page.locator('.card')).toHaveCount(5);
  expect(await page.evaluate(() => (window as unknown as { same: number }).same)).toBe(1);
});

test('the language is the browser’s, can be changed, and is remembered', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: '线路' })).toBeVisible();
  await page.getByRole('button', { name: 'English' }).click();
  await expect(page.getByRole('heading', { name: 'Links' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Links' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});

test('a text from the node is shown as text, whatever it looks like', async ({ page }) => {
  const evil = '<img src=x onerror="document.title=1">';
  await page.route('**/api/v1/log', (r) =>
    r.fulfill({
      json: { version: 1, lines: [{ at: new Date().toISOString(), level: 'info', code: 'x', link: '', feed: '', text: { en: evil, zh: evil } }] },
    }),
  );
  await page.goto('/');
  await expect(page.locator('.log li').first()).toContainText(evil);
  await expect(page.locator('.log img')).toHaveCount(0);
});

test('an ended session leads to the login and back', async ({ page }) => {
  await page.route('**/api/v1/log', (r) =>
    r.fulfill({ status: 401, contentType: 'application/problem+json', json: { status: 401, code: 'expired' } }),
  );
  await page.goto('/');
  await expect(page).toHaveURL(/\/login\?why=expired/);
  await expect(page.locator('.words')).toHaveText('登录已过期，请重新登录。');
  await page.unroute('**/api/v1/log');
  await page.getByLabel('用户名').fill('teacher');
  await page.getByLabel('密码', { exact: true }).fill('lesson-42');
  await page.keyboard.press('Enter');
  await expect(page.locator('.who')).toHaveText('teacher');
});
