import type { Viewer } from '../../api/types';
import { say } from '../../i18n/words';
import { count, when } from '../../ui/figures';
import { Table, type Column } from '../../ui/Table';

const kinds = { rtsp: 'RTSP', whep: 'WebRTC', mse: 'MSE' };

export function PlayerTable({ players, now }: { players: Viewer[]; now: number }) {
  if (players.length === 0) return <p class="empty">{say('node.noplayers')}</p>;
  const columns: Column<Viewer>[] = [
    { name: say('player.feed'), cell: (p) => p.feed, wraps: true },
    { name: say('player.kind'), cell: (p) => kinds[p.kind] ?? p.kind },
    { name: say('player.remote'), cell: (p) => p.remote || '–' },
    { name: say('player.user'), cell: (p) => p.user || say('player.guest') },
    { name: say('player.layer'), cell: (p) => say(`layer.${p.layer}`) },
    { name: say('player.since'), cell: (p) => when(p.since, now) },
    { name: say('player.dropped'), cell: (p) => count(p.dropped), number: true },
  ];
  return <Table name={say('node.players')} columns={columns} rows={players} />;
}
