import type { Feed, Layer } from '../../api/types';
import { say, sayTrouble } from '../../i18n/words';
import { inPath } from '../../route';
import { millis, rate } from '../../ui/figures';
import { LivePreview } from './LivePreview';
import { StillPreview } from './StillPreview';

interface Props {
  feed: Feed;
  now: number;
  live: boolean;
  onLive(feed: string): void;
}

export function FeedCard({ feed, now, live, onLive }: Props) {
  const sign = !feed.online ? 'bad' : feed.problem ? 'warn' : 'good';
  const word = { bad: 'feed.offline', warn: 'feed.attention', good: 'feed.online' } as const;
  return (
    <article class="card" aria-label={feed.id}>
      <div class="thumb">
        {live ? <LivePreview feed={feed.id} /> : <StillPreview feed={feed.id} online={feed.online} />}
        {feed.online && (
          <button class="thumb-button" onClick={() => onLive(live ? '' : feed.id)} aria-label={`${say(live ? 'feed.preview.stop' : 'feed.preview')} ${feed.id}`}>
            {say(live ? 'feed.preview.stop' : 'feed.preview')}
          </button>
        )}
      </div>
      <div class="card-head">
        <h3>{feed.id}</h3>
        <span class={`sign ${sign}`}>{say(word[sign])}</span>
      </div>
      {feed.problem && <p class={`trouble ${sign}`}>{sayTrouble(feed.problem, feed.offline_since, now)}</p>}
      <dl class="pairs">
        <div>
          <dt>{say('feed.latency')}</dt>
          <dd>
            {millis(feed.latency_ms)}
            {feed.latency_ms != null && feed.latency_error_ms != null && (
              <span class="soft"> ±{millis(feed.latency_error_ms)}</span>
            )}
          </dd>
        </div>
        <div>
          <dt>{say('feed.viewers')}</dt>
          <dd>{feed.viewers}</dd>
        </div>
        <div class="wide">
          <dt>{say('feed.layers')}</dt>
          <dd>{feed.layers.length ? feed.layers.map(layerLine) : <span class="soft">{feed.online ? say('feed.idle') : '–'}</span>}</dd>
        </div>
        <div class="wide">
          <dt>{say('feed.source')}</dt>
          <dd>{sourceWords(feed)}</dd>
        </div>
      </dl>
      <a class="button main" href={`/watch/${inPath(feed.id)}`} aria-label={`${say('feed.watch')} ${feed.id}`}>
        {say('feed.watch')}
      </a>
    </article>
  );
}

// sourceWords says where a feed comes from: through which nodes, or from what.
function sourceWords(feed: Feed): string {
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

function layerLine(l: Layer) {
  const size = l.width && l.height ? ` ${l.width}×${l.height}` : '';
  return (
    <span class="layer-line" key={l.name}>
      {say(`layer.${l.name}`)} {l.codec}
      {size} <span class="soft">{l.rate ? rate(l.rate) : ''}</span>
    </span>
  );
}
