// Full screen, entered or left. An iPhone knows it for a video element only.
import { useEffect, useState } from 'preact/hooks';

type OldElement = HTMLElement & { webkitRequestFullscreen?: () => void };
type PhoneVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

export function fullScreen(frame: HTMLElement | null, video: HTMLVideoElement | null): void {
  if (document.fullscreenElement) {
    void document.exitFullscreen();
    return;
  }
  const old = frame as OldElement | null;
  if (frame?.requestFullscreen) frame.requestFullscreen().catch(() => undefined); // refused by a parent page
  else if (old?.webkitRequestFullscreen) old.webkitRequestFullscreen();
  else (video as PhoneVideo | null)?.webkitEnterFullscreen?.();
}

/** useFullScreen is whether the page fills the screen; Escape leaves it, as browsers do. */
export function useFullScreen(): boolean {
  const [full, setFull] = useState(document.fullscreenElement != null);
  useEffect(() => {
    const look = (): void => setFull(document.fullscreenElement != null);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  return full;
}
