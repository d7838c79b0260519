import { useState } from 'preact/hooks';
import { say } from '../../i18n/words';

/** NoSound says why a lesson is silent, until somebody has read it. */
export function NoSound() {
  const [read, setRead] = useState(false);
  if (read) return null;
  return (
    <div class="no-sound" role="status">
      <span>{say('watch.nosound')}</span>
      <button onClick={() => setRead(true)}>{say('watch.understood')}</button>
    </div>
  );
}
