// How much of the time that a lesson may take its picture has spent on the way here.
import { say } from '../../i18n/words';
import { millis } from '../../ui/figures';
import type { Hops } from './glance';

const budget = 300; // ms from camera to screen: later than that is no conversation

export function Journey({ latency, error, hops }: { latency: number; error: number | null; hops: Hops | null }) {
  const late = latency > budget;
  const of = (ms: number): number => (Math.max(0, ms) / Math.max(budget, latency)) * 100;
  const before = hops ? of(hops.before) : of(latency);
  return (
    <div class={`journey${late ? ' late' : ''}`}>
      <p class="journey-total">
        <strong>{millis(latency)}</strong>
        {error != null && <span class="soft"> ±{millis(error)}</span>}
      </p>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="spent" x="0" y="0" width={before} height="6" />
        {hops && <rect class="spent line" x={before} y="0" width={of(hops.line)} height="6" />}
      </svg>
      {hops && (
        <p class="soft">
          {say('feed.hop.line', { node: hops.from, ms: millis(hops.line) })}
          {' · '}
          {say('feed.hop.before', { ms: millis(hops.before) })}
        </p>
      )}
    </div>
  );
}
