import type { Column, History, LinkHistory } from '../src/api/types.ts';
import { link, squeezed } from './node.ts';

const step = 2000; // ms
const points = 300;

/** history is ten minutes of the mock node, ending now. */
export function history(now: number): History {
  const at = Array.from({ length: points }, (_, i) => now - (points - 1 - i) * step);
  const links = ['county', 'village-2', 'school-1'].map((peer) => past(peer, at));
  return { version: 1, now: new Date(now).toISOString(), step_ms: step, links, feeds: [] };
}

function past(peer: string, at: number[]): LinkHistory {
  const then = at.map((t) => link(peer, t));
  const column = (of: (l: (typeof then)[number]) => number | null): Column => then.map(of);
  return {
    peer,
    at,
    p50: column((l) => l.latency_ms?.p50 ?? null),
    p95: column((l) => l.latency_ms?.p95 ?? null),
    p99: column((l) => l.latency_ms?.p99 ?? null),
    loss: column((l) => l.loss),
    overhead: column((l) => l.overhead),
    queue_ms: column((l) => l.queue_ms),
    rate: column((l) => l.rate),
    flows: (then[0]?.flows ?? []).map((f) => ({
      feed: f.feed,
      direction: f.direction,
      layer: at.map((t) => (f.feed === 'room-101' && squeezed(t) ? 'sub' : 'main')),
    })),
  };
}
