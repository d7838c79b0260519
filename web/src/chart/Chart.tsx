// A small chart of the last ten minutes, with its legend and values in words beside it.
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Column } from '../api/types';
import { say } from '../i18n/words';
import type { ChartPlot } from './plot';
import { makePlot } from './plot';

export interface Line {
  name: string;
  column: Column;
  colour: 'a' | 'b' | 'c';
}

interface Props {
  name: string;
  sync: string; // charts of the same key move their cursors together
  at: number[]; // ms
  now: number; // ms
  lines: Line[];
  value(v: number | null | undefined): string;
  least: number; // the scale's top is never below this
  without: string; // what is said where there are no figures
}

export function Chart({ name, sync, at, now, lines, value, least, without }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<ChartPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  const latest = at.length - 1;
  const shown = lines.map((l) => `${l.name} ${value(l.column[index ?? latest])}`);

  useEffect(() => {
    if (!host.current) return;
    const made = makePlot(host.current, { sync, least, value, colours: lines.map((l) => l.colour), pointed: setIndex });
    plot.current = made;
    return () => made.destroy();
  }, [name]);
  useEffect(() => {
    plot.current?.draw(at, lines.map((l) => l.column), now);
  }, [now, latest, name]);

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-name">{name}</span>
        {lines.map((l, i) => (
          <span class={`key ${l.colour}`} key={l.name}>
            {shown[i]}
          </span>
        ))}
      </figcaption>
      <div ref={host} class="plot" role="img" aria-label={say('chart.label', { name, values: shown.join(', ') })} />
      {lines.every((l) => l.column.every((v) => v == null)) && <p class="chart-empty">{without}</p>}
    </figure>
  );
}
