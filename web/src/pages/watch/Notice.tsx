// What is wrong, in words, over the last picture.
import { useEffect, useRef, useState } from 'preact/hooks';
import { askFeed } from '../../api/ask';
import type { Feed, Trouble } from '../../api/types';
import { doProblem, doTrouble, say, sayProblem, sayTrouble, span } from '../../i18n/words';
import type { LessonState } from '../../play/lesson';
import { toLogin } from '../../route';

interface Props {
  feed: string;
  state: LessonState;
  kiosk: boolean;
  over: boolean; // over the last picture, not on a black screen
}

const calm = 700; // ms: shorter interruptions are over before they are read

export function Notice({ feed, state: now, kiosk, over }: Props) {
  const state = useSteady(now);
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
    <div class={`notice ${state.phase}${over ? ' over' : ''}`}>
      <div role="status">
        <p class="what">{what(feed, state, known)}</p>
        <p class="do">{todo(feed, state, known)}</p>
      </div>
      {state.retryAt != null && <p class="then">{again(state.retryAt)}</p>}
      {mayLogIn && <a href={toLogin(code)}>{say('nav.login')}</a>}
    </div>
  );
}

// The node knows best why there is no picture; without it we say what we saw.
function what(feed: string, state: LessonState, known: Feed | null): string {
  const trouble = troubleOf(state, known);
  if (trouble) return sayTrouble(trouble, known?.offline_since ?? null, Date.now());
  if (state.problem) return sayProblem(state.problem, feed);
  if (state.offlineSince) return say('trouble.offline', { time: span(Date.now() - Date.parse(state.offlineSince)) });
  return say(state.phase === 'waiting' ? 'watch.waiting' : 'watch.connecting', { feed });
}

// todo is what a person can do about it; the rest the page does.
function todo(feed: string, state: LessonState, known: Feed | null): string {
  const trouble = troubleOf(state, known);
  if (trouble) return doTrouble(trouble);
  if (state.problem) return doProblem(state.problem, feed);
  return state.offlineSince ? say('trouble.offline.do') : '';
}

function troubleOf(state: LessonState, known: Feed | null): Trouble | null {
  const vague = !state.problem || ['offline', 'lost', 'silent', 'internal'].includes(state.problem.code);
  return vague && known && !known.online ? known.problem : null;
}

function again(at: number): string {
  const seconds = Math.ceil((at - performance.now()) / 1000);
  return seconds > 0 ? say('watch.retry', { seconds }) : say('watch.trying');
}

// useSteady keeps what is wrong on the screen while another try is under way: words that
// come and go each second are not read.
function useSteady(now: LessonState): LessonState {
  const wrong = useRef<LessonState | null>(null);
  if (now.phase === 'down') wrong.current = now;
  else if (now.phase !== 'connecting') wrong.current = null;
  return wrong.current ?? now;
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
