// uPlot in the page's colours. It is made anew when the look changes: colours are drawn
// on a canvas.
import uPlot from 'uplot';
import type { Column } from '../api/types';
import { windowMs } from './past';

export interface ChartPlot {
  draw(at: number[], columns: Column[], now: number): void;
  destroy(): void;
}

interface Look {
  sync: string;
  least: number;
  colours: ('a' | 'b' | 'c')[];
  value(v: number | null): string;
  pointed(index: number | null): void;
}

const height = 108; // px
const strokes = {
  a: { variable: '--accent', width: 2, dash: [] },
  b: { variable: '--warn', width: 1.5, dash: [] },
  c: { variable: '--bad', width: 1.5, dash: [3, 3] }, // dashes too, for eyes that see no red
};

export function makePlot(host: HTMLElement, look: Look): ChartPlot {
  let last: [number[], Column[], number] = [[], [], Date.now()];
  let plot = build(host, look);
  const draw = (): void => {
    const [at, columns, now] = last;
    plot.setData([at.map((t) => t / 1000), ...columns] as uPlot.AlignedData, false);
    plot.setScale('x', { min: (now - windowMs) / 1000, max: now / 1000 });
  };
  const rebuild = (): void => {
    plot.destroy();
    plot = build(host, look);
    draw();
  };
  const fit = (): void => plot.setSize({ width: host.clientWidth, height });
  window.addEventListener('resize', fit);
  window.addEventListener('themechange', rebuild);
  return {
    draw(at, columns, now) {
      last = [at, columns, now];
      if (plot.width !== host.clientWidth) fit();
      draw();
    },
    destroy() {
      window.removeEventListener('resize', fit);
      window.removeEventListener('themechange', rebuild);
      plot.destroy();
    },
  };
}

function build(host: HTMLElement, look: Look): uPlot {
  const css = getComputedStyle(document.documentElement);
  const colour = (variable: string): string => css.getPropertyValue(variable).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--soft'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    gap: 4,
  };
  const lines = look.colours.map((c, i): uPlot.Series => ({
    stroke: colour(strokes[c].variable),
    width: strokes[c].width,
    dash: strokes[c].dash,
    points: { show: false },
    // Over the first line only: areas over areas hide each other.
    ...(i === 0 ? { fill: `${colour(strokes[c].variable)}1f` } : {}),
  }));
  const options: uPlot.Options = {
    width: Math.max(160, host.clientWidth),
    height,
    legend: { show: false },
    padding: [8, 10, 0, 0],
    cursor: { sync: { key: look.sync }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true, auto: false }, y: { range: (_, __, max) => [0, Math.max(look.least, max * 1.1)] } },
    axes: [
      { ...axis, size: 22, space: 64, values: (_, ticks) => ticks.map(hourMinute) },
      { ...axis, size: 54, space: 26, values: (_, ticks) => ticks.map((t) => look.value(t)) },
    ],
    series: [{}, ...lines],
    hooks: { setCursor: [(u) => look.pointed(u.cursor.idx ?? null)] },
  };
  const none = [[], ...look.colours.map(() => [])] as unknown as uPlot.AlignedData;
  return new uPlot(options, none, host);
}

function hourMinute(seconds: number): string {
  const t = new Date(seconds * 1000);
  return `${String(t.getHours()).padStart(2, '0')}:${String(t.getMinutes()).padStart(2, '0')}`;
}
