import type { Link, LinkHistory } from '../../api/types';
import { Chart } from '../../chart/Chart';
import { LayerStrip } from '../../chart/LayerStrip';
import { say, sayTrouble } from '../../i18n/words';
import { clock, count, millis, rate, share } from '../../ui/figures';

const none: LinkHistory = {
  peer: '',
  at: [],
  p50: [],
  p95: [],
  p99: [],
  loss: [],
  overhead: [],
  queue_ms: [],
  rate: [],
  flows: [],
};

export function LinkPanel({ link, past = none, now }: { link: Link; past?: LinkHistory | undefined; now: number }) {
  const sign = !link.up ? 'bad' : link.problem ? 'warn' : 'good';
  return (
    <article class="link" aria-label={link.peer}>
      <header class="link-head">
        <h3>{link.peer}</h3>
        <span class={`sign ${sign}`}>{say(link.up ? 'link.up' : 'link.down')}</span>
        <span class="soft">
          {link.remote} · {say(link.dialled ? 'link.dialled' : 'link.accepted')}
          {link.since && ` · ${say('link.since', { time: clock(link.since) })}`}
        </span>
      </header>
      {link.problem && <p class={`trouble ${sign}`}>{sayTrouble(link.problem, link.since, now)}</p>}
      {link.up && <Pairs link={link} />}
      {(link.up || past.p50.some((v) => v != null)) && <Charts link={link} past={past} now={now} />}
      <LayerStrip past={past} now={now} />
    </article>
  );
}

function Charts({ link, past, now }: { link: Link; past: LinkHistory; now: number }) {
  return (
    <div class="charts">
      <Chart
        name={say('chart.latency')}
        sync={link.peer}
        at={past.at}
        now={now}
        least={100}
        value={millis}
        lines={[
          { name: 'p50', column: past.p50, colour: 'a' },
          { name: 'p95', column: past.p95, colour: 'b' },
          { name: 'p99', column: past.p99, colour: 'c' },
        ]}
      />
      <Chart
        name={say('chart.loss')}
        sync={link.peer}
        at={past.at}
        now={now}
        least={0.05}
        value={share}
        lines={[
          { name: say('link.loss'), column: past.loss, colour: 'a' },
          { name: say('chart.repair'), column: past.overhead, colour: 'b' },
        ]}
      />
      <Chart
        name={say('chart.queue')}
        sync={link.peer}
        at={past.at}
        now={now}
        least={50}
        value={millis}
        lines={[{ name: say('link.queue'), column: past.queue_ms, colour: 'a' }]}
      />
    </div>
  );
}

function Pairs({ link }: { link: Link }) {
  const pairs: [string, string][] = [
    [say('link.rtt'), millis(link.rtt_ms)],
    [say('link.delay'), `${millis(link.delay_ms)} ±${millis(link.delay_error_ms)}`],
    [say('link.loss'), share(link.loss)],
    [say('link.burst'), link.burst == null ? '–' : say('link.packets', { n: link.burst.toFixed(1) })],
    [say('link.overhead'), share(link.overhead)],
    [say('link.queue'), millis(link.queue_ms)],
    [say('link.rate'), rate(link.rate)],
    [say('link.estimate'), rate(link.estimate)],
    [say('link.repaired'), count(link.repaired)],
    [say('link.late'), count(link.late)],
    [say('link.lost'), count(link.lost)],
  ];
  return (
    <dl class="row-pairs">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
