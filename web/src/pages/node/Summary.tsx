import type { Status } from '../../api/types';
import { say, span } from '../../i18n/words';

/** Summary is the node in one line: its name, whether all is well, whether this is live. */
export function Summary({ status, live }: { status: Status | null; live: boolean }) {
  if (!status) return <span class="soft">{say(live ? 'live.on' : 'live.wait')}</span>;
  const troubles = [...status.feeds, ...status.links].filter((x) => x.problem).length;
  return (
    <>
      <strong class="node-name">{status.node}</strong>
      <span class={`sign ${troubles ? 'warn' : 'good'}`}>
        {troubles ? say('node.troubles', { n: troubles }) : say('node.fine')}
      </span>
      <span class="soft facts">
        {say('node.viewers', { n: status.players.length })}
        {' · '}
        {say('node.up', { time: span(Date.parse(status.now) - Date.parse(status.since)) })}
        {' · '}
        {status.software}
      </span>
      <span class={live ? 'beat' : 'beat lost'} role="status">
        {say(live ? 'live.on' : 'live.off')}
      </span>
    </>
  );
}
