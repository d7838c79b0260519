// How to stay at the live edge of a buffer that grows at its end: jump when far behind,
// play a little faster when somewhat behind, and keep more in hand on a line that has
// just run dry. Times in seconds on the media's timeline; pure, told everything.
//
// Sound is another matter than pictures. Chromium's sound output takes 150 to 190 ms out of
// the buffer ahead of what is heard, and when that runs dry it waits until it has 200 ms,
// the next time 400, then 800; only a seek brings it back to 200. So with sound more is
// kept in hand, a buffer that ran dry is left by a seek as soon as there is enough, and
// how much a device's output wants is learnt for good.

export interface Step {
  seek: number | null;
  rate: number;
}

const alone = { least: 0.06, most: 0.3, hurry: 0.5 }; // 0.06: one and a half frames at 25 fps
const withSound = { least: 0.28, most: 0.6, hurry: 0.08 }; // nobody hears 8 % in a voice
const learn = 0.02; // after the sound ran dry: how much more it shall always have
const widen = 0.04; // after the buffer ran dry: one frame more in hand
const narrow = 0.001; // per step, of which a second has about 30: back within some seconds
const farBehind = 1;
const slack = 0.06; // fragments come in steps of a frame: within this we are where we want to be

export class Edge {
  private bounds = alone;
  private least = alone.least;
  private inHand = alone.least;
  private isDry = false;
  skips = 0;
  /** muted says that nobody hears the sound there is. */
  muted = false;

  /** sound says whether the fragments carry any. */
  set sound(on: boolean) {
    const bounds = on ? withSound : alone;
    if (bounds === this.bounds) return; // what was learnt stays
    this.bounds = bounds;
    this.least = this.inHand = bounds.least;
  }

  /** next is what to do now: end is the buffer's end, start that of its last range. */
  next(current: number, start: number, end: number): Step {
    const behind = end - current;
    const again = this.isDry && this.bounds === withSound && behind > this.inHand;
    if (again || behind > farBehind || current < start) {
      this.isDry = false;
      this.skips++;
      return { seek: Math.max(start, end - this.inHand), rate: 1 };
    }
    this.inHand = Math.max(this.least, this.inHand - narrow);
    const over = behind - this.inHand;
    if (over <= slack) return { seek: null, rate: 1 };
    // In steps: each change of the rate costs the sound a little.
    const { hurry } = this.muted ? alone : this.bounds;
    return { seek: null, rate: 1 + Math.min(hurry, Math.ceil(over * 10) / 10) };
  }

  ranDry(): void {
    const { most } = this.bounds;
    this.isDry = true;
    this.inHand = Math.min(most, this.inHand + widen);
    if (this.bounds === withSound) this.least = Math.min(most, this.least + learn);
  }
}
