import { chromium } from './chromium';
import { expect, test } from './page';

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
