// How to stay at the live edge of a buffer that grows at its end: jump when far behind,
// play a little faster when somewhat behind, and keep more in hand on a line that has
// just run dry. Times in seconds on the media's timeline; pure, told everything.

export interface Step {
  seek: number | null;
  rate: number;
}

const least = 0.06; // one and a half frames at 25 fps
const most = 0.3;
const widen = 0.04; // after the buffer ran dry: one frame more in hand
const narrow = 0.001; // per step, of which a second has about 30: back within some seconds
const farBehind = 1;
const slack = 0.06; // fragments come in steps of a frame: within this we are where we want to be
const hurry = 1.15; // nobody hears it in a voice; makes good 150 ms each second

export class Edge {
  private inHand = least;
  skips = 0;

  /** next is what to do now: end is the buffer's end, start that of its last range. */
  next(current: number, start: number, end: number): Step {
    const behind = end - current;
    if (behind > farBehind || current < start) {
      this.skips++;
      return { seek: Math.max(start, end - this.inHand), rate: 1 };
    }
    this.inHand = Math.max(least, this.inHand - narrow);
    if (behind > this.inHand + slack) return { seek: null, rate: hurry };
    return { seek: null, rate: 1 };
  }

  ranDry(): void {
    this.inHand = Math.min(most, this.inHand + widen);
  }
}
