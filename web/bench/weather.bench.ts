// A line that fades and one that goes away for a second, watched in the browser. The times
// count from the line's start.
import type { Page } from '@playwright/test';
import { account } from '../real/latency';
import { sights, type Sight } from '../real/numbers';
import type { Rig } from '../real/rig';
import { figuresOf, seconds, settled, test, type Figures } from './case';

const begins = 20; // s
const length = 50; // s

// As bench/scenario/fade.yaml and outage.yaml; the fade has half its rates, since the clip
// has half the rate of that camera.
const weathers = [
  {
    name: 'fade: 10 to 1.5 to 10 Mbit/s for 10 s',
    line: `{rate: 10Mbit/s, delay: 30ms, steps: [{at: ${begins}s, rate: 1500kbit/s}, {at: 30s, rate: 10Mbit/s}]}`,
    over: 30,
  },
  {
    name: 'outage of 1 s',
    line: `{rate: 100Mbit/s, delay: 30ms, outages: [{at: ${begins}s, for: 1s}]}`,
    over: 21,
  },
];

for (const { name, line, over } of weathers) {
  test.describe(name, () => {
    test.use({ plan: { line } });
    for (const via of ['whep', 'mse']) {
      test(`${name}, ${via.toUpperCase()}`, async ({ page, rig, report }) => {
        await page.goto(`${rig.branch.http}/watch/room-101?via=${via}`);
        report(await through(page, rig, over));
      });
    }
  });
}

// through watches to the end and tells when the picture was back after the line was.
async function through(page: Page, rig: Rig, over: number): Promise<Figures> {
  await settled(page);
  await seconds(length - (Date.now() - rig.lineSince) / 1000);
  const seen = await sights(page);
  const back = rig.lineSince + over * 1000;
  const first = (wide: number): number => {
    const lost = seen.some((s) => s.at > rig.lineSince + begins * 1000 && s.width < wide);
    const s = seen.find((x) => x.at >= back && x.width >= wide);
    return !s ? NaN : wide > 640 && !lost ? 0 : Math.round(s.at - back);
  };
  const upTo = (until: number): Sight[] => seen.filter((s) => s.at < rig.lineSince + until * 1000);
  return { ...figuresOf(account(seen)), 'p95 before': Math.round(account(upTo(begins)).p95), playing: first(1), 'on main': first(1920) };
}
