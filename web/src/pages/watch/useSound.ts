import { useEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { onFirstTouch, soundAllowed } from '../../play/sound';

export interface Sound {
  muted: boolean;
  /** The browser keeps sound back until the page is touched. */
  blocked: boolean;
  toggle(): void;
}

/** useSound starts muted, as every browser allows, and turns sound on as soon as it may:
 * at once in a kiosk that was started so, else at the first touch. */
export function useSound(video: RefObject<HTMLVideoElement | null>, kiosk: boolean, playing: boolean): Sound {
  const [muted, setMuted] = useState(true);
  const [blocked, setBlocked] = useState(false);
  const chosen = useRef(false); // a person has decided

  const set = (to: boolean): void => {
    const element = video.current;
    if (!element) return;
    element.muted = to;
    setMuted(to);
    setBlocked(false);
    element.play().catch(() => {
      element.muted = true; // refused all the same: a silent picture is better than none
      setMuted(true);
      setBlocked(true);
      element.play().catch(() => undefined);
    });
  };

  useEffect(() => {
    if (!playing || chosen.current) return;
    if (soundAllowed()) return set(false);
    setBlocked(true);
    if (!kiosk) return;
    return onFirstTouch(() => {
      chosen.current = true;
      set(false);
    });
  }, [playing]);

  const toggle = (): void => {
    chosen.current = true;
    set(!muted);
  };
  return { muted, blocked, toggle };
}
