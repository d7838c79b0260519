// Which layer of each picture the link carried, over the same ten minutes as the charts.
import type { LinkHistory, FlowHistory } from '../api/types';
import { say } from '../i18n/words';
import { clock } from '../ui/figures';
import { runs, windowMs } from './past';

export function LayerStrip({ past, now }: { past: LinkHistory; now: number }) {
  if (past.flows.length === 0) return null;
  return (
    <div class="layers">
      <p class="chart-name">{say('chart.layer')}</p>
      {past.flows.map((f) => (
        <Strip key={`${f.direction} ${f.feed}`} flow={f} at={past.at} now={now} />
      ))}
    </div>
  );
}

function Strip({ flow, at, now }: { flow: FlowHistory; at: number[]; now: number }) {
  const x = (i: number): number => (((at[i] ?? now) - (now - windowMs)) / windowMs) * 1000;
  const layer = flow.layer[flow.layer.length - 1] ?? null;
  return (
    <div class="strip">
      <span class="strip-feed">
        {flow.feed} <span class="soft">{say(`link.flow.${flow.direction}`)}</span>
      </span>
      <svg viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">
        {runs(flow.layer).map(({ from, to, value }) => {
          if (!value) return null;
          const begin = Math.max(0, x(from));
          const end = x(to + 1);
          const tall = value === 'main' ? 16 : 8; // seen without colours too
          return (
            <rect key={from} class={`layer-${value}`} x={begin} y={16 - tall} width={Math.max(1, end - begin)} height={tall}>
              <title>{`${clock(at[from] ?? now)} ${say(`layer.${value}`)}`}</title>
            </rect>
          );
        })}
      </svg>
      <span class="strip-now">{say(`layer.${layer ?? 'none'}`)}</span>
    </div>
  );
}
