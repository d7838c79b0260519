// Camera to drawn picture over the village's line, and how soon the first one comes.
import { percentile } from '../real/latency';
import { see, sights } from '../real/numbers';
import { seconds, test, watched, watchedFor } from './case';

test('WHEP', async ({ page, rig, report }) => {
  await page.goto(`${rig.branch.http}/watch/room-101?via=whep`);
  report(await watched(page, watchedFor));
});

test('MSE without sound', async ({ page, rig, report }) => {
  await page.goto(`${rig.branch.http}/watch/room-101?via=mse`);
  report(await watched(page, watchedFor));
});

test.describe('with a camera that sends Opus', () => {
  test.use({ plan: { camera: ['--opus'] } });
  test('MSE with sound', async ({ page, rig, report }) => {
    await page.goto(`${rig.branch.http}/watch/room-101?via=mse`);
    report(await watched(page, watchedFor));
  });
});

for (const via of ['whep', 'mse']) {
  test(`first picture of 20 openings, ${via.toUpperCase()}`, async ({ page, context, rig, report }) => {
    await page.goto(`${rig.branch.http}/watch/room-101?via=${via}`); // a lesson that somebody watches already
    await seconds(5);
    await page.close();
    const first: number[] = [];
    for (let i = 0; i < 20; i++) {
      const opened = await context.newPage();
      await see(opened);
      await opened.goto(`${rig.branch.http}/watch/room-101?via=${via}`);
      let shown = await sights(opened);
      while (shown.length === 0) {
        await seconds(0.05);
        shown = await sights(opened);
      }
      first.push(shown[0]?.since ?? NaN);
      await opened.close();
      await seconds(0.5 + ((i * 7) % 20) / 10); // anywhere in a group of pictures
    }
    report({ p50: Math.round(percentile(first, 50)), p95: Math.round(percentile(first, 95)), max: Math.round(Math.max(...first)) });
  });
}
