// The start of every page: the path says which one. Each is a chunk of its own, so that
// a classroom panel loads the player and no charts.
import './ui/base.css';
import { render, type ComponentType } from 'preact';
import { route, type Route } from './route';
import { applyTheme } from './ui/theme';
import { applyLanguage } from './i18n/language';

async function page(to: Route): Promise<ComponentType<{ feed: string }>> {
  switch (to.page) {
    case 'watch':
      return (await import('./pages/watch/WatchPage')).WatchPage;
    case 'talk':
      return (await import('./pages/talk/TalkPage')).TalkPage;
    case 'classes':
      return (await import('./pages/classes/ClassesPage')).ClassesPage;
    case 'login':
      return (await import('./pages/login/LoginPage')).LoginPage;
    case 'node':
      return (await import('./pages/node/NodePage')).NodePage;
  }
}

async function start(): Promise<void> {
  applyTheme();
  applyLanguage();
  const to = route(location.pathname);
  const Page = await page(to);
  const root = document.getElementById('page');
  if (root) root.textContent = ''; // what stood there for browsers that never come here
  if (root) render(<Page feed={to.feed} />, root);
}

void start();
