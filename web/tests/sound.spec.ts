// The microphone's level, where there is nothing to hear; and the player's codec.
import type { Page } from '@playwright/test';
import { expect, test } from './page';

// silent gives the page a microphone that hears nothing.
const silent = (page: Page) =>
  page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => {
      const context = new AudioContext();
      const out = context.createMediaStreamDestination();
      const gain = context.createGain();
      gain.gain.value = 0;
      const tone = context.createOscillator();
      tone.connect(gain).connect(out);
      tone.start();
      Object.assign(window, { louder: () => (gain.gain.value = 0.5) });
      return Promise.resolve(out.stream);
    };
  });

test('a microphone that hears nothing is said, and no longer when it does', async ({ page }) => {
  await silent(page);
  await page.goto('/talk/a');
  await page.click('.desk .button');
  const words = page.locator('.quiet-words');
  await expect(words).toHaveText('');
  await expect(words).toContainText('听不到声音');
  await page.evaluate(() => (window as unknown as { louder(): void }).louder());
  await expect(words).toHaveText('');
});

test('a microphone that was muted on purpose is not complained about', async ({ page }) => {
  await silent(page);
  await page.goto('/talk/a');
  await page.click('.desk .button');
  await page.getByRole('button', { name: '关闭麦克风' }).click();
  await page.waitForTimeout(5000);
  await expect(page.locator('.quiet-words')).toHaveText('');
});

test('MSE goes from one codec to another and back, without a new buffer', async ({ page }) => {
  await page.context().addCookies([{ name: 'scene', value: 'switch', url: 'http://127.0.0.1' }]);
  await page.addInitScript(() => {
    const asked: string[] = []; // of the newest buffer: one that is opened anew for its sound counts alone
    let newest: SourceBuffer | null = null;
    Object.assign(window, { asked });
    const change = SourceBuffer.prototype.changeType;
    SourceBuffer.prototype.changeType = function (type: string) {
      if (this === newest) asked.push(type);
      change.call(this, type);
    };
    const add = MediaSource.prototype.addSourceBuffer;
    MediaSource.prototype.addSourceBuffer = function (type: string) {
      asked.length = 0;
      newest = add.call(this, type);
      return newest;
    };
  });
  await page.goto('/watch/room-101?via=mse');
  const seen = () => page.evaluate(() => (window as unknown as { asked: string[] }).asked);
  const time = () => page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime);
  await expect.poll(async () => (await seen()).length).toBeGreaterThanOrEqual(3);
  const [first, second, third] = await seen();
  expect(first).toContain('avc1.640028');
  expect(second).not.toBe(first);
  expect(third).toBe(first);
  const before = await time();
  await expect.poll(time).toBeGreaterThan(before + 0.5);
  expect((await seen()).length).toBeGreaterThanOrEqual(3); // still the same buffer
  await expect(page.locator('.notice')).toHaveCount(0);
});
