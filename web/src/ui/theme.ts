// Dark or light: as the system says, or as chosen here.
import { remember, remembered } from './remembered';

export type Theme = 'auto' | 'light' | 'dark';

const order = ['auto', 'light', 'dark'] as const;
let chosen: Theme | null = null;

export function theme(): Theme {
  chosen = chosen ?? remembered('theme', order) ?? 'auto';
  return chosen;
}

export function nextTheme(): Theme {
  chosen = order[(order.indexOf(theme()) + 1) % order.length] ?? 'auto';
  remember('theme', chosen);
  applyTheme();
  return chosen;
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
