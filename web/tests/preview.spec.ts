// The previews of the node page when the camera's own snapshot fails.
import type { Page } from '@playwright/test';
import { zh } from '../src/i18n/zh';
import { expect, test } from './page';

const fails = (page: Page, what: 'snapshot' | 'keyframe', code: string) =>
  page.route(`**/api/v1/${what}/room-101`, (r) =>
    r.fulfill({ status: code === 'no-snapshot' || code === 'no-keyframe' ? 404 : 502, contentType: 'application/problem+json', json: { code } }),
  );
const thumb = (page: Page) => page.locator('.card', { hasText: 'room-101' }).first().locator('.thumb');
const filled = (sentence: string): string => sentence.replace('{feed}', 'room-101');

for (const code of ['snapshot-login', 'snapshot-silent', 'snapshot-wrong'] as const) {
  test(`${code}: the key frame stands in, and the card says why`, async ({ page }) => {
    await fails(page, 'snapshot', code);
    await page.goto('/');
    await expect(thumb(page).locator('.thumb-note')).toContainText(zh[`problem.${code}`]);
    await expect(thumb(page).locator('.thumb-note')).toContainText(filled(zh[`problem.${code}.do`]));
    await expect.poll(() => thumb(page).locator('canvas').evaluate((c: HTMLCanvasElement) => c.width)).toBe(640);
  });

  test(`${code}: without a key frame the reason stands where the picture was to be`, async ({ page }) => {
    await fails(page, 'snapshot', code);
    await fails(page, 'keyframe', 'no-keyframe');
    await page.goto('/');
    await expect(thumb(page).locator('.thumb-empty')).toContainText(zh[`problem.${code}`]);
    await expect(thumb(page).locator('.thumb-empty')).toContainText(filled(zh[`problem.${code}.do`]));
  });
}

test('a snapshot that is no picture is said', async ({ page }) => {
  await page.route('**/api/v1/snapshot/room-101', (r) => r.fulfill({ contentType: 'image/jpeg', body: 'not a picture' }));
  await page.goto('/');
  await expect(thumb(page).locator('.thumb-note')).toContainText(zh['problem.snapshot-wrong']);
});

test('a feed that nobody watches and whose camera gives no snapshot says when there will be one', async ({ page }) => {
  await fails(page, 'snapshot', 'no-snapshot');
  await fails(page, 'keyframe', 'no-keyframe');
  await page.goto('/');
  await expect(thumb(page)).toContainText(zh['problem.no-keyframe']);
  await expect(thumb(page)).toContainText(zh['problem.no-keyframe.do']);
});

test('a preview in H.265 that the browser cannot decode names the setting', async ({ page }) => {
  await fails(page, 'snapshot', 'no-snapshot');
  await page.route('**/api/v1/keyframe/room-101', (r) => r.fulfill({ contentType: 'video/mp4; codecs="hvc1.1.6.L93.B0"', body: 'undecodable' }));
  await page.goto('/');
  await expect(thumb(page)).toContainText(zh['problem.preview-codec']);
  await expect(thumb(page)).toContainText('H.264');
});

test('a snapshot that comes back is shown again, without a reload', async ({ page }) => {
  await page.clock.install();
  await fails(page, 'snapshot', 'snapshot-silent');
  await page.goto('/');
  await expect(thumb(page).locator('.thumb-note')).toBeVisible();
  await page.unroute('**/api/v1/snapshot/room-101');
  await expect(async () => {
    await page.clock.runFor(5000);
    await expect(thumb(page).locator('.thumb-note')).toHaveCount(0, { timeout: 300 });
  }).toPass();
});
