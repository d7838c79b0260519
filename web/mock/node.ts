// A node of a branch school and the class it sees, as a function of time. Everything
// moves, nothing is random: two pictures of the same moment are the same.
import type { Feed, Link, LogLine, Status, Viewer } from '../src/api/types.ts';

export const started = Date.now() - 3 * 3600_000 - 24 * 60_000;
const offlineSince = Date.now() - 3 * 60_000;

/** wave swings between low and high with a period in seconds, with a little unrest. */
export function wave(at: number, low: number, high: number, period: number): number {
  const t = at / 1000;
  const w = Math.sin((t / period) * 6.283) * 0.7 + Math.sin(t * 1.7) * 0.2 + Math.sin(t * 5.3) * 0.1;
  return low + ((high - low) * (w + 1)) / 2;
}

/** squeezed: for a minute and a half the line of the county carries the sub stream only. */
export function squeezed(at: number): boolean {
  const ago = (Date.now() - at) / 1000;
  return ago > 200 && ago < 290;
}

const iso = (t: number): string => new Date(t).toISOString();
const round = (v: number, digits = 1): number => Number(v.toFixed(digits));

function feed(id: string, latency: number, more: Partial<Feed> = {}): Feed {
  return {
    id,
    source: 'node county',
    path: ['hub', 'county'],
    online: true,
    offline_since: null,
    viewers: 1,
    latency_ms: round(latency),
    latency_error_ms: 1.4,
    layers: [
      { name: 'main', codec: 'H264', width: 1920, height: 1080, rate: 3.9e6, interest: 1, packets: 90211, key_frame_age_ms: 820 },
      { name: 'sub', codec: 'H264', width: 640, height: 360, rate: null, interest: 0, packets: 0, key_frame_age_ms: null },
      { name: 'audio', codec: 'AAC', width: null, height: null, rate: 66e3, interest: 1, packets: 4711, key_frame_age_ms: null },
    ],
    problem: null,
    ...more,
  };
}

function feeds(at: number): Feed[] {
  return [
    feed('room-101', wave(at, 52, 68, 90), { viewers: 3 }),
    feed('room-102', wave(at, 58, 74, 70), { source: 'camera 10.1.2.4', path: ['yinshan'], latency_ms: 18.2, latency_error_ms: 0.3 }),
    feed('room-204', 0, {
      online: false,
      offline_since: iso(offlineSince),
      viewers: 0,
      latency_ms: null,
      latency_error_ms: null,
      layers: [],
      problem: {
        code: 'unreachable',
        text: { en: 'camera offline for 3 minutes, it cannot be reached', zh: '摄像机离线 3 分钟，网络不通' },
      },
    }),
    feed('hall', wave(at, 88, 120, 50), {
      viewers: 0,
      layers: [
        { name: 'main', codec: 'H265', width: 2560, height: 1440, rate: 4.4e6, interest: 0, packets: 1204, key_frame_age_ms: 3900 },
        { name: 'audio', codec: 'G711', width: null, height: null, rate: 64e3, interest: 0, packets: 980, key_frame_age_ms: null },
      ],
      problem: {
        code: 'no-key-frame',
        text: {
          en: 'no key frame for 16 s',
          zh: '已有 16 秒没有关键帧',
        },
      },
    }),
    feed('yinshan/class-3', 21.5, { source: 'push from 192.168.2.31', path: [], viewers: 1, latency_error_ms: 0.6 }),
  ];
}

export function link(peer: string, at: number): Link {
  const squeeze = squeezed(at);
  const base = peer === 'county' ? 1 : 0.35;
  const p50 = wave(at, 48, 66, 80) * base + (squeeze ? 22 : 0);
  const flows: Link['flows'] =
    peer === 'county'
      ? [
          { feed: 'room-101', layer: squeeze ? 'sub' : 'main', direction: 'in', active: true, since: null, reason: '' },
          { feed: 'hall', layer: 'main', direction: 'in', active: true, since: null, reason: '' },
          { feed: 'yinshan/class-3', layer: 'main', direction: 'out', active: true, since: null, reason: '' },
        ]
      : [{ feed: 'room-102', layer: 'main', direction: 'out', active: true, since: null, reason: '' }];
  return {
    peer,
    remote: peer === 'county' ? '10.77.0.1:4433' : '10.77.3.9:51820',
    up: true,
    dialled: peer === 'county',
    since: iso(started + 1200),
    rtt_ms: round(wave(at, 39, 44, 40) * base),
    delay_ms: round(20.5 * base),
    delay_error_ms: round(4.1 * base),
    loss: round(wave(at, 0.008, 0.024, 60) * base + (squeeze ? 0.021 : 0), 4),
    burst: 1.9,
    overhead: round(wave(at, 0.03, 0.06, 65) * base + (squeeze ? 0.05 : 0), 4),
    queue_ms: round(Math.max(0, wave(at, -6, 9, 45)) + (squeeze ? 38 : 0)),
    rate: Math.round(squeeze ? 0.6e6 : wave(at, 7.9e6, 8.5e6, 30)),
    estimate: Math.round(squeeze ? 1.1e6 : wave(at, 22e6, 26e6, 100)),
    latency_ms: { p50: round(p50), p95: round(p50 * 1.45), p99: round(p50 * 1.9) },
    repaired: 18204,
    late: 3,
    lost: 11,
    flows,
    problem: null,
  };
}

export function status(at: number): Status {
  const players: Viewer[] = [
    { feed: 'room-101', kind: 'whep', remote: '192.168.2.17', user: '', since: iso(at - 41 * 60_000), layer: 'main', frames: 61500, dropped: 0 },
    { feed: 'room-101', kind: 'mse', remote: '192.168.2.18', user: '', since: iso(at - 40 * 60_000), layer: 'main', frames: 60020, dropped: 4 },
    { feed: 'room-101', kind: 'rtsp', remote: '192.168.2.50', user: 'recorder', since: iso(at - 170 * 60_000), layer: 'main', frames: 255000, dropped: 0 },
    { feed: 'room-102', kind: 'whep', remote: '192.168.2.23', user: 'teacher', since: iso(at - 12 * 60_000), layer: 'main', frames: 18000, dropped: 1 },
  ];
  const down: Link = {
    ...link('city', at),
    peer: 'city',
    remote: 'city.example.org:4433',
    up: false,
    dialled: true,
    since: iso(at - 11 * 60_000),
    flows: [],
    latency_ms: null,
    loss: null,
    overhead: null,
    queue_ms: null,
    problem: {
      code: 'no-link',
      text: {
        en: 'no link to this node for 11 minutes: nothing answers at its address',
        zh: '与此节点断开 11 分钟：地址没有回应',
      },
    },
  };
  return {
    version: 1,
    node: 'yinshan',
    software: 'v0.4.0',
    since: iso(started),
    now: iso(at),
    feeds: feeds(at),
    links: [link('county', at), link('village-2', at), down],
    players,
  };
}

export function log(): LogLine[] {
  const now = Date.now();
  const line = (ago: number, level: LogLine['level'], code: string, en: string, zh: string, more = {}): LogLine => ({
    at: iso(now - ago * 1000),
    level,
    code,
    link: '',
    feed: '',
    text: { en, zh },
    ...more,
  });
  return [
    line(12240, 'info', 'started', 'the node has started', '节点已启动'),
    line(12238, 'info', 'link-up', 'county: link up', 'county：线路已连通', { link: 'county' }),
    line(660, 'warn', 'link-down', 'city: link down, nothing answers', 'city：线路断开，对方没有回应', { link: 'city' }),
    line(290, 'warn', 'layers', 'county: room-101 goes down to the sub stream, the line carries 1.1 Mbit/s', 'county：room-101 降到子码流，线路只能带 1.1 Mbit/s', { link: 'county', feed: 'room-101' }),
    line(200, 'info', 'layers', 'county: room-101 is back on the main stream', 'county：room-101 恢复主码流', { link: 'county', feed: 'room-101' }),
    line(180, 'warn', 'feed-offline', 'room-204: the camera cannot be reached', 'room-204：摄像机网络不通', { feed: 'room-204' }),
    line(45, 'info', 'push-taken-over', 'yinshan/class-3: pushed from 192.168.2.31', 'yinshan/class-3：由 192.168.2.31 推送', { feed: 'yinshan/class-3' }),
  ];
}
