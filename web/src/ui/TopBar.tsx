// The bar over every page but the player: what this is, the language, the look.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { language, setLanguage } from '../i18n/language';
import { say } from '../i18n/words';
import { nextTheme, theme } from './theme';
import { Mark } from './Mark';

export function TopBar({ children, right }: { children?: ComponentChildren; right?: ComponentChildren }) {
  const [look, setLook] = useState(theme());
  const other = language() === 'zh' ? 'en' : 'zh';
  return (
    <header class="top">
      <a class="skip" href="#content">
        {say('app.skip')}
      </a>
      <a class="brand" href="/">
        <Mark />
        <span>classrelay</span>
      </a>
      <div class="top-middle">{children}</div>
      <nav class="top-right">
        {right}
        <button class="plain" onClick={() => setLook(nextTheme())}>
          {say('nav.theme', { theme: say(`nav.theme.${look}`) })}
        </button>
        <button class="plain" lang={other === 'zh' ? 'zh-CN' : 'en'} onClick={() => setLanguage(other)}>
          {say('nav.language')}
        </button>
      </nav>
    </header>
  );
}
