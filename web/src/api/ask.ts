// Requests to the node. Each ends with an answer or a Problem; none hangs.
import { Problem, problemOf } from './problem';
import { inPath } from '../route';
import type { ClassState, Feed, History, LogLine, Session } from './types';

const patience = 8000; // ms: a node on the same LAN that takes longer is not there

/** ask fetches; a refusal or a silence is thrown as a Problem. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  init.signal?.addEventListener('abort', () => stop.abort());
  try {
    const answer = await fetch(path, { credentials: 'same-origin', ...init, signal: stop.signal });
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  } catch (err) {
    if (err instanceof Problem) throw err;
    throw new Problem('unreachable-node', String(err));
  } finally {
    clearTimeout(timer);
  }
}

async function json<T>(path: string): Promise<T> {
  return (await ask(path)).json() as Promise<T>;
}

export const askFeed = (feed: string): Promise<Feed> => json<Feed>(`/api/v1/feeds/${inPath(feed)}`);
export const askHistory = (): Promise<History> => json<History>('/api/v1/history');
export const askSession = (): Promise<Session> => json<Session>('/api/v1/session');

export async function askLog(): Promise<LogLine[]> {
  return (await json<{ lines: LogLine[] }>('/api/v1/log')).lines;
}

export async function askClasses(): Promise<ClassState[]> {
  return (await json<{ classes: ClassState[] }>('/api/v1/classes')).classes;
}

function post(path: string, body: unknown): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

export async function login(user: string, password: string): Promise<void> {
  await post('/api/v1/login', { user, password });
}

export async function logout(): Promise<void> {
  await post('/api/v1/logout', {});
}

/** turnClass asks that a room be the main school, and which has the floor; empty: none. */
export async function turnClass(id: string, turn: { main: string; floor: string }): Promise<void> {
  await post(`/api/v1/classes/${encodeURIComponent(id)}`, turn);
}
