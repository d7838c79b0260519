// Photographs of every page, to be looked at by people: SHOTS=folder npx playwright test shots.
import { test, type Page } from '@playwright/test';
import { Studio } from './studio';

const folder = process.env['SHOTS'] ?? '.';

const sizes = [
  { width: 1920, height: 1080 },
  { width: 1366, height: 768 },
  { width: 390, height: 844 },
];

interface View {
  name: string;
  path: string;
  ready(page: Page): Promise<unknown>;
  scene?: string;
  before?: (page: Page) => Promise<unknown>;
  whole?: boolean;
}

const settled = (p: Page) => p.waitForTimeout(2500);
const noDevice = (error: string) => (p: Page) =>
  p.addInitScript((name) => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name))), error);
const allow = (p: Page) => p.click('.desk .button');

const views: View[] = [
  { name: 'node', path: '/', ready: seesAll, whole: true },
  { name: 'node-fine', path: '/', scene: 'fine', ready: seesAll, whole: true },
  { name: 'node-empty', path: '/', scene: 'empty', ready: settled, whole: true },
  { name: 'node-many', path: '/', scene: 'many', ready: settled, whole: true },
  { name: 'node-long', path: '/', scene: 'long', ready: seesAll, whole: true },
  { name: 'watch', path: '/watch/room-101?via=mse', ready: (p) => settled(p).then(() => p.keyboard.press('i')).then(() => p.waitForTimeout(1500)) },
  { name: 'watch-offline', path: '/watch/room-204', ready: (p) => p.waitForSelector('.notice').then(() => p.waitForTimeout(1200)) },
  { name: 'watch-codec', path: '/watch/hall', ready: (p) => p.waitForSelector('.notice.down') },
  { name: 'watch-unknown', path: '/watch/room-999', ready: (p) => p.waitForSelector('.notice.down') },
  { name: 'watch-kiosk', path: '/watch/room-204?kiosk=1', ready: (p) => p.waitForSelector('.notice').then(() => p.waitForTimeout(1200)) },
  { name: 'talk', path: '/talk/yinshan/class-3', ready: (p) => allow(p).then(() => p.waitForSelector('#camera')).then(() => p.waitForTimeout(1500)) },
  { name: 'talk-before', path: '/talk/yinshan/class-3', ready: (p) => p.waitForSelector('.desk .button') },
  { name: 'talk-refused', path: '/talk/yinshan/class-3', before: noDevice('NotAllowedError'), ready: (p) => allow(p).then(() => p.waitForSelector('[role=alert]')) },
  { name: 'classes', path: '/classes', ready: (p) => p.waitForSelector('.room'), whole: true },
  { name: 'classes-hub', path: '/classes', scene: 'many', ready: (p) => p.waitForSelector('.room button'), whole: true },
  { name: 'classes-empty', path: '/classes', scene: 'empty', ready: (p) => p.waitForSelector('.empty') },
  { name: 'login', path: '/login?why=expired', ready: (p) => p.waitForSelector('#user') },
  {
    name: 'login-wrong',
    path: '/login',
    ready: async (p) => {
      await p.fill('#user', 'a');
      await p.fill('#password', 'b');
      await p.click('.button.main');
      await p.waitForSelector('[role=alert]');
    },
  },
];

// seesAll scrolls once through the page: previews are fetched when they are seen.
async function seesAll(page: Page): Promise<void> {
  await page.waitForSelector('.link');
  const height = await page.evaluate(() => document.body.scrollHeight);
  for (let y = 0; y < height; y += 600) {
    await page.mouse.wheel(0, 600);
    await page.waitForTimeout(250);
  }
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(1200);
}

async function photograph(page: Page, view: View, name: string): Promise<void> {
  if (view.scene) await page.context().addCookies([{ name: 'scene', value: view.scene, url: 'http://127.0.0.1' }]);
  await view.before?.(page);
  await page.goto(view.path);
  await view.ready(page);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: view.whole ?? false });
}

for (const locale of ['zh-CN', 'en-GB']) {
  for (const viewport of sizes) {
    for (const view of views) {
      test.describe(() => {
        test.use({ locale, viewport, hasTouch: viewport.width < 500 });
        const name = `${view.name}-${locale.slice(0, 2)}-${viewport.width}`;
        test(name, ({ page }) => photograph(page, view, name));
      });
    }
  }
}

test.describe(() => {
  test.use({ colorScheme: 'dark' });
  for (const view of views.filter((v) => !v.name.startsWith('watch'))) {
    test(`${view.name}-dark`, ({ page }) => photograph(page, view, `${view.name}-dark`));
  }
  test('talk on air, dark', async ({ page, context }) => {
    const studio = await Studio.open(context);
    await studio.serve(page, 'whip');
    await page.goto('/talk/yinshan/class-3');
    await allow(page);
    await page.click('.buttons .button.main');
    await page.waitForSelector('.state.air');
    await page.screenshot({ path: `${folder}/talk-air.png` });
  });
});
