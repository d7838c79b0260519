// What the sights of a page add up to. Pure.
import { beat, clip, type Sight } from './numbers';

export interface Account {
  p50: number; // ms from the camera to the drawn picture
  p95: number;
  p99: number;
  drawn: number; // share of the pictures sent that were drawn
  pictures: number; // drawn
  freeze: number; // ms, the longest time without a new picture
  ahead: number; // pictures while the clip ran ahead of its clock: drawn, without a latency
}

/** sentAs is the number of the picture, not of the clip, which is the newest it can be. */
export function sentAs(s: Sight, period = clip): number {
  const now = Math.floor(s.at / beat);
  return now - ((((now - s.shows) % period) + period) % period);
}

/** latency is the age of a picture when it was drawn, in ms. */
export const latency = (s: Sight, period = clip): number => s.at - sentAs(s, period) * beat;

export function percentile(values: number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? NaN;
}

/** account adds up what was seen. A picture older than half the period cannot be: there the
 * clip ran ahead, as it does for up to 2 s after a key picture that somebody asked for. Until
 * is when the looking ended, so that a picture that stopped counts. */
export function account(seen: Sight[], period = clip, until = 0): Account {
  const clear = seen.filter((s) => latency(s, period) < (period * beat) / 2);
  const first = new Map<number, number>(); // by number: how old it was when first drawn
  for (const s of clear) if (!first.has(sentAs(s, period))) first.set(sentAs(s, period), latency(s, period));
  const ages = [...first.values()];
  const ahead = new Set(seen.filter((s) => !clear.includes(s)).map((s) => sentAs(s, period)));
  const all = [...first.keys()];
  const [p50, p95] = [percentile(ages, 50), percentile(ages, 95)];
  const newest = Math.max(...all, Math.floor((until - p95) / beat));
  const sent = newest - Math.min(...all) + 1;
  return {
    p50,
    p95,
    p99: percentile(ages, 99),
    drawn: Math.min(1, (all.length + ahead.size) / sent),
    pictures: all.length + ahead.size,
    freeze: longest(seen, until),
    ahead: ahead.size,
  };
}

// longest is the longest time between a picture and the next that is another.
function longest(seen: Sight[], until: number): number {
  let most = 0;
  let [shows, at] = [-1, seen[0]?.at ?? 0];
  for (const s of seen) {
    if (s.shows === shows) continue;
    most = Math.max(most, s.at - at);
    [shows, at] = [s.shows, s.at];
  }
  return Math.max(most, until - at);
}
