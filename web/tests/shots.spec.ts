// Photographs of every page, to be looked at by people: SHOTS=folder npx playwright test shots.
import { test, type Page } from '@playwright/test';
import { Studio } from './studio';

const folder = process.env['SHOTS'] ?? '.';

const sizes = [
  { width: 1920, height: 1080 },
  { width: 1366, height: 768 },
  { width: 390, height: 844 },
];

const views: { name: string; path: string; before?: (page: Page) => Promise<void>; ready: (page: Page) => Promise<void> }[] = [
  { name: 'node', path: '/', ready: async (p) => { await p.waitForSelector('.link'); await p.waitForTimeout(2500); } },
  { name: 'watch', path: '/watch/room-101?via=mse', ready: async (p) => { await p.waitForTimeout(2500); await p.keyboard.press('i'); await p.waitForTimeout(1500); } },
  { name: 'watch-offline', path: '/watch/room-204', ready: async (p) => { await p.waitForSelector('.notice'); await p.waitForTimeout(1200); } },
  { name: 'watch-codec', path: '/watch/hall', ready: async (p) => { await p.waitForSelector('.notice.down'); } },
  { name: 'watch-unknown', path: '/watch/room-999', ready: async (p) => { await p.waitForSelector('.notice.down'); } },
  { name: 'talk', path: '/talk/yinshan/class-3', ready: async (p) => { await p.click('.desk .button'); await p.waitForSelector('#camera'); await p.waitForTimeout(1500); } },
  { name: 'login', path: '/login?why=expired', ready: async (p) => { await p.waitForSelector('#user'); } },
  { name: 'login-wrong', path: '/login', ready: async (p) => { await p.fill('#user', 'a'); await p.fill('#password', 'b'); await p.click('.button.main'); await p.waitForSelector('[role=alert]'); } },
];

for (const locale of ['zh-CN', 'en-GB']) {
  for (const viewport of sizes) {
    for (const view of views) {
      test.describe(() => {
        test.use({ locale, viewport });
        test(`${view.name} ${locale} ${viewport.width}`, async ({ page }) => {
          await page.goto(view.path);
          await view.ready(page);
          const path = `${folder}/${view.name}-${locale.slice(0, 2)}-${viewport.width}.png`;
          await page.screenshot({ path, fullPage: view.name === 'node' });
        });
      });
    }
  }
}

test.describe(() => {
  test.use({ colorScheme: 'dark', viewport: { width: 1366, height: 768 } });
  test('node, dark', async ({ page }) => {
    await page.goto('/');
    await page.waitForSelector('.link');
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${folder}/node-dark.png`, fullPage: true });
  });
  test('talk on air, dark', async ({ page, context }) => {
    const studio = await Studio.open(context);
    await studio.serve(page, 'whip');
    await page.goto('/talk/yinshan/class-3');
    await page.click('.desk .button');
    await page.click('.buttons .button.main');
    await page.waitForSelector('.state.air');
    await page.screenshot({ path: `${folder}/talk-air.png` });
  });
});
