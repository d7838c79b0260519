import { language, setLanguage } from '../../i18n/language';
import { say } from '../../i18n/words';
import { Icon } from '../../ui/Icon';

interface Props {
  feed: string;
  muted: boolean;
  figures: boolean;
  full: boolean;
  onSound(): void;
  onFigures(): void;
  onFull(): void;
}

/** Controls lie under the picture and go away by themselves. On a phone they are signs. */
export function Controls({ feed, muted, figures, full, onSound, onFigures, onFull }: Props) {
  const other = language() === 'zh' ? 'en' : 'zh';
  return (
    <div class="controls">
      <a class="control" href="/">
        <Icon shape="back" /> <span class="control-word">{say('nav.back')}</span>
      </a>
      <span class="feed-name">{feed}</span>
      <span class="gap" />
      <button class="control" onClick={onSound}>
        <Icon shape={muted ? 'silent' : 'sound'} /> <span class="control-word">{say(muted ? 'watch.sound.on' : 'watch.sound.off')}</span>
      </button>
      <button class="control" onClick={onFigures} aria-pressed={figures} title={say('watch.figures.hint')}>
        <Icon shape="figures" /> <span class="control-word">{say('watch.figures')}</span>
      </button>
      <button class="control" lang={other === 'zh' ? 'zh-CN' : 'en'} onClick={() => setLanguage(other)}>
        {say('nav.language')}
      </button>
      <button class="control" onClick={onFull}>
        <Icon shape={full ? 'window' : 'full'} /> <span class="control-word">{say(full ? 'watch.full.leave' : 'watch.full')}</span>
      </button>
    </div>
  );
}
