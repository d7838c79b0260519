import { useState } from 'preact/hooks';
import type { Feed, Status } from '../../api/types';
import { say } from '../../i18n/words';
import { remember, remembered } from '../../ui/remembered';
import { FeedCard } from './FeedCard';
import { FeedTable } from './FeedTable';

const few = 8; // feeds that are found without looking for them
const shapes = ['cards', 'table'] as const;
type Shape = (typeof shapes)[number];

/** Feeds are cards with pictures, or where there are many a table, and a way to find one. */
export function Feeds({ status, now }: { status: Status; now: number }) {
  const { feeds } = status;
  const [preview, setPreview] = useState(''); // one at a time: each is a decoder
  const [chosen, setChosen] = useState(remembered('feeds', shapes));
  const [wanted, setWanted] = useState('');
  const [onlyTrouble, setOnlyTrouble] = useState(false);
  const many = feeds.length > few;
  const shape = chosen ?? (many ? 'table' : 'cards');
  const shown = many ? feeds.filter((f) => fits(f, wanted) && (!onlyTrouble || f.problem)) : feeds;
  const choose = (to: Shape): void => {
    remember('feeds', to);
    setChosen(to);
    setPreview('');
  };
  return (
    <section>
      <div class="section-head">
        <h2>
          {say('node.feeds')} <span class="soft">{feeds.length > 0 && feeds.length}</span>
        </h2>
        {many && (
          <>
            <input
              class="find"
              type="search"
              value={wanted}
              placeholder={say('feeds.find')}
              aria-label={say('feeds.find')}
              onInput={(e) => setWanted(e.currentTarget.value)}
            />
            <label class="tick">
              <input type="checkbox" checked={onlyTrouble} onChange={(e) => setOnlyTrouble(e.currentTarget.checked)} />
              <span>{say('feeds.trouble')}</span>
            </label>
          </>
        )}
        {feeds.length > 0 && (
          <span class="shapes" role="group" aria-label={say('feeds.shape')}>
            {shapes.map((s) => (
              <button key={s} class="plain" aria-pressed={s === shape} onClick={() => choose(s)}>
                {say(`feeds.${s}`)}
              </button>
            ))}
          </span>
        )}
      </div>
      {feeds.length === 0 && <p class="empty">{say('node.nofeeds')}</p>}
      {feeds.length > 0 && shown.length === 0 && <p class="empty">{say('feeds.nothing')}</p>}
      {shape === 'table' && shown.length > 0 && <FeedTable feeds={shown} now={now} />}
      {shape === 'cards' && (
        <div class="cards">
          {shown.map((f) => (
            <FeedCard key={f.id} feed={f} links={status.links} now={now} live={preview === f.id} onLive={setPreview} />
          ))}
        </div>
      )}
    </section>
  );
}

function fits(feed: Feed, wanted: string): boolean {
  return feed.id.toLowerCase().includes(wanted.trim().toLowerCase());
}
