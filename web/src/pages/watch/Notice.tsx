// What is wrong, in words, over the last picture.
import { useEffect, useState } from 'preact/hooks';
import { askFeed } from '../../api/ask';
import type { Feed } from '../../api/types';
import { say, sayProblem, sayTrouble, span } from '../../i18n/words';
import type { LessonState } from '../../play/lesson';
import { toLogin } from '../../route';

interface Props {
  feed: string;
  state: LessonState;
  kiosk: boolean;
}

const calm = 700; // ms: shorter interruptions are over before they are read

export function Notice({ feed, state, kiosk }: Props) {
  const away = state.phase !== 'playing';
  const [shown, setShown] = useState(false);
  const known = useFeed(feed, away);
  useTick(away);
  useEffect(() => {
    if (!away) return setShown(false);
    const timer = setTimeout(() => setShown(true), state.phase === 'down' ? 0 : calm);
    return () => clearTimeout(timer);
  }, [away, state.phase === 'down']);
  if (!away || !shown) return null;

  const code = state.problem?.code;
  const mayLogIn = kiosk && (code === 'login' || code === 'expired');
  return (
    <div class={`notice ${state.phase}`} role="status">
      <p class="what">{what(feed, state, known)}</p>
      {state.retryAt != null && <p class="then">{again(state.retryAt)}</p>}
      {mayLogIn && <a href={toLogin(code)}>{say('nav.login')}</a>}
    </div>
  );
}

// The node knows best why there is no picture; without it we say what we saw.
function what(feed: string, state: LessonState, known: Feed | null): string {
  const vague = !state.problem || ['offline', 'lost', 'silent', 'internal'].includes(state.problem.code);
  if (vague && known?.problem && !known.online) return sayTrouble(known.problem, known.offline_since, Date.now());
  if (state.problem) return sayProblem(state.problem, feed);
  if (state.offlineSince) return say('trouble.offline', { time: span(Date.now() - Date.parse(state.offlineSince)) });
  return say(state.phase === 'waiting' ? 'watch.waiting' : 'watch.connecting', { feed });
}

function again(at: number): string {
  const seconds = Math.ceil((at - performance.now()) / 1000);
  return seconds > 0 ? say('watch.retry', { seconds }) : '';
}

// useFeed asks what the node knows of the feed while there is no picture.
function useFeed(feed: string, away: boolean): Feed | null {
  const [known, setKnown] = useState<Feed | null>(null);
  useEffect(() => {
    if (!away) return;
    const look = (): void => void askFeed(feed).then(setKnown, () => setKnown(null));
    look();
    const timer = setInterval(look, 3000);
    return () => clearInterval(timer);
  }, [feed, away]);
  return known;
}

// useTick draws anew each second, for what counts down.
function useTick(on: boolean): void {
  const [, again] = useState(0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => again((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [on]);
}
