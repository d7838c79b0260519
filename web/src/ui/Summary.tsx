import type { Status } from '../api/types';
import { say, span } from '../i18n/words';

/** Summary is which node this is, and whether the page is live. */
export function Summary({ status, live }: { status: Status | null; live: boolean }) {
  return (
    <>
      {status && <strong class="node-name">{status.node}</strong>}
      <span class={live ? 'beat' : 'beat lost'} role="status">
        {say(live ? 'live.on' : status ? 'live.off' : 'live.wait')}
      </span>
      {status && (
        <span class="soft facts">
          {say('node.viewers', { n: status.players.length })}
          {' · '}
          {say('node.up', { time: span(Date.parse(status.now) - Date.parse(status.since)) })}
          {' · '}
          {status.software}
        </span>
      )}
    </>
  );
}
