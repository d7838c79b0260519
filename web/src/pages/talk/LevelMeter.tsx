import { useEffect, useState } from 'preact/hooks';
import { say } from '../../i18n/words';
import { measure } from '../../talk/level';

const quietBelow = 0.12; // about -53 dBFS: less than a quiet room's air
const quietFor = 4000; // ms

/** LevelMeter shows that the microphone hears something, and says so when it does not. */
export function LevelMeter({ stream, muted }: { stream: MediaStream; muted: boolean }) {
  const [level, setLevel] = useState(0);
  const [quiet, setQuiet] = useState(false);
  useEffect(() => {
    let heardAt = performance.now();
    return measure(stream, (now) => {
      setLevel(now);
      if (now > quietBelow) heardAt = performance.now();
      setQuiet(performance.now() - heardAt > quietFor);
    });
  }, [stream]);
  return (
    <div>
      <label for="level">{say('talk.level')}</label>
      <meter id="level" class="level" min={0} max={1} low={quietBelow} high={0.92} optimum={0.5} value={muted ? 0 : level} />
      <p class="soft quiet-words" role="status">
        {quiet && !muted && say('talk.level.quiet')}
      </p>
    </div>
  );
}
