// A speech stays on air: when the connection is lost it finds the next one, until it is
// stopped or the node refuses it.
import { asProblem, type Problem } from '../api/problem';
import { backoff } from '../play/backoff';
import { Sending } from './whip';

export interface SpeechState {
  phase: 'idle' | 'connecting' | 'air' | 'again';
  problem: Problem | null;
}

// Where trying again would not help: the person has to do something first.
const final = [
  'taken',
  'login',
  'expired',
  'forbidden',
  'codec',
  'bad-offer',
  'no-webrtc',
  'webrtc-off',
  'unknown-feed',
];

export class Speech {
  private sending: Sending | null = null;
  private timer = 0;
  private tries = 0;
  private stopped = false;
  private wasOnAir = false;

  constructor(
    private readonly feed: string,
    private stream: MediaStream,
    private readonly changed: (state: SpeechState) => void,
  ) {
    this.open();
  }

  private open(): void {
    if (this.stopped) return;
    this.changed({ phase: this.wasOnAir ? 'again' : 'connecting', problem: null });
    try {
      this.sending = new Sending(this.feed, this.stream, {
        onAir: () => {
          this.tries = 0;
          this.wasOnAir = true;
          this.changed({ phase: 'air', problem: null });
        },
        failed: (problem) => this.failed(problem),
      });
    } catch (err) {
      this.failed(asProblem(err, 'no-webrtc'));
    }
  }

  private failed(problem: Problem): void {
    if (this.stopped) return;
    // After a lost connection the node may hold our own name for some seconds more.
    const ours = problem.code === 'taken' && this.wasOnAir && this.tries < 5;
    if (final.includes(problem.code) && !ours) {
      this.stopped = true;
      return this.changed({ phase: 'idle', problem });
    }
    this.changed({ phase: 'again', problem });
    this.timer = window.setTimeout(() => this.open(), backoff(this.tries++));
  }

  /** use sends another stream from now on: the person chose another device. */
  use(stream: MediaStream): void {
    const kinds = (s: MediaStream): string => s.getTracks().map((t) => t.kind).sort().join();
    const same = kinds(stream) === kinds(this.stream);
    this.stream = stream;
    if (same) {
      stream.getTracks().forEach((track) => void this.sending?.replace(track));
      return;
    }
    clearTimeout(this.timer);
    this.sending?.close(); // with or without a camera is another offer
    this.open();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.sending?.close();
    this.changed({ phase: 'idle', problem: null });
  }
}
