// How old the picture on the screen is, from the node's clock messages: the node says what
// its clock shows and when the picture at a given time of the media was taken.

export interface ClockMessage {
  now: number; // ms since 1970, the node's clock
  pts: number; // s on the media's timeline
  capture: number; // ms since 1970, the node's clock, when the picture at pts was taken
}

const kept = 30; // messages, one a second: clocks of a panel drift by less than 1 ms in that time

export class Age {
  private ahead: number[] = []; // node's clock minus ours, each short by the message's own way
  private last: ClockMessage | null = null;

  told(message: ClockMessage, arrived: number): void {
    this.last = message;
    this.ahead.push(message.now - arrived);
    if (this.ahead.length > kept) this.ahead.shift();
  }

  /** of is the age in ms of the picture at mediaTime, drawn at `drawn` of our clock. */
  of(mediaTime: number, drawn: number): number | null {
    if (!this.last) return null;
    const taken = this.last.capture - (this.last.pts - mediaTime) * 1000;
    // The message that travelled fastest tells best how far the clocks are apart.
    return drawn + Math.max(...this.ahead) - taken;
  }
}
