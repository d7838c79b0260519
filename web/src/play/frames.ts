// What the browser tells of each frame it draws (requestVideoFrameCallback, Chrome 83).
// Without it, as on older panels, the last frame stays unknown.

export interface DrawnFrame {
  mediaTime: number; // s, on the media's own timeline
  drawn: number; // ms, performance.now() when it is on the screen
  received: number | null; // ms, when its last packet came; WebRTC only
}

interface FrameData {
  mediaTime: number;
  expectedDisplayTime: number;
  receiveTime?: number;
}

type FrameVideo = HTMLVideoElement & {
  requestVideoFrameCallback?: (f: (now: number, data: FrameData) => void) => number;
  cancelVideoFrameCallback?: (id: number) => void;
};

/** drawnFrames calls back for each frame until the returned function is called. */
export function drawnFrames(element: HTMLVideoElement, seen: (f: DrawnFrame) => void): () => void {
  const video = element as FrameVideo;
  if (!video.requestVideoFrameCallback) {
    const tick = (): void =>
      seen({ mediaTime: video.currentTime, drawn: performance.now(), received: null });
    video.addEventListener('timeupdate', tick);
    return () => video.removeEventListener('timeupdate', tick);
  }
  let id = 0;
  const next = (_: number, data: FrameData): void => {
    seen({ mediaTime: data.mediaTime, drawn: data.expectedDisplayTime, received: data.receiveTime ?? null });
    id = video.requestVideoFrameCallback?.(next) ?? 0;
  };
  id = video.requestVideoFrameCallback(next);
  return () => video.cancelVideoFrameCallback?.(id);
}

/** Recent keeps the last values and gives their median: one late frame shall not jump on
 * the screen. */
export class Recent {
  private values: number[] = [];

  constructor(private readonly size = 25) {} // a second of frames

  add(v: number): void {
    this.values.push(v);
    if (this.values.length > this.size) this.values.shift();
  }

  median(): number | null {
    const sorted = [...this.values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
