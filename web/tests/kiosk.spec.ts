import { chromium } from './chromium';
import type { Page } from '@playwright/test';
import { zh } from '../src/i18n/zh';
import { expect, test } from './page';

// Opens a page whose clock the test sets forward, and comes back when the page has looked at
// that clock: one that does so only after the jump believes it was opened at three. Its
// title is set by the last of the same effects.
async function openAtNight(page: Page, feed: string, query = ''): Promise<void> {
  await page.clock.install({ time: new Date('2026-11-22T00:30:00+08:00') });
  await page.goto(`/watch/${feed}${query}`);
  await expect(page).toHaveTitle(zh['watch.title'].replace('{feed}', feed));
  await page.evaluate(() => ((window as unknown as { old: number }).old = 1));
}

// As a panel's browser is started that shall sound after a power cut.
test.use({ launchOptions: chromium('--autoplay-policy=no-user-gesture-required') });

test('a kiosk starts by itself, with sound where the browser allows it', async ({ page }) => {
  await page.goto('/watch/room-101?kiosk=1');
  const video = page.locator('video');
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0);
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.muted)).toBe(false);
  expect(await video.evaluate((v: HTMLVideoElement) => v.paused)).toBe(false);
  await expect(page.locator('.pill')).toHaveCount(0);
  await expect(page.locator('.controls')).toHaveCount(0);
});

test('a kiosk loads itself anew at three in the night, when the node answers', async ({ page }) => {
  await openAtNight(page, 'room-204', '?kiosk=1');
  const isOld = () => page.evaluate(() => 'old' in window);
  await page.route('**/api/v1/session', (r) => r.abort());
  const asked = page.waitForRequest('**/api/v1/session');
  await page.clock.fastForward('02:40:00'); // ten past three, and the node is away
  await asked;
  await page.clock.fastForward('05:00'); // too early to ask again
  expect(await isOld()).toBe(true);
  await page.unroute('**/api/v1/session');
  const loaded = page.waitForEvent('load');
  await page.clock.fastForward('15:00');
  await loaded;
  expect(await isOld()).toBe(false);
});

test('what is wrong is said in a kiosk, too, and the page of a person is left alone at night', async ({ page }) => {
  await openAtNight(page, 'room-204');
  await page.clock.fastForward('02:40:00');
  await page.clock.fastForward('20:00');
  expect(await page.evaluate(() => 'old' in window)).toBe(true);
  await page.goto('/watch/room-204?kiosk=1');
  await page.clock.runFor(5000);
  await expect(page.locator('.notice')).toContainText('检查摄像机的电源');
});
