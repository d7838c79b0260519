// The last picture, kept on a canvas over the video while a new road is found: a class
// shall look at the board of a moment ago, not at a black screen.

// Chromium shows 2x2 black pixels of a WebRTC track whose first frame has not come.
export const blank = 2;

export class HeldPicture {
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly video: HTMLVideoElement,
  ) {}

  keep(): void {
    const { canvas, video } = this;
    if (video.videoWidth <= blank || video.readyState < 2) return; // nothing newer than what is held
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext('2d')?.drawImage(video, 0, 0);
    canvas.hidden = false;
  }

  release(): void {
    this.canvas.hidden = true;
  }
}
