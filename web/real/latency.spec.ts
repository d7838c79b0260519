// The arithmetic of latency.ts, without a browser.
import { expect, test } from '@playwright/test';
import { account, latency, percentile, sentAs } from './latency';
import type { Sight } from './numbers';

// drawn is picture n of the camera on the screen `after` ms later, when the clip ran ahead by so many.
const drawn = (n: number, after: number, ahead = 0): Sight => {
  const at = n * 40 + after;
  return { shows: (n + ahead) % 200, at, since: at, width: 1920 };
};

test('a burnt-in number tells when its picture was sent, up to one length of the clip', () => {
  const n = 42_500_000_199;
  for (const after of [0, 39, 40, 999, 7999]) {
    expect(sentAs(drawn(n, after))).toBe(n);
    expect(latency(drawn(n, after))).toBe(after);
  }
  expect(latency(drawn(n, 8000))).toBe(0); // the clip has come round
});

test('what was seen adds up to latency, share and freeze', () => {
  const seen: Sight[] = [];
  for (let n = 1000; n < 1100; n++) {
    if (n >= 1040 && n < 1045) continue; // five were never drawn
    seen.push(drawn(n, n === 1050 ? 250 : 50));
    if (n === 1060) seen.push(drawn(n, 60)); // one twice
  }
  const a = account(seen);
  expect([a.p50, a.p95, a.p99]).toEqual([50, 50, 250]);
  expect(a.drawn).toBe(0.95);
  expect(a.pictures).toBe(95);
  expect(a.freeze).toBe(6 * 40);
  expect(a.ahead).toBe(0);
});

test('a picture that stopped counts as a freeze and as pictures not drawn', () => {
  const seen = [...Array(50).keys()].map((i) => drawn(1000 + i, 50));
  const stopped = account(seen, 200, 1050 * 40 + 2050);
  expect(stopped.freeze).toBe(2040);
  expect(stopped.drawn).toBeCloseTo(50 / 101);
  expect(account(seen, 200, 1050 * 40).drawn).toBe(1);
});

test('pictures of a clip that runs ahead count as drawn and have no latency', () => {
  const seen = [...Array(100).keys()].map((i) => drawn(2000 + i, 70, i >= 20 && i < 50 ? 30 : 0));
  const a = account(seen);
  expect(a.ahead).toBe(30);
  expect(a.drawn).toBe(1);
  expect([a.p50, a.p99]).toEqual([70, 70]);
});

test('a percentile is a value that was there', () => {
  expect(percentile([3, 1, 2], 50)).toBe(2);
  expect(percentile([3, 1, 2], 99)).toBe(3);
  expect(percentile([], 50)).toBeNaN();
});
