// Numbers as the pages write them; a dash where nothing is known.
const none = '–';

export function millis(v: number | null | undefined): string {
  if (v == null) return none;
  return `${tidy(v, v < 10 ? 1 : 0)} ms`;
}

export function share(v: number | null | undefined): string {
  if (v == null) return none;
  return `${tidy(v * 100, v < 0.1 ? 1 : 0)} %`;
}

function tidy(v: number, digits: number): string {
  return Math.abs(v) < 0.05 ? '0' : v.toFixed(digits);
}

export function rate(v: number | null | undefined): string {
  if (v == null) return none;
  if (v < 1e6) return `${Math.round(v / 1e3)} kbit/s`;
  return `${(v / 1e6).toFixed(v < 1e7 ? 1 : 0)} Mbit/s`;
}

export function count(v: number | null | undefined): string {
  return v == null ? none : String(v).replace(/\B(?=(\d{3})+$)/g, ' ');
}

export function clock(at: string | number | null): string {
  if (at == null) return none;
  const t = new Date(at);
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** when is the time of day, and of another day its date too. */
export function when(at: string | number | null, now: number): string {
  if (at == null) return none;
  const t = new Date(at);
  if (t.toDateString() === new Date(now).toDateString()) return clock(at);
  return `${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
