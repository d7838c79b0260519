import { useEffect, useRef, useState } from 'preact/hooks';
import { say, sayProblem } from '../../i18n/words';
import { HeldPicture } from '../../play/held';
import { Lesson, type LessonState } from '../../play/lesson';

/** LivePreview plays the sub stream without sound. */
export function LivePreview({ feed }: { feed: string }) {
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [state, changed] = useState<LessonState | null>(null);
  useEffect(() => {
    if (!video.current || !canvas.current) return;
    video.current.muted = true;
    const held = new HeldPicture(canvas.current, video.current);
    const lesson = new Lesson({ feed, layer: 'sub', via: null, sound: false, video: video.current, held, changed });
    lesson.start();
    return () => lesson.stop();
  }, [feed]);
  return (
    <>
      <video ref={video} class="still" muted autoPlay playsInline aria-label={say('feed.preview.of', { feed })} />
      <canvas ref={canvas} class="still" hidden />
      {state && state.phase !== 'playing' && (
        <span class="thumb-empty">{state.problem ? sayProblem(state.problem, feed) : say('watch.waiting')}</span>
      )}
    </>
  );
}
