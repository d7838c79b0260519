import type { Feed } from '../../api/types';
import { say, sayTrouble } from '../../i18n/words';
import { inPath } from '../../route';
import { millis } from '../../ui/figures';
import { Table, type Column } from '../../ui/Table';
import { layerWords, signOf, signWord, sourceWords } from './feedWords';
import { anchor } from './glance';

/** FeedTable is all feeds at a line each, without pictures. */
export function FeedTable({ feeds, now }: { feeds: Feed[]; now: number }) {
  const columns: Column<Feed>[] = [
    { name: say('feed.state'), cell: (f) => <span class={`sign ${signOf(f)}`}>{signWord(f)}</span> },
    { name: say('player.feed'), cell: (f) => <strong>{f.id}</strong>, wraps: true },
    { name: say('feed.latency'), cell: (f) => (f.online ? millis(f.latency_ms) : '–'), number: true },
    { name: say('feed.layers'), cell: streams, less: true },
    { name: say('feed.source'), cell: sourceWords, wraps: true, less: true },
    { name: say('feed.viewers'), cell: (f) => String(f.viewers), number: true, less: true },
    { name: say('feed.note'), cell: (f) => f.problem && sayTrouble(f.problem, f.offline_since, now), wraps: true },
    {
      name: say('feed.watch'),
      unseen: true,
      cell: (f) => (
        <a class={`button${f.online ? ' main' : ''}`} href={`/watch/${inPath(f.id)}`} aria-label={`${say('feed.watch')} ${f.id}`}>
          {say('feed.watch')}
        </a>
      ),
    },
  ];
  return <Table name={say('node.feeds')} columns={columns} rows={feeds} id={(f) => anchor('feed', f.id)} tall />;
}

// streams is the picture that comes: the first that has a rate, or the first there is.
function streams(f: Feed) {
  const pictures = f.layers.filter((l) => l.name !== 'audio');
  const now = pictures.find((l) => l.rate) ?? pictures[0];
  if (!now) return f.online ? <span class="soft">{say('feed.idle')}</span> : '–';
  const [what, rate] = layerWords(now);
  return (
    <>
      {what} <span class="soft">{rate}</span>
    </>
  );
}
