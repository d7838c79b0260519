import { useEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { HeldPicture } from '../../play/held';
import { Lesson, type LessonState } from '../../play/lesson';
import type { Wishes } from './wishes';

const beginning: LessonState = {
  phase: 'connecting',
  via: null,
  problem: null,
  offlineSince: null,
  retryAt: null,
  lacks: null,
};

/** useLesson keeps a lesson on the video element for as long as the page is there. */
export function useLesson(
  feed: string,
  wish: Wishes,
  video: RefObject<HTMLVideoElement | null>,
  canvas: RefObject<HTMLCanvasElement | null>,
): { state: LessonState; lesson: RefObject<Lesson | null> } {
  const [state, changed] = useState(beginning);
  const lesson = useRef<Lesson>(null);
  useEffect(() => {
    if (!video.current || !canvas.current) return;
    video.current.muted = true; // an attribute set by script does not count everywhere
    const held = new HeldPicture(canvas.current, video.current);
    const { via, layer } = wish;
    const playing = new Lesson({ feed, layer, via, sound: true, video: video.current, held, changed });
    lesson.current = playing;
    playing.start();
    const leave = (): void => playing.stop();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      playing.stop();
    };
  }, [feed]);
  return { state, lesson };
}
