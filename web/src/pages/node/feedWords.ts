// What cards and the table say of a feed.
import type { Feed, Layer } from '../../api/types';
import { say } from '../../i18n/words';
import { rate } from '../../ui/figures';

export type Sign = 'good' | 'warn' | 'bad';

export function signOf(feed: Feed): Sign {
  if (!feed.online) return 'bad';
  return feed.problem ? 'warn' : 'good';
}

export function signWord(feed: Feed): string {
  switch (signOf(feed)) {
    case 'bad':
      return say('feed.offline');
    case 'warn':
      return say('feed.attention');
    case 'good':
      return say(feed.latency_ms != null ? 'feed.ontime' : 'feed.online');
  }
}

/** sourceWords says where a feed comes from: through which nodes, or from what. */
export function sourceWords(feed: Feed): string {
  if (feed.path.length > 1 || feed.source.startsWith('node ')) return feed.path.join(' → '); // one is this node
  const told = /^(camera|node|push)(?: from)? (.+)$/.exec(feed.source);
  const name = told?.[2] ?? '';
  switch (told?.[1]) {
    case 'camera':
      return say('feed.source.camera', { name });
    case 'node':
      return say('feed.source.node', { name });
    case 'push':
      return say('feed.source.push', { name });
  }
  return feed.source.startsWith('anywhere') ? say('feed.source.none') : feed.source;
}

/** layerWords is a stream in a few words: what it is, its size, and its rate. */
export function layerWords(l: Layer): [what: string, rate: string] {
  const size = l.height ? ` ${l.height}p` : '';
  return [`${say(`layer.${l.name}`)} ${codecName(l.codec)}${size}`, l.rate ? rate(l.rate) : ''];
}

function codecName(codec: string): string {
  return codec.replace(/^H26/, 'H.26').replace(/^G7/, 'G.7');
}
