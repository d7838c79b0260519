// Which language the page speaks: the one chosen here before, else the browser's first.
// A change is remembered on this device.
import { useEffect, useState } from 'preact/hooks';
import { remember, remembered } from '../ui/remembered';

export type Language = 'zh' | 'en';

const listeners = new Set<() => void>();
let chosen: Language | null = null;

export function language(): Language {
  if (!chosen) chosen = remembered('language', ['zh', 'en']) ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
  return chosen;
}

export function setLanguage(to: Language): void {
  chosen = to;
  remember('language', to);
  applyLanguage();
  listeners.forEach((tell) => tell());
}

/** applyLanguage tells the browser, for its fonts and for screen readers. */
export function applyLanguage(): void {
  document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
}

/** useLanguage draws a component anew when the language changes. */
export function useLanguage(): Language {
  const [, again] = useState(0);
  useEffect(() => {
    const tell = (): void => again((n) => n + 1);
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return language();
}
