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

const pages: [string, (page: Page) => Promise<unknown>][] = [
  ['/', (p) => p.waitForSelector('.link')],
  ['/watch/room-204', (p) => p.waitForSelector('.notice')],
  ['/talk/yinshan/class-3', (p) => p.click('.desk .button').then(() => p.waitForSelector('#camera'))],
  ['/login?why=expired', (p) => p.waitForSelector('#user')],
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [path, ready] of pages) {
    test.describe(() => {
      test.use({ colorScheme });
      test(`${path} keeps the rules of access, ${colorScheme}`, async ({ page }) => {
        await page.goto(path);
        await ready(page);
        expect(await violations(page)).toEqual([]);
      });
    });
  }
}

test('the keyboard reaches the player’s controls and shows where it is', async ({ page }) => {
  await page.goto('/watch/room-101?via=mse');
  await page.keyboard.press('Tab');
  const at = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    seen.push(await at());
    await page.keyboard.press('Tab');
  }
  for (const name of ['返回节点页', '播放数据', '全屏']) expect(seen).toContain(name);
});
