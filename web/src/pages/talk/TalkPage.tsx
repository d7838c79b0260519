// Talk-back: the camera and the microphone of this device become a feed.
import './talk.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { askSession } from '../../api/ask';
import { Problem } from '../../api/problem';
import { useLanguage } from '../../i18n/language';
import { say } from '../../i18n/words';
import { inPath, toLogin } from '../../route';
import { Speech, type SpeechState } from '../../talk/speech';
import { httpsHere } from '../../ui/httpsHere';
import { TopBar } from '../../ui/TopBar';
import { Words } from '../../ui/Words';
import { AirTime } from './AirTime';
import { DeviceChoice } from './DeviceChoice';
import { LevelMeter } from './LevelMeter';
import { useCapture } from './useCapture';

export function TalkPage({ feed }: { feed: string }) {
  useLanguage();
  const video = useRef<HTMLVideoElement>(null);
  const speech = useRef<Speech | null>(null);
  const [state, setState] = useState<SpeechState>({ phase: 'idle', problem: null });
  const [muted, setMuted] = useState(false);
  const capture = useCapture((stream) => speech.current?.use(stream));
  const { stream } = capture;
  const on = state.phase !== 'idle';

  useEffect(() => {
    document.title = say('talk.title', { feed });
  });
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
    stream?.getAudioTracks().forEach((track) => (track.enabled = !muted));
  }, [stream, muted]);
  useEffect(() => {
    const leave = (): void => speech.current?.stop();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, []);

  const start = (): void => {
    if (stream) speech.current = new Speech(feed, stream, setState);
  };
  const stop = (): void => {
    speech.current?.stop();
    speech.current = null;
  };
  const problem = state.problem ?? capture.problem;
  return (
    <>
      <TopBar />
      <main class="talk" id="content">
        <h1>{say('talk.heading')}</h1>
        <p class="place">{say('talk.to', { feed })}</p>
        {problem && <Trouble problem={problem} feed={feed} />}
        <div class="columns">
          <div class={`mirror-frame ${state.phase}`}>
            <video class="mirror" ref={video} muted autoPlay playsInline aria-label={say('talk.preview')} />
            {!stream && <p class="mirror-empty">{say('talk.allow.why')}</p>}
            <p class={`state ${state.phase}`} role="status">
              {say(on && muted && state.phase === 'air' ? 'talk.state.muted' : `talk.state.${state.phase}`)}
            </p>
            {state.phase === 'air' && <AirTime />}
          </div>
          <div class="desk">
            {!stream && (
              <button class="button main large" onClick={capture.open} disabled={capture.asking}>
                {say('talk.allow')}
              </button>
            )}
            {stream && (
              <>
                <DeviceChoice capture={capture} />
                <LevelMeter stream={stream} muted={muted} />
                <p class="soft">{say('talk.echo')}</p>
                <div class="buttons">
                  <button class={`button large ${on ? 'stop' : 'main'}`} onClick={on ? stop : start}>
                    {say(on ? 'talk.stop' : 'talk.start')}
                  </button>
                  <button class="button large" onClick={() => setMuted(!muted)} aria-pressed={muted}>
                    {say(muted ? 'talk.unmute' : 'talk.mute')}
                  </button>
                </div>
              </>
            )}
            <a class="way" href={`/watch/${inPath(feed)}`}>
              {say('talk.watch')}
            </a>
          </div>
        </div>
      </main>
    </>
  );
}

function Trouble({ problem, feed }: { problem: Problem; feed: string }) {
  const [https, setHttps] = useState<string | null>(null);
  useEffect(() => {
    if (problem.code !== 'no-https') return;
    askSession().then((s) => setHttps(httpsHere(s.https_port)), () => undefined); // the words stand alone too
  }, [problem]);
  const login = problem.code === 'login' || problem.code === 'expired';
  return (
    <Words problem={problem} feed={feed} bad>
      {https && <a href={https}>{say('talk.https')}</a>}
      {login && <a href={toLogin(problem.code as 'login' | 'expired')}>{say('nav.login')}</a>}
    </Words>
  );
}
