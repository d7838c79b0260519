// Sentences of the catalogue in the page's language.
import type { Problem } from '../api/problem';
import type { Text, Trouble } from '../api/types';
import { isTroubleCode } from '../api/codes';
import { en } from './en';
import { language } from './language';
import { zh } from './zh';

export type Key = keyof typeof zh;

/** say is a sentence with its braces filled in. */
export function say(key: Key, fill: Record<string, string | number> = {}): string {
  const sentence = (language() === 'zh' ? zh : en)[key];
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(fill[name] ?? ''));
}

/** pick is the page's language of a text that came from the node. */
export function pick(text: Text): string {
  return language() === 'zh' ? text.zh : text.en;
}

/** sayProblem puts a refused request into words: what is wrong. */
export function sayProblem(problem: Problem, feed = ''): string {
  return say(problemKey(problem), { feed, seconds: problem.retryAfter ?? 60 });
}

/** doProblem is what a person can do about it. */
export function doProblem(problem: Problem, feed = ''): string {
  return say(`${problemKey(problem)}.do` as Key, { feed, seconds: problem.retryAfter ?? 60 });
}

function problemKey(problem: Problem): Key {
  const special = `problem.codec.${problem.codec}`;
  return problem.code === 'codec' && special in zh ? (special as Key) : `problem.${problem.code}`;
}

/** doTrouble is what a person can do about a feed's or a link's problem; empty: unknown. */
export function doTrouble(trouble: Trouble): string {
  return isTroubleCode(trouble.code) ? say(`trouble.${trouble.code}.do`) : '';
}

/** sayTrouble puts a feed's or a link's problem into words. The node's own text knows
 * most (for how long, how much); the catalogue stands in where it gave none. */
export function sayTrouble(trouble: Trouble, since: string | null, now: number): string {
  const text = trouble.text ? pick(trouble.text) : '';
  if (text) return text;
  if (!isTroubleCode(trouble.code)) return trouble.code;
  const time = since ? span(now - Date.parse(since)) : '';
  return say(`trouble.${trouble.code}`, { time }).trim();
}

/** span is a length of time in one unit, as people say it. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return say('time.seconds', { n: s });
  if (s < 3600) return say('time.minutes', { n: Math.round(s / 60) });
  if (s < 48 * 3600) return say('time.hours', { n: Math.round(s / 3600) });
  return say('time.days', { n: Math.round(s / 86400) });
}
