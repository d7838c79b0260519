// Camera to drawn picture over the village's line, and how soon the first one comes.
import type { BrowserContext } from '@playwright/test';
import { percentile } from '../real/latency';
import { see, sights } from '../real/numbers';
import { seconds, test, watched, watchedFor, type Figures } from './case';

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
    const url = `${rig.branch.http}/watch/room-101?via=${via}`;
    await page.goto(url); // a lesson that somebody has just watched: it still comes in
    await seconds(5);
    await page.close();
    report(await openings(context, url, 20, (i) => 0.5 + ((i * 7) % 20) / 10)); // anywhere in a group of pictures
  });
}

test('first picture of 8 openings after a pause, WHEP', async ({ context, rig, report }) => {
  // A feed that nobody watches is given up after ten seconds, link, camera and all.
  report(await openings(context, `${rig.branch.http}/watch/room-101?via=whep`, 8, () => 13));
});

async function openings(context: BrowserContext, url: string, times: number, pause: (i: number) => number): Promise<Figures> {
  const first: number[] = [];
  for (let i = 0; i < times; i++) {
    const opened = await context.newPage();
    await see(opened);
    await opened.goto(url);
    let shown = await sights(opened);
    while (shown.length === 0) {
      await seconds(0.05);
      shown = await sights(opened);
    }
    first.push(shown[0]?.since ?? NaN);
    await opened.close();
    await seconds(pause(i));
  }
  return { p50: Math.round(percentile(first, 50)), p95: Math.round(percentile(first, 95)), max: Math.round(Math.max(...first)) };
}
