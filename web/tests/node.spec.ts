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

test('the page begins with whether the pictures are on time, and why not', async ({ page }) => {
  await page.goto('/');
  const verdict = page.locator('.verdict');
  await expect(verdict.locator('.verdict-line')).toHaveText('5 路画面中 4 路准时');
  await expect(verdict.locator('li')).toHaveCount(3);
  await expect(verdict.locator('li').first()).toContainText('city'); // a line takes its feeds with it
  await verdict.getByRole('link', { name: 'hall' }).click();
  await expect(page.locator('.card:target')).toContainText('hall');
});

test('a card says how much of the time was spent on which hop', async ({ page }) => {
  await page.goto('/');
  const card = page.locator('.card', { hasText: 'room-101' }).first();
  await expect(card.locator('.journey')).toContainText(/从 county 来的线路 \d+ ms · 此前各段和等待补发 \d+ ms/);
});

test('forty feeds are a table, in which one is found, and twelve links are folded', async ({ page }) => {
  await page.context().addCookies([{ name: 'scene', value: 'many', url: 'http://127.0.0.1' }]);
  await page.goto('/');
  const feeds = page.getByRole('region', { name: '课堂画面' });
  await expect(feeds.locator('tbody tr')).toHaveCount(40);
  await page.getByLabel('找画面').fill('ROOM-103');
  await expect(feeds.locator('tbody tr')).toHaveCount(10);
  await page.getByLabel('只看有问题的').check();
  await expect(feeds.locator('tbody tr')).toHaveCount(1);
  await page.getByLabel('找画面').fill('nobody');
  await expect(page.locator('main')).toContainText('没有符合的画面');
  await page.getByLabel('找画面').fill('');
  await page.getByLabel('只看有问题的').uncheck();
  await expect(page.locator('.chart')).toHaveCount(0);
  await page.locator('.link').first().getByRole('button', { name: '详细与图表' }).click();
  await expect(page.locator('.link').first().locator('.chart')).toHaveCount(3);
  await page.getByRole('button', { name: '卡片' }).click();
  await expect(page.locator('.card')).toHaveCount(40);
  await page.reload();
  await expect(page.locator('.card')).toHaveCount(40); // the choice is remembered
});

test('a node on its first day says where pictures come from', async ({ page }) => {
  await page.context().addCookies([{ name: 'scene', value: 'empty', url: 'http://127.0.0.1' }]);
  await page.goto('/');
  await expect(page.locator('.empty').first()).toContainText('画面在配置的 feeds 里设置');
  await expect(page.locator('.verdict')).toHaveCount(0);
});

for (const locale of ['zh-CN', 'en-GB']) {
  test.describe(() => {
    test.use({ locale });
    test(`names that want to be more than names stay names, ${locale}`, async ({ page }) => {
      const evil = ['<img src=x onerror="window.hit=1">', '"\'><script>window.hit=1</script>', '../../login', 'a%2f..%2fb', '\u202eevil\u2066', 'a\nevent: x', 'x'.repeat(600), 'a/b/c', 'javascript:alert(1)'];
      const status = (await (await page.request.get('/api/v1/status')).json()) as { feeds: object[]; links: object[]; players: object[] };
      const feeds = evil.map((id) => ({ ...status.feeds[0], id, source: `camera ${id}`, path: [id, id] }));
      const links = evil.map((peer) => ({ ...status.links[2], peer, remote: peer }));
      const players = evil.map((feed) => ({ ...status.players[0], feed, user: feed, remote: feed }));
      const body = `event: status\ndata: ${JSON.stringify({ ...status, node: evil[0], feeds, links, players })}\n\n`;
      await page.route('**/api/v1/events', (r) => r.fulfill({ contentType: 'text/event-stream', body }));
      await page.goto('/');
      await page.getByRole('button', { name: locale === 'zh-CN' ? '卡片' : 'Cards' }).click();
      await expect(page.locator('.card')).toHaveCount(evil.length);
      await expect(page.locator('.card h3').first()).toHaveText(evil[0] ?? '');
      expect(await page.evaluate(() => 'hit' in window)).toBe(false);
      expect(await page.locator('main img, main script').count()).toBe(0);
      for (const href of await page.locator('.card a').evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))) {
        expect(href).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/watch\/./);
      }
      // What turns the direction of writing round stays within its own name.
      const turned = page.locator('.card h3').filter({ hasText: /\u202e/ });
      expect(await turned.evaluate((e) => getComputedStyle(e).unicodeBidi)).toMatch(/isolate|plaintext/);
      const wide = await page.evaluate(() =>
        [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest('.table')).map((e) => e.className),
      );
      expect(wide).toEqual([]);
    });
  });
}

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
