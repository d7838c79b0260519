// The node in one sentence: is every picture on time, and what is wrong where not. Pure.
import type { Feed, Link, Status, Trouble } from '../../api/types';

export interface Reason {
  kind: 'feed' | 'link';
  name: string;
  sign: 'bad' | 'warn';
  trouble: Trouble;
  since: string | null;
}

export interface Glance {
  sign: 'good' | 'warn' | 'bad' | 'none';
  feeds: number;
  onTime: number;
  slowest: Feed | null; // of those whose age is known
  reasons: Reason[]; // lines first: one that is down takes its feeds with it
}

export function glance(status: Status): Glance {
  const { feeds, links } = status;
  const reasons = [
    ...links.map((l) => reason('link', l.peer, l.up, l.problem, l.since)),
    ...feeds.map((f) => reason('feed', f.id, f.online, f.problem, f.offline_since)),
  ].filter((r): r is Reason => r !== null);
  const known = feeds.filter((f) => f.online && f.latency_ms != null);
  const slowest = known.reduce<Feed | null>((a, b) => ((a?.latency_ms ?? -1) < (b.latency_ms ?? 0) ? b : a), null);
  return { sign: sign(status, reasons), feeds: feeds.length, onTime: feeds.filter(isOnTime).length, slowest, reasons };
}

function isOnTime(f: Feed): boolean {
  return f.online && f.problem?.code !== 'late';
}

function sign(status: Status, reasons: Reason[]): Glance['sign'] {
  if (reasons.some((r) => r.sign === 'bad')) return 'bad';
  if (reasons.length > 0) return 'warn';
  return status.feeds.length > 0 ? 'good' : 'none';
}

function reason(kind: Reason['kind'], name: string, up: boolean, trouble: Trouble | null, since: string | null): Reason | null {
  return trouble && { kind, name, sign: up ? 'warn' : 'bad', trouble, since };
}

export interface Hops {
  from: string; // the node before this one
  before: number; // ms, from the camera to there, with what repair took
  line: number; // ms, the line from there, one way
}

/** hopsOf divides the age of a feed's picture between the last line and all before it. */
export function hopsOf(feed: Feed, links: Link[]): Hops | null {
  const line = links.find((l) => l.up && feed.path.indexOf(l.peer) >= 0 && l.flows.some((f) => f.feed === feed.id && f.direction === 'in'));
  if (feed.latency_ms == null || line?.delay_ms == null) return null;
  const spent = Math.min(line.delay_ms, feed.latency_ms);
  return { from: line.peer, before: feed.latency_ms - spent, line: spent };
}

/** anchor is the place on the page where a feed or a link is shown. */
export function anchor(kind: Reason['kind'], name: string): string {
  return `${kind}-${encodeURIComponent(name)}`;
}
