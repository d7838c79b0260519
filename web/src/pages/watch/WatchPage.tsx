// The lesson on the whole screen. With ?kiosk=1 it starts without a keyboard and gives
// sound as soon as the browser lets it; ?via=whep and ?via=mse choose the road,
// ?layer=main and ?layer=sub the stream.
import './watch.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { toLogin } from '../../route';
import { useLanguage } from '../../i18n/language';
import { say } from '../../i18n/words';
import { Controls } from './Controls';
import { FiguresPanel } from './FiguresPanel';
import { Notice } from './Notice';
import { useIdle } from './idle';
import { useNightly } from './nightly';
import { useLesson } from './useLesson';
import { useSound } from './useSound';
import { useWakeLock } from './useWakeLock';
import { wishes } from './wishes';
import { fullScreen, useFullScreen } from './fullScreen';
import { NoSound } from './NoSound';
import { useHold } from './useHold';

export function WatchPage({ feed }: { feed: string }) {
  useLanguage();
  const wish = wishes(location.search);
  const frame = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [figures, setFigures] = useState(false);
  const { state, lesson } = useLesson(feed, wish, video, canvas);
  const sound = useSound(video, wish.kiosk, state.phase === 'playing');
  const idle = useIdle(3000);
  const full = useFullScreen();
  const seen = useRef(false); // a picture has been on the screen
  if (state.phase === 'playing') seen.current = true;
  const hold = useHold(() => setFigures((on) => !on));
  useWakeLock();
  useNightly(wish.kiosk);

  useEffect(() => {
    document.title = say('watch.title', { feed });
  });
  useEffect(() => {
    const code = state.problem?.code;
    if (!wish.kiosk && (code === 'login' || code === 'expired')) location.replace(toLogin(code));
  }, [state.problem]);
  useEffect(() => {
    const press = (e: KeyboardEvent): void => {
      if (e.ctrlKey || e.altKey || e.metaKey) return;
      if (e.key === 'i') setFigures((on) => !on);
      if (e.key === 'f') fullScreen(frame.current, video.current);
      if (e.key === 'm') sound.toggle();
      if (e.key === 'Escape') setFigures(false);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  });

  const quiet = idle && state.phase === 'playing' && !figures;
  return (
    <main class={`watch${quiet ? ' quiet' : ''}${wish.kiosk ? ' kiosk' : ''}`} ref={frame} id="content">
      <h1 class="unseen">{say('watch.title', { feed })}</h1>
      <div class="stage" {...hold} onClick={() => sound.blocked && sound.toggle()} onDblClick={() => fullScreen(frame.current, video.current)}>
        <video ref={video} class="picture" muted autoPlay playsInline aria-label={say('watch.video', { feed })} />
        <canvas ref={canvas} class="picture held" hidden />
      </div>
      <Notice feed={feed} state={state} kiosk={wish.kiosk} over={seen.current} />
      {state.lacks === 'sound' && state.via === 'whep' && <NoSound />}
      {sound.blocked && !figures && (
        <button class="pill" onClick={sound.toggle}>
          {say('watch.sound.tap')}
        </button>
      )}
      {figures && <FiguresPanel feed={feed} lesson={lesson} video={video} lacks={state.lacks} />}
      {!wish.kiosk && (
        <Controls
          feed={feed}
          muted={sound.muted}
          figures={figures}
          full={full}
          onSound={sound.toggle}
          onFigures={() => setFigures((on) => !on)}
          onFull={() => fullScreen(frame.current, video.current)}
        />
      )}
    </main>
  );
}
