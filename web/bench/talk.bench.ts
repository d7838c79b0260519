// The village answers: what the page at the branch films is watched at the hub.
import { chromium as browserType } from '@playwright/test';
import { chromium } from '../tests/chromium';
import { see } from '../real/numbers';
import { ages, test, watched, watchedFor } from './case';
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
      report(ages(await watched(viewer, watchedFor), drawnPeriod));
    } finally {
      await town.close();
    }
  });
}
