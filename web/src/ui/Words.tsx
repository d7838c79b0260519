import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/problem';
import { doProblem, sayProblem } from '../i18n/words';

interface Props {
  problem: Problem;
  feed?: string;
  bad?: boolean;
  children?: ComponentChildren; // a way on
}

/** Words are what is wrong and what to do about it. A bad one is read out at once. */
export function Words({ problem, feed = '', bad = false, children }: Props) {
  return (
    <div class={bad ? 'words bad' : 'words'} role={bad ? 'alert' : 'status'}>
      <p class="what">{sayProblem(problem, feed)}</p>
      <p class="do">
        {doProblem(problem, feed)} {children}
      </p>
    </div>
  );
}
