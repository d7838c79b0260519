import type { Viewer } from '../../api/types';
import { say } from '../../i18n/words';
import { clock, count } from '../../ui/figures';

const kinds = { rtsp: 'RTSP', whep: 'WebRTC', mse: 'MSE' };

export function PlayerTable({ players }: { players: Viewer[] }) {
  if (players.length === 0) return <p class="soft">{say('node.noplayers')}</p>;
  return (
    <div class="table" tabIndex={0} role="region" aria-label={say('node.players')}>
      <table>
        <thead>
          <tr>
            <th>{say('player.feed')}</th>
            <th>{say('player.kind')}</th>
            <th>{say('player.remote')}</th>
            <th>{say('player.user')}</th>
            <th>{say('player.layer')}</th>
            <th>{say('player.since')}</th>
            <th class="number">{say('player.dropped')}</th>
          </tr>
        </thead>
        <tbody>
          {players.map((p, i) => (
            <tr key={i}>
              <td>{p.feed}</td>
              <td>{kinds[p.kind] ?? p.kind}</td>
              <td>{p.remote || '–'}</td>
              <td>{p.user || say('player.guest')}</td>
              <td>{say(`layer.${p.layer}`)}</td>
              <td>{clock(p.since)}</td>
              <td class="number">{count(p.dropped)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
