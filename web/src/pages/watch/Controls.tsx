import { say } from '../../i18n/words';
import { setLanguage, language } from '../../i18n/language';

interface Props {
  feed: string;
  muted: boolean;
  figures: boolean;
  onSound(): void;
  onFigures(): void;
  onFull(): void;
}

/** Controls lie under the picture and go away by themselves. */
export function Controls({ feed, muted, figures, onSound, onFigures, onFull }: Props) {
  const full = document.fullscreenElement != null;
  return (
    <div class="controls">
      <a class="control" href="/">
        {say('nav.back')}
      </a>
      <span class="feed-name">{feed}</span>
      <span class="gap" />
      <button class="control" onClick={onSound} aria-pressed={!muted}>
        {say(muted ? 'watch.sound.on' : 'watch.sound.off')}
      </button>
      <button class="control" onClick={onFigures} aria-pressed={figures} title={say('watch.figures.hint')}>
        {say('watch.figures')}
      </button>
      <button class="control" onClick={() => setLanguage(language() === 'zh' ? 'en' : 'zh')}>
        {say('nav.language')}
      </button>
      <button class="control" onClick={onFull}>
        {say(full ? 'watch.full.leave' : 'watch.full')}
      </button>
    </div>
  );
}
