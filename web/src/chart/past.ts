// The last ten minutes of a node, as columns for charts: what the node remembers, and each
// status that has come since. Pure: told everything.
import type { FlowHistory, History, Link, LinkHistory, Status } from '../api/types';

export const windowMs = 600_000;

export class Past {
  readonly links = new Map<string, LinkHistory>();
  private step = 2000; // ms

  load(history: History): void {
    this.step = history.step_ms;
    this.links.clear();
    history.links.forEach((l) => this.links.set(l.peer, l));
  }

  /** add appends a status where a step has passed since the last point. */
  add(status: Status): void {
    const at = Date.parse(status.now);
    for (const link of status.links) {
      const past = this.links.get(link.peer) ?? this.begin(link.peer);
      const last = past.at[past.at.length - 1] ?? 0;
      if (at - last >= this.step * 0.9) append(past, link, at); // 0.9: a status may come a little early
      while (past.at.length > 0 && at - (past.at[0] ?? 0) > windowMs) forgetOldest(past);
    }
  }

  private begin(peer: string): LinkHistory {
    const past = noPast(peer);
    this.links.set(peer, past);
    return past;
  }
}

/** noPast is of a link that has no figures yet. */
export function noPast(peer: string): LinkHistory {
  return { peer, at: [], p50: [], p95: [], p99: [], loss: [], overhead: [], queue_ms: [], rate: [], flows: [] };
}

function append(past: LinkHistory, link: Link, at: number): void {
  past.at.push(at);
  past.p50.push(link.latency_ms?.p50 ?? null);
  past.p95.push(link.latency_ms?.p95 ?? null);
  past.p99.push(link.latency_ms?.p99 ?? null);
  past.loss.push(link.loss);
  past.overhead.push(link.overhead);
  past.queue_ms.push(link.queue_ms);
  past.rate.push(link.rate);
  for (const f of link.flows) {
    if (f.layer === 'audio' || past.flows.some((p) => p.feed === f.feed && p.direction === f.direction)) continue;
    past.flows.push({ feed: f.feed, direction: f.direction, layer: past.at.slice(1).map(() => null) });
  }
  past.flows.forEach((f) => f.layer.push(layerNow(link, f)));
}

function layerNow(link: Link, flow: FlowHistory): 'main' | 'sub' | null {
  const now = link.flows.find(
    (f) => f.active && f.layer !== 'audio' && f.feed === flow.feed && f.direction === flow.direction,
  );
  return (now?.layer as 'main' | 'sub' | undefined) ?? null;
}

function forgetOldest(past: LinkHistory): void {
  const { at, p50, p95, p99, loss, overhead, queue_ms, rate } = past;
  [at, p50, p95, p99, loss, overhead, queue_ms, rate].forEach((column) => column.shift());
  past.flows.forEach((f) => f.layer.shift());
}

/** runs joins equal neighbours: from and to are indices, to is the last one. */
export function runs<T>(column: T[]): { from: number; to: number; value: T }[] {
  const all: { from: number; to: number; value: T }[] = [];
  column.forEach((value, i) => {
    const last = all[all.length - 1];
    if (last && last.value === value) last.to = i;
    else all.push({ from: i, to: i, value });
  });
  return all;
}
