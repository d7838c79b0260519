// What fits: fingers, narrow screens, twice the size, and people who want no motion.
import type { Page } from '@playwright/test';
import { expect, test } from './page';

const pages: { path: string; scene?: string; ready(page: Page): Promise<unknown> }[] = [
  { path: '/', ready: (p) => p.waitForSelector('.link') },
  { path: '/', scene: 'many', ready: (p) => p.waitForSelector('.table') },
  { path: '/', scene: 'long', ready: (p) => p.waitForSelector('.link') },
  { path: '/watch/room-204', ready: (p) => p.waitForSelector('.notice') },
  { path: '/talk/yinshan/class-3', ready: (p) => p.click('.desk .button').then(() => p.waitForSelector('#camera')) },
  { path: '/classes', ready: (p) => p.waitForSelector('.room') },
  { path: '/classes', scene: 'many', ready: (p) => p.waitForSelector('.room button') },
  { path: '/login?why=expired', ready: (p) => p.waitForSelector('#user') },
];

async function open(page: Page, { path, scene, ready }: (typeof pages)[number], locale: string): Promise<void> {
  if (scene) await page.context().addCookies([{ name: 'scene', value: scene, url: 'http://127.0.0.1' }]);
  await page.addInitScript((l) => localStorage.setItem('classrelay.language', l), locale);
  await page.goto(path);
  await ready(page);
}

// 320 is WCAG's narrowest (1.4.10); 683 is a screen of 1366 at twice the size.
const widths = [320, 390, 683];

for (const view of pages) {
  test(`${view.path} ${view.scene ?? ''} needs no scrolling to the side`, async ({ page }) => {
    for (const language of ['zh', 'en']) {
      await open(page, view, language);
      for (const width of widths) {
        await page.setViewportSize({ width, height: width === 683 ? 384 : 844 });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(over, `${language} ${width}`).toBeLessThanOrEqual(0);
      }
    }
  });

  test.describe(() => {
    test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });
    test(`${view.path} ${view.scene ?? ''} has room for fingers on a phone`, async ({ page }) => {
      await open(page, view, 'en');
      const small = await page.evaluate(() => {
        const found: string[] = [];
        document.querySelectorAll<HTMLElement>('a, button, input, select').forEach((e) => {
          const box = (e.closest('label') ?? e).getBoundingClientRect();
          const inText = e.tagName === 'A' && /^(P|LI|SPAN)$/.test(e.parentElement?.tagName ?? '');
          if (box.width === 0 || e.classList.contains('skip') || inText) return;
          if (box.height < 43.5) found.push(`${e.tagName} ${e.textContent?.trim() ?? ''} ${Math.round(box.height)}`);
        });
        return found;
      });
      expect(small).toEqual([]);
    });
  });
}

test.describe('for who wants no motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });
  test('nothing fades or slides', async ({ page }) => {
    for (const path of ['/', '/watch/room-101?via=mse', '/login']) {
      await page.goto(path);
      await page.waitForSelector('#content');
      const moving = await page.evaluate(() =>
        [...document.querySelectorAll('*')].filter((e) => {
          const s = getComputedStyle(e);
          return s.animationName !== 'none' || s.transitionDuration.split(',').some((d) => parseFloat(d) > 0);
        }).length,
      );
      expect(moving, path).toBe(0);
    }
  });
});

test('at twice the size every control of the player is still on the screen', async ({ page }) => {
  await page.setViewportSize({ width: 683, height: 384 });
  await page.goto('/watch/room-204');
  await page.waitForSelector('.notice');
  for (const control of await page.locator('.control').all()) await expect(control).toBeInViewport({ ratio: 1 });
  await expect(page.locator('.notice')).toBeInViewport({ ratio: 1 });
});
