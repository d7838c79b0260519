import type { Link, LinkHistory } from '../../api/types';
import { Chart, type Line } from '../../chart/Chart';
import { say } from '../../i18n/words';
import { millis, share } from '../../ui/figures';

interface Kind {
  name: string;
  least: number;
  value: typeof millis;
  lines: Line[];
}

/** LinkCharts are ten minutes of a link's latency, loss with repair, and queue. */
export function LinkCharts({ link, past, now }: { link: Link; past: LinkHistory; now: number }) {
  const kinds: Kind[] = [
    {
      name: say('chart.latency'),
      least: 100,
      value: millis,
      lines: [
        { name: 'p50', column: past.p50, colour: 'a' },
        { name: 'p95', column: past.p95, colour: 'b' },
        { name: 'p99', column: past.p99, colour: 'c' },
      ],
    },
    {
      name: say('chart.loss'),
      least: 0.05,
      value: share,
      lines: [
        { name: say('link.loss'), column: past.loss, colour: 'a' },
        { name: say('chart.repair'), column: past.overhead, colour: 'b' },
      ],
    },
    { name: say('chart.queue'), least: 50, value: millis, lines: [{ name: say('link.queue'), column: past.queue_ms, colour: 'a' }] },
  ];
  const sends = link.flows.some((f) => f.direction === 'out') && !link.flows.some((f) => f.direction === 'in');
  return (
    <div class="charts">
      {kinds.map((k) => (
        <Chart key={k.name} without={k === kinds[0] && sends ? say('chart.there') : say('chart.empty')} {...k} sync={link.peer} at={past.at} now={now} />
      ))}
    </div>
  );
}
