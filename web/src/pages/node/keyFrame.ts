// Draws a key frame that came as one small MP4: a video element decodes it, a canvas keeps
// it, and the decoder is given back.

const patience = 4000; // ms
const settle = 150; // ms: some frames of a screen

export function drawKeyFrame(mp4: Blob, canvas: HTMLCanvasElement): Promise<void> {
  const video = document.createElement('video');
  const url = URL.createObjectURL(mp4);
  video.muted = true;
  video.preload = 'auto';
  return new Promise<void>((drawn, failed) => {
    const timer = setTimeout(() => failed(new Error('the key frame was not decoded')), patience);
    video.onloadeddata = () => {
      clearTimeout(timer);
      draw(video, canvas);
      // Now and then Chromium says so before the picture can be drawn, and draws black.
      setTimeout(() => drawn(draw(video, canvas)), settle);
    };
    video.onerror = () => {
      clearTimeout(timer);
      failed(new Error(video.error?.message ?? 'the key frame cannot be decoded'));
    };
    video.src = url;
  }).finally(() => {
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  });
}

function draw(video: HTMLVideoElement, canvas: HTMLCanvasElement): void {
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
}
