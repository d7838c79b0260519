// What needs no browser: exact.
import { expect, test } from '@playwright/test';
import type { Feed, Link, Status } from '../src/api/types';
import { Past, runs } from '../src/chart/past';
import { Age } from '../src/play/age';
import { backoff } from '../src/play/backoff';
import { Edge } from '../src/play/edge';
import { Recent } from '../src/play/frames';
import { afterLogin, inPath, route } from '../src/route';
import { loudness } from '../src/talk/level';
import { briskly } from '../src/talk/start';
import { glance, hopsOf } from '../src/pages/node/glance';
import { wishes } from '../src/pages/watch/wishes';
import { when } from '../src/ui/figures';
import { status } from '../mock/node';

test('a path names its page and its feed', () => {
  expect(route('/')).toEqual({ page: 'node', feed: '' });
  expect(route('/login')).toEqual({ page: 'login', feed: '' });
  expect(route('/watch/yinshan/class-3')).toEqual({ page: 'watch', feed: 'yinshan/class-3' });
  expect(route('/talk/a%20b')).toEqual({ page: 'talk', feed: 'a b' });
  expect(route('/watch/100%')).toEqual({ page: 'watch', feed: '100%' });
  expect(inPath('a/b c?d')).toBe('a/b%20c%3Fd');
  expect(inPath('../../login')).toBe('..%2F..%2Flogin');
});

test('a login leads back into this node and nowhere else', () => {
  const to = (next: string): string => afterLogin(`?next=${encodeURIComponent(next)}`);
  expect(to('/watch/room-101?kiosk=1')).toBe('/watch/room-101?kiosk=1');
  for (const bad of ['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)', '']) {
    expect(to(bad), bad).toBe('/');
  }
  expect(afterLogin('')).toBe('/');
});

test('the address asks for a road and a layer, and for nothing unknown', () => {
  expect(wishes('?kiosk=1&via=mse&layer=sub')).toEqual({ kiosk: true, via: 'mse', layer: 'sub' });
  expect(wishes('?via=smoke&layer=3&kiosk=yes')).toEqual({ kiosk: false, via: null, layer: null });
});

test('waits grow from half a second to ten seconds and no further', () => {
  expect([0, 1, 2, 3, 4, 5, 50].map((n) => backoff(n, () => 0.5))).toEqual([500, 1000, 2000, 4000, 8000, 10000, 10000]);
  expect(backoff(0, () => 0)).toBe(450);
});

test('far behind the live edge it jumps, somewhat behind it hurries, at the edge it plays', () => {
  const edge = new Edge();
  expect(edge.next(0, 0, 0.1)).toEqual({ seek: null, rate: 1 });
  expect(edge.next(0, 0, 0.2)).toEqual({ seek: null, rate: 1.2 });
  expect(edge.next(0, 0, 0.9)).toEqual({ seek: null, rate: 1.5 });
  expect(edge.next(0, 0, 3)).toEqual({ seek: 2.94, rate: 1 });
  expect(edge.next(0, 7, 7.5).seek).toBeCloseTo(7.44);
  expect(edge.skips).toBe(2);
});

test('after the buffer ran dry more is kept in hand, for a while and within a bound', () => {
  const edge = new Edge();
  for (let i = 0; i < 100; i++) edge.ranDry();
  expect(edge.next(0, 0, 0.35).rate).toBe(1);
  expect(edge.next(0, 0, 0.4).rate).toBe(1.2);
  for (let i = 0; i < 300; i++) edge.next(0, 0, 0.05);
  expect(edge.next(0, 0, 0.15).rate).toBe(1.1);
});

test('with sound more is kept in hand, the hurry cannot be heard, and a dry buffer is left by a seek', () => {
  const edge = new Edge();
  edge.sound = true;
  expect(edge.next(0, 0, 0.33)).toEqual({ seek: null, rate: 1 });
  expect(edge.next(0, 0, 0.6)).toEqual({ seek: null, rate: 1.08 });
  edge.muted = true;
  expect(edge.next(0, 0, 0.6)).toEqual({ seek: null, rate: 1.4 });
  edge.muted = false;
  edge.ranDry();
  expect(edge.next(0, 0, 0.31).seek).toBeNull(); // not yet enough: 0.28, and 0.04 for having run dry
  expect(edge.next(0, 0, 0.35).seek).toBeCloseTo(0.03);
  expect(edge.next(0, 0, 0.35).seek).toBeNull(); // once
  for (let i = 0; i < 300; i++) edge.next(0, 0, 0.3);
  expect(edge.next(0, 0, 0.355).rate).toBe(1); // 0.30 from now on
  edge.sound = true; // the same again, as each start message says it
  expect(edge.next(0, 0, 0.355).rate).toBe(1);
  expect(edge.next(0, 0, 0.365).rate).toBe(1.08);
});

test('the age of a picture is told by the clock message that travelled fastest', () => {
  const age = new Age();
  expect(age.of(1, 0)).toBeNull();
  // The node's clock is 5000 ms ahead; ways of 40, 10 and 90 ms.
  age.told({ now: 6000, pts: 1, capture: 5940 }, 1040);
  age.told({ now: 7000, pts: 2, capture: 6940 }, 2010);
  age.told({ now: 8000, pts: 3, capture: 7940 }, 3090);
  // The picture at 2.9 s was taken at 7840; at 3100 of our clock the node shows 8090.
  expect(age.of(2.9, 3100)).toBeCloseTo(250);
});

test('the median of the recent values forgets the oldest', () => {
  const recent = new Recent(3);
  expect(recent.median()).toBeNull();
  [100, 1, 2, 3].forEach((v) => recent.add(v));
  expect(recent.median()).toBe(2);
});

test('loudness runs from a quiet room to full scale', () => {
  expect(loudness(new Float32Array(64))).toBe(0);
  expect(loudness(new Float32Array(64).fill(1))).toBe(1);
  expect(loudness(new Float32Array(64).fill(0.0316))).toBeCloseTo(0.5, 2); // -30 dBFS
});

test('only the video of an answer is told how fast to begin', () => {
  const answer = ['m=audio 9', 'a=fmtp:111 x=1', 'm=video 9', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 y=2', ''].join('\r\n');
  expect(briskly(answer).split('\r\n').filter((line) => line.includes('google'))).toEqual([
    'a=fmtp:96 y=2;x-google-start-bitrate=1200',
  ]);
  expect(briskly('')).toBe('');
});

test('equal neighbours of a column are one run', () => {
  expect(runs(['a', 'a', null, 'b'])).toEqual([
    { from: 0, to: 1, value: 'a' },
    { from: 2, to: 2, value: null },
    { from: 3, to: 3, value: 'b' },
  ]);
});

test('statuses add a point each two seconds, and ten minutes are kept', () => {
  const past = new Past();
  const begin = 1_700_000_000_000;
  for (let s = 0; s <= 700; s++) past.add(status(begin + s * 1000));
  const county = past.links.get('county');
  expect(county?.at.length).toBe(301);
  expect(county?.at[0]).toBe(begin + 100_000);
  expect(county?.p99.length).toBe(301);
  expect(county?.flows.map((f) => f.layer.length)).toEqual([301, 301, 301]);
});

const feed = (id: string, more: Partial<Feed>): Feed => ({
  id,
  source: 'node hub',
  path: ['hub'],
  online: true,
  offline_since: null,
  viewers: 0,
  latency_ms: 50,
  latency_error_ms: 1,
  layers: [],
  problem: null,
  ...more,
});
const trouble = (code: string) => ({ code, text: { en: code, zh: code } });
const state = (feeds: Feed[], links: Link[] = []) => ({ feeds, links }) as unknown as Status;

test('at a glance: late and missing pictures are not on time, and lines come before feeds', () => {
  const away = feed('c', { online: false, latency_ms: null, problem: trouble('offline') });
  const late = feed('b', { latency_ms: 420, problem: trouble('late') });
  const line = { peer: 'hub', up: true, problem: trouble('queue'), since: null } as unknown as Link;
  const seen = glance(state([feed('a', {}), late, away], [line]));
  expect([seen.onTime, seen.feeds, seen.sign, seen.slowest?.id]).toEqual([1, 3, 'bad', 'b']);
  expect(seen.reasons.map((r) => `${r.kind} ${r.name} ${r.sign}`)).toEqual(['link hub warn', 'feed b warn', 'feed c bad']);
});

test('at a glance: nothing known is no praise', () => {
  expect(glance(state([])).sign).toBe('none');
  expect(glance(state([feed('a', { latency_ms: null })]))).toMatchObject({ sign: 'good', slowest: null });
});

test('the age of a picture is divided between the last line and all before it', () => {
  const flows = [{ feed: 'a', direction: 'in' }];
  const hub = { peer: 'hub', up: true, delay_ms: 20, flows } as unknown as Link;
  expect(hopsOf(feed('a', {}), [hub])).toEqual({ from: 'hub', before: 30, line: 20 });
  expect(hopsOf(feed('a', { latency_ms: 8 }), [hub])).toEqual({ from: 'hub', before: 0, line: 8 });
  expect(hopsOf(feed('b', {}), [hub])).toBeNull(); // comes another way
  expect(hopsOf(feed('a', { latency_ms: null }), [hub])).toBeNull();
});

test('the time of another day has its date', () => {
  const now = new Date(2026, 10, 22, 9, 5, 7).getTime();
  expect(when(now - 60_000, now)).toBe('09:04:07');
  expect(when(now - 86_400_000, now)).toBe('11-21 09:05');
  expect(when(null, now)).toBe('–');
});
