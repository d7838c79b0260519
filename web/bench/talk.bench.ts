// The village answers: what the page at the branch films is watched at the hub.
import { chromium as browserType, type Page } from '@playwright/test';
import { chromium } from '../tests/chromium';
import { see, sights } from '../real/numbers';
import { seconds, test, watched, watchedFor } from './case';
import { drawnCamera, drawnPeriod } from './drawn';

for (const via of ['whep', 'mse']) {
  test(`talk-back, seen at the hub by ${via.toUpperCase()}`, async ({ page, rig, report }) => {
    await page.addInitScript(drawnCamera, drawnPeriod);
    await page.goto(`${rig.branch.http}/talk/village`);
    await page.getByRole('button', { name: '允许使用摄像头和麦克风' }).click();
    await page.getByRole('button', { name: '开始发送' }).click();
    await page.locator('.state.air').waitFor();
    await rig.knows(rig.hub, 'village');
    // A browser of its own, as in the town: a page in the background draws nothing.
    const town = await browserType.launch(chromium('--autoplay-policy=no-user-gesture-required'));
    try {
      const viewer = await town.newPage({ viewport: { width: 1366, height: 768 } });
      await see(viewer);
      await viewer.goto(`${rig.hub.http}/watch/village?via=${via}`);
      const sharp = await sharpAfter(viewer);
      report({ ...(await watched(viewer, watchedFor, drawnPeriod)), '720p after ms': sharp });
    } finally {
      await town.close();
    }
  });
}

// sharpAfter is the time from the first picture to the first in full size: an encoder begins
// with a small one.
async function sharpAfter(viewer: Page): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const seen = await sights(viewer);
    const sharp = seen.find((s) => s.width >= 1280);
    if (sharp && seen[0]) return sharp.at - seen[0].at;
    await seconds(0.1);
  }
  return NaN;
}
