import type { Trouble } from '../../api/types';
import { doTrouble, sayTrouble } from '../../i18n/words';

interface Props {
  trouble: Trouble;
  since: string | null;
  now: number;
  sign: 'good' | 'warn' | 'bad';
}

/** Advice is what is wrong with a feed or a link, and what to do. */
export function Advice({ trouble, since, now, sign }: Props) {
  const todo = doTrouble(trouble);
  return (
    <div class={`trouble ${sign}`}>
      <p class="what">{sayTrouble(trouble, since, now)}</p>
      {todo && <p class="do">{todo}</p>}
    </div>
  );
}
