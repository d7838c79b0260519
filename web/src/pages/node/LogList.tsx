import type { LogLine } from '../../api/types';
import { pick, say } from '../../i18n/words';
import { when } from '../../ui/figures';

export function LogList({ log, now }: { log: LogLine[]; now: number }) {
  if (log.length === 0) return <p class="empty">{say('node.nolog')}</p>;
  return (
    <ol class="log" tabIndex={0} aria-label={say('node.log')}>
      {log.map((l) => (
        <li key={`${l.at} ${l.code} ${l.feed} ${l.link}`} class={l.level}>
          <time dateTime={l.at}>{when(l.at, now)}</time>
          <span>
            {l.level === 'warn' && <span class="sign warn">{say('log.warn')}</span>} {pick(l.text)}
          </span>
        </li>
      ))}
    </ol>
  );
}
