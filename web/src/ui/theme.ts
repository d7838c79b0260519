// Dark or light: as the system says, or as chosen here.
export type Theme = 'auto' | 'light' | 'dark';

const key = 'classrelay.theme';
const order: Theme[] = ['auto', 'light', 'dark'];

export function theme(): Theme {
  try {
    const kept = localStorage.getItem(key) as Theme | null;
    return kept && order.includes(kept) ? kept : 'auto';
  } catch {
    return 'auto';
  }
}

export function nextTheme(): Theme {
  const next = order[(order.indexOf(theme()) + 1) % order.length] ?? 'auto';
  try {
    localStorage.setItem(key, next);
  } catch {
    // no storage in this browser: nothing is remembered
  }
  applyTheme();
  return next;
}

export function isDark(): boolean {
  const chosen = theme();
  return chosen === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
}

export function applyTheme(): void {
  const set = (): void => document.documentElement.setAttribute('data-theme', isDark() ? 'dark' : 'light');
  set();
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.onchange = () => {
    set();
    dispatchEvent(new Event('themechange'));
  };
  dispatchEvent(new Event('themechange'));
}
