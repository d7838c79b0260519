// Full screen, entered or left. An iPhone knows it for a video element only.

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
