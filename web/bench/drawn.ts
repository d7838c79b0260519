// A camera that is drawn, in place of the page's own: 720p25 with the same cells as the
// clip of the test camera (numbers.ts), picture N at N x 40 ms of the clock.

/** drawnPeriod is how many numbers eight cells have. */
export const drawnPeriod = 256;

/** drawnCamera runs in the browser, before the page's own scripts. */
export function drawnCamera(period: number): void {
  const [width, height] = [1280, 720];
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext('2d');
  const stream = canvas.captureStream(0);
  const track = stream.getVideoTracks()[0] as MediaStreamTrack & { requestFrame(): void };
  const scale = width / 1920;
  const draw = (n: number): void => {
    if (!pen) return;
    pen.fillStyle = '#2b473d';
    pen.fillRect(0, 0, width, height);
    for (let i = 0; i < 60; i++) {
      // Something that moves, or the encoder has nothing to do.
      pen.fillStyle = `hsl(${(i * 37 + n) % 360} 60% 50%)`;
      pen.fillRect((i * 211 + n * (1 + (i % 7))) % width, 160 + ((i * 97) % (height - 240)), 50, 50);
    }
    pen.fillStyle = 'gray';
    pen.fillRect(48 * scale, 48 * scale, 588 * scale, 84 * scale);
    for (let k = 0; k < 8; k++) {
      pen.fillStyle = (n >> (7 - k)) & 1 ? 'white' : 'black';
      pen.fillRect((60 + 72 * k) * scale, 60 * scale, 60 * scale, 60 * scale);
    }
    track.requestFrame();
  };
  const tick = (): void => {
    const now = Date.now();
    draw(Math.floor(now / 40) % period);
    setTimeout(tick, 40 - (Date.now() % 40));
  };
  tick();
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wants) => {
    const sound = wants?.audio ? (await real({ audio: wants.audio })).getAudioTracks() : [];
    return new MediaStream(wants?.video ? [track.clone(), ...sound] : sound);
  };
}
