// A line that fades and one that goes away for a second, three times each, watched in the
// browser. Where in a group of pictures it happens makes much of the difference.
import type { Page } from '@playwright/test';
import { account } from '../real/latency';
import { clip, sights } from '../real/numbers';
import type { Rig } from '../real/rig';
import { figuresOf, seconds, settled, test, type Figures } from './case';

const begins = [15.1, 40.7, 66.3]; // s from the line's start
const ends = 92;

interface Weather {
  name: string;
  lasts: number; // s
  line: string;
}

// As bench/scenario/fade.yaml and outage.yaml; the fade has half its rates, since the clip
// has half the rate of that camera.
const fades = begins.map((at) => `{at: ${at}s, rate: 1500kbit/s}, {at: ${at + 10}s, rate: 10Mbit/s}`);
const outages = begins.map((at) => `{at: ${at}s, for: 1s}`);
const weathers: Weather[] = [
  { name: '10 to 1.5 to 10 Mbit/s for 10 s', lasts: 10, line: `{rate: 10Mbit/s, delay: 30ms, steps: [${fades.join(', ')}]}` },
  { name: 'outage of 1 s', lasts: 1, line: `{rate: 100Mbit/s, delay: 30ms, outages: [${outages.join(', ')}]}` },
];

for (const weather of weathers) {
  test.describe(weather.name, () => {
    test.use({ plan: { line: weather.line } });
    for (const via of ['whep', 'mse']) {
      test(`${weather.name}, ${via.toUpperCase()}`, async ({ page, rig, report }) => {
        await page.goto(`${rig.branch.http}/watch/room-101?via=${via}`);
        report(await through(page, rig, weather));
      });
    }
  });
}

// through watches to the end. Times are in ms, one for each of the three; "playing" and "on
// main" count from the end of the trouble; a main stream that never went is 0, one that was
// not back when the next trouble came is "not": a link that has to step down soon after it
// stepped up waits longer the next time.
async function through(page: Page, rig: Rig, weather: Weather): Promise<Figures> {
  await settled(page);
  await seconds(ends - (Date.now() - rig.lineSince) / 1000);
  const now = Date.now();
  const seen = await sights(page);
  const freezes: number[] = [];
  const playing: number[] = [];
  const onMain: (number | string)[] = [];
  begins.forEach((at, i) => {
    const from = rig.lineSince + at * 1000;
    const until = rig.lineSince + (begins[i + 1] ?? ends) * 1000;
    const over = from + weather.lasts * 1000;
    const part = seen.filter((s) => s.at >= from - 1000 && s.at < until);
    const after = part.filter((s) => s.at >= over);
    const lastSub = part.filter((s) => s.width < 1920).pop();
    const main = after.find((s) => s.width >= 1920 && s.at > (lastSub?.at ?? 0));
    freezes.push(Math.round(account(part, clip, Math.min(until, now)).freeze));
    playing.push(Math.round((after[0]?.at ?? NaN) - over));
    onMain.push(!lastSub ? 0 : main ? Math.round(main.at - over) : 'not');
  });
  return { ...figuresOf(account(seen, clip, now)), freezes: freezes.join(' '), playing: playing.join(' '), 'on main': onMain.join(' ') };
}
