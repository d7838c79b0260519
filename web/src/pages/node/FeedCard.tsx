import type { Feed, Link } from '../../api/types';
import { say } from '../../i18n/words';
import { inPath } from '../../route';
import { Advice } from './Advice';
import { anchor, hopsOf } from './glance';
import { layerWords, signOf, signWord, sourceWords } from './feedWords';
import { Journey } from './Journey';
import { LivePreview } from './LivePreview';
import { StillPreview } from './StillPreview';

interface Props {
  feed: Feed;
  links: Link[];
  now: number;
  live: boolean;
  onLive(feed: string): void;
}

export function FeedCard({ feed, links, now, live, onLive }: Props) {
  const sign = signOf(feed);
  return (
    <article class="card" aria-label={feed.id} id={anchor('feed', feed.id)}>
      <div class="thumb">
        {live ? <LivePreview feed={feed.id} /> : <StillPreview feed={feed.id} online={feed.online} />}
        {feed.online && (
          <button class="thumb-button" onClick={() => onLive(live ? '' : feed.id)} aria-label={`${say(live ? 'feed.preview.stop' : 'feed.preview')} ${feed.id}`}>
            {say(live ? 'feed.preview.stop' : 'feed.preview')}
          </button>
        )}
      </div>
      <div class="card-head">
        <h3 title={feed.id}>{feed.id}</h3>
        <span class={`sign ${sign}`}>{signWord(feed)}</span>
      </div>
      {feed.problem && <Advice trouble={feed.problem} since={feed.offline_since} now={now} sign={sign} />}
      {feed.online && feed.latency_ms != null && (
        <Journey latency={feed.latency_ms} error={feed.latency_error_ms} hops={hopsOf(feed, links)} />
      )}
      <dl class="pairs">
        <div>
          <dt>{say('feed.source')}</dt>
          <dd>{sourceWords(feed)}</dd>
        </div>
        {feed.online && <Streams feed={feed} />}
        {feed.online && (
          <div>
            <dt>{say('feed.viewers')}</dt>
            <dd>{feed.viewers}</dd>
          </div>
        )}
      </dl>
      <a class={`button large${feed.online ? ' main' : ''}`} href={`/watch/${inPath(feed.id)}`} aria-label={`${say('feed.watch')} ${feed.id}`}>
        {say('feed.watch')}
      </a>
    </article>
  );
}

function Streams({ feed }: { feed: Feed }) {
  return (
    <div>
      <dt>{say('feed.layers')}</dt>
      <dd>
        {feed.layers.length === 0 && <span class="soft">{say('feed.idle')}</span>}
        {feed.layers.map((l) => {
          const [what, rate] = layerWords(l);
          return (
            <span class="layer-line" key={l.name}>
              {what} <span class="soft">{rate}</span>
            </span>
          );
        })}
      </dd>
    </div>
  );
}
