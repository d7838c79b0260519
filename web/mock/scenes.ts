// The mock node on other days: a cookie "scene" chooses one.
import type { IncomingMessage } from 'node:http';
import type { Feed, Link, Status } from '../src/api/types.ts';
import { link, status } from './node.ts';

const iso = (t: number): string => new Date(t).toISOString();

const scenes: Record<string, (s: Status, at: number) => Status> = {
  // Everything is as it should be.
  fine: (s) => ({
    ...s,
    feeds: s.feeds.filter((f) => f.online).map((f) => ({ ...f, problem: null })),
    links: s.links.filter((l) => l.up),
  }),
  // A node on its first day.
  empty: (s) => ({ ...s, feeds: [], links: [], players: [] }),
  // A county's hub: forty rooms, a dozen schools.
  many: (s, at) => ({ ...s, node: 'county', feeds: rooms(s, at), links: schools(at) }),
  // Names as long as they may be, a late picture, and a full line.
  long: (s) => ({ ...s, node: `${long}.example.org`, feeds: s.feeds.map(late), links: s.links.map(full) }),
};

/** statusFor is the mock node's state in the scene that a request asks for. */
export function statusFor(req: IncomingMessage): Status {
  const at = Date.now();
  const name = /scene=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? '';
  const now = status(at);
  return scenes[name]?.(now, at) ?? now;
}

const long = 'yinshan-county-experimental-primary-school-and-kindergarten';

function late(f: Feed, i: number): Feed {
  const id = `${long}/${f.id}`.slice(0, 64);
  if (i !== 0) return { ...f, id: i === 1 ? id.replace(/-/g, '_') : `${id.slice(0, 60)}-${i}`, path: ['county', long] };
  const text = { en: 'the picture is 612 ms old when it arrives here', zh: '画面到达本节点时已延迟 612 毫秒' };
  return { ...f, id, latency_ms: 612, problem: { code: 'late', text } };
}

function full(l: Link, i: number): Link {
  const text = { en: 'the line is full: packets wait 240 ms', zh: '线路已占满：数据包排队 240 毫秒' };
  return i === 0 ? { ...l, peer: l.peer, queue_ms: 240, problem: { code: 'queue', text } } : { ...l, peer: `${long}-${i}` };
}

function rooms(s: Status, at: number): Feed[] {
  const away = s.feeds.find((f) => !f.online);
  const here = s.feeds[1];
  return Array.from({ length: 40 }, (_, i) => {
    const id = `school-${String(1 + Math.floor(i / 4)).padStart(2, '0')}/room-${101 + (i % 4)}`;
    const base = i % 13 === 5 ? away : here;
    return { ...(base as Feed), id, path: [`school-${1 + Math.floor(i / 4)}`], source: 'node x', latency_ms: base === away ? null : 31 + ((i * 7) % 40), offline_since: base === away ? iso(at - 180_000 - i * 60_000) : null };
  });
}

function schools(at: number): Link[] {
  return Array.from({ length: 12 }, (_, i) => {
    const l = link(i % 2 ? 'village-2' : 'county', at);
    const text = { en: 'the line loses 14 % of the packets', zh: '线路丢包 14 %' };
    return { ...l, peer: `school-${i + 1}`, dialled: false, problem: i === 4 ? { code: 'lossy', text } : null, loss: i === 4 ? 0.14 : l.loss };
  });
}
