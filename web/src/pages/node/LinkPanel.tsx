import { useState } from 'preact/hooks';
import type { Link, LinkHistory } from '../../api/types';
import { LayerStrip } from '../../chart/LayerStrip';
import { noPast } from '../../chart/past';
import { say } from '../../i18n/words';
import { count, millis, rate, share, when } from '../../ui/figures';
import { Advice } from './Advice';
import { anchor } from './glance';
import { LinkCharts } from './LinkCharts';

interface Props {
  link: Link;
  past: LinkHistory | undefined;
  now: number;
  open: boolean; // as it begins; a person may fold and unfold it
}

export function LinkPanel({ link, past = noPast(link.peer), now, open }: Props) {
  const [unfolded, unfold] = useState<boolean | null>(null);
  const sign = !link.up ? 'bad' : link.problem ? 'warn' : 'good';
  const charts = link.up || past.p50.some((v) => v != null);
  const id = anchor('link', link.peer);
  const isOpen = charts && (unfolded ?? open);
  return (
    <article class="link" aria-label={link.peer} id={id}>
      <header class="link-head">
        <h3>{link.peer}</h3>
        <span class={`sign ${sign}`}>{say(link.up ? 'link.up' : 'link.down')}</span>
        <span class="soft">
          {link.remote} · {say(link.dialled ? 'link.dialled' : 'link.accepted')}
          {link.since && ` · ${say('link.since', { time: when(link.since, now) })}`}
        </span>
        {charts && (
          <button class="plain fold" aria-expanded={isOpen} aria-controls={`${id}-past`} onClick={() => unfold(!isOpen)}>
            {say(isOpen ? 'link.fold' : 'link.unfold')}
          </button>
        )}
      </header>
      {link.problem && <Advice trouble={link.problem} since={link.since} now={now} sign={sign} />}
      {link.up && <Pairs pairs={glancePairs(link)} first />}
      <div id={`${id}-past`}>
        {isOpen && link.up && <Pairs pairs={morePairs(link)} />}
        {isOpen && <LinkCharts link={link} past={past} now={now} />}
        {isOpen && <LayerStrip past={past} now={now} />}
      </div>
    </article>
  );
}

type Pair = [name: string, value: string];

// glancePairs say whether the picture is on time, and what it costs.
function glancePairs(link: Link): Pair[] {
  return [
    [say('link.latency'), millis(link.latency_ms?.p95)],
    [say('link.loss'), share(link.loss)],
    [say('link.overhead'), share(link.overhead)],
    [say('link.queue'), millis(link.queue_ms)],
    [say('link.layers'), layersNow(link)],
  ];
}

function morePairs(link: Link): Pair[] {
  return [
    [say('link.rtt'), millis(link.rtt_ms)],
    [say('link.delay'), `${millis(link.delay_ms)} ±${millis(link.delay_error_ms)}`],
    [say('link.burst'), link.burst == null ? '–' : say('link.packets', { n: link.burst.toFixed(1) })],
    [say('link.rate'), rate(link.rate)],
    [say('link.estimate'), rate(link.estimate)],
    [say('link.repaired'), count(link.repaired)],
    [say('link.late'), count(link.late)],
    [say('link.lost'), count(link.lost)],
  ];
}

function Pairs({ pairs, first = false }: { pairs: Pair[]; first?: boolean }) {
  return (
    <dl class={`row-pairs${first ? ' first' : ''}`}>
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

// layersNow counts what the link carries of pictures: how many at which layer.
function layersNow(link: Link): string {
  const now = link.flows.filter((f) => f.active && f.layer !== 'audio').map((f) => f.layer);
  const words = (['main', 'sub'] as const)
    .map((layer) => [layer, now.filter((l) => l === layer).length] as const)
    .filter(([, n]) => n > 0)
    .map(([layer, n]) => `${say(`layer.${layer}`)} ×${n}`);
  return words.join(' · ') || '–';
}
