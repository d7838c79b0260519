// What people need who use a keyboard, a screen reader or a dim screen: axe-core's rules
// of WCAG 2.1 A and AA, contrast among them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import { expect, test } from './page';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Found {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe); // not as a script element: the page's policy forbids that
  const found = await page.evaluate(async () => {
    const run = (window as unknown as { axe: { run(o: object): Promise<{ violations: Found[] }> } }).axe.run;
    return (await run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })).violations;
  });
  return found.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html} ${n.failureSummary ?? ''}`));
}

const pages: { path: string; scene?: string; ready(page: Page): Promise<unknown> }[] = [
  { path: '/', ready: (p) => p.waitForSelector('.link') },
  { path: '/', scene: 'many', ready: (p) => p.waitForSelector('tbody tr') },
  { path: '/watch/room-204', ready: (p) => p.waitForSelector('.notice') },
  { path: '/watch/room-101?via=mse', ready: (p) => p.waitForSelector('.controls').then(() => p.keyboard.press('i')).then(() => p.waitForSelector('.figures')) },
  { path: '/talk/yinshan/class-3', ready: (p) => p.click('.desk .button').then(() => p.waitForSelector('#camera')) },
  { path: '/classes', ready: (p) => p.waitForSelector('.room') },
  { path: '/classes', scene: 'many', ready: (p) => p.waitForSelector('.room button') },
  { path: '/login?why=expired', ready: (p) => p.waitForSelector('#user') },
];

// Each in both looks, and there in both languages, on a screen and on a phone.
for (const colorScheme of ['light', 'dark'] as const) {
  for (const { path, scene, ready } of pages) {
    test.describe(() => {
      test.use({ colorScheme });
      test(`${path} ${scene ?? ''} keeps the rules of access, ${colorScheme}`, async ({ page }) => {
        if (scene) await page.context().addCookies([{ name: 'scene', value: scene, url: 'http://127.0.0.1' }]);
        for (const language of ['zh', 'en'] as const) {
          await page.addInitScript((l) => localStorage.setItem('classrelay.language', l), language);
          await page.goto(path);
          await ready(page);
          await expect(page.locator('html')).toHaveAttribute('lang', language === 'zh' ? 'zh-CN' : 'en');
          for (const viewport of [{ width: 1366, height: 768 }, { width: 390, height: 844 }]) {
            await page.setViewportSize(viewport);
            expect(await violations(page), `${language} ${viewport.width}`).toEqual([]);
          }
        }
      });
    });
  }
}
