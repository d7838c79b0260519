import type { Status } from '../../api/types';
import { say, sayTrouble } from '../../i18n/words';
import { millis } from '../../ui/figures';
import { anchor, glance, type Glance, type Reason } from './glance';

const most = 6; // reasons that are read at a glance; the rest is on the page

/** Verdict says whether every picture is on time, and if not, why. */
export function Verdict({ status, now }: { status: Status; now: number }) {
  const seen = glance(status);
  const { slowest, reasons } = seen;
  if (seen.feeds === 0 && reasons.length === 0) return null; // the page says so below
  return (
    <section class={`verdict ${seen.sign}`} aria-label={say('verdict.about')}>
      <div>
        <p class="verdict-line">{headline(seen)}</p>
        {slowest && (
          <p class="soft">{say('verdict.slowest', { ms: millis(slowest.latency_ms), feed: slowest.id })}</p>
        )}
      </div>
      {reasons.length > 0 && (
        <ul class="reasons">
          {reasons.slice(0, most).map((r) => (
            <Line key={`${r.kind} ${r.name}`} reason={r} now={now} />
          ))}
          {reasons.length > most && <li class="soft">{say('verdict.more', { n: reasons.length - most })}</li>}
        </ul>
      )}
    </section>
  );
}

function Line({ reason, now }: { reason: Reason; now: number }) {
  return (
    <li class={reason.sign}>
      <a href={`#${anchor(reason.kind, reason.name)}`}>{reason.name}</a>
      <span>{sayTrouble(reason.trouble, reason.since, now)}</span>
    </li>
  );
}

function headline({ feeds, onTime, slowest }: Glance): string {
  if (feeds === 0) return say('verdict.empty');
  if (onTime === 0) return say('verdict.none');
  if (onTime < feeds) return say('verdict.some', { ok: onTime, n: feeds });
  if (!slowest) return say('verdict.ready', { n: feeds });
  return feeds === 1 ? say('verdict.one') : say('verdict.all', { n: feeds });
}
