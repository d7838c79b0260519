// A lesson is a feed that stays on the screen: it chooses the road, notices when the road
// is over, and finds the next one, for as long as the page is open.
import { Problem } from '../api/problem';
import { backoff } from './backoff';
import type { HeldPicture } from './held';
import { MseRoad } from './mse';
import type { Errand, Figures, Road, Via } from './road';
import { WhepRoad } from './whep';

export interface LessonState {
  phase: 'connecting' | 'playing' | 'waiting' | 'down';
  via: Via | null;
  problem: Problem | null; // with phase down, and with connecting where the node has said what is wrong
  offlineSince: string | null; // with phase waiting, where the node said so
  retryAt: number | null; // performance.now(), with phase down
  lacks: 'sound' | 'main' | null;
}

export interface LessonPlan {
  feed: string;
  layer: 'main' | 'sub' | null;
  via: Via | null; // null: WebRTC first
  sound: boolean;
  video: HTMLVideoElement;
  held: HeldPicture;
  changed(state: LessonState): void;
}

// What the node says of the feed holds until it says otherwise: it waits some seconds for a
// feed before it answers, and nobody is to read "connecting" for most of the time.
const holds = ['unknown-feed', 'offline', 'codec', 'forbidden', 'login', 'expired'];

const refused = 15_000; // ms between tries while access or the codec is the matter: people mend it

export class Lesson {
  private road: Road | null = null;
  private timer = 0;
  private tries = 0;
  private prefer: Via;
  private stopped = false;
  private cause: Problem | null = null; // why WebRTC was given up, until MSE plays
  private said: Problem | null = null; // what holds
  private lacks: LessonState['lacks'] = null;
  private readonly online = (): void => this.soon();

  constructor(private readonly plan: LessonPlan) {
    this.prefer = plan.via ?? (window.RTCPeerConnection ? 'whep' : 'mse');
  }

  start(): void {
    window.addEventListener('online', this.online);
    this.open();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    window.removeEventListener('online', this.online);
    this.road?.close();
  }

  figures(): Promise<Figures> | null {
    return this.road?.figures() ?? null;
  }

  // soon ends a pause: the device has found its network again.
  private soon(): void {
    if (this.road || this.stopped) return;
    clearTimeout(this.timer);
    this.open();
  }

  private open(): void {
    if (this.stopped) return;
    this.tell('connecting', { problem: this.said });
    const { feed, layer, sound, video } = this.plan;
    const errand: Errand = {
      feed,
      layer,
      sound,
      video,
      told: {
        playing: () => this.playing(),
        waiting: (offlineSince) => this.tell('waiting', { offlineSince }),
        failed: (problem) => this.failed(problem),
        again: () => this.again(),
        lacks: (what) => this.lacking(what),
      },
    };
    if (this.prefer === 'mse' && !canMse()) return this.failed(this.cause ?? new Problem('no-player'));
    if (this.prefer === 'whep' && !window.RTCPeerConnection) return this.failed(new Problem('no-player'));
    this.road = this.prefer === 'whep' ? new WhepRoad(errand) : new MseRoad(errand);
  }

  private playing(): void {
    this.tries = 0;
    this.cause = null;
    this.said = null;
    this.plan.held.release();
    this.tell('playing', {});
  }

  // again takes the same road anew; the picture stays meanwhile.
  private again(): void {
    this.plan.held.keep();
    const road = this.road;
    this.road = null;
    road?.close();
    this.open();
  }

  // lacking moves to MSE for the sake of the sound: a lesson nobody hears is none.
  private lacking(what: 'sound' | 'main'): void {
    this.lacks = what;
    if (what !== 'sound' || !this.plan.sound || this.plan.via || !canMse()) return;
    const road = this.road;
    this.road = null;
    road?.close();
    this.prefer = 'mse';
    setTimeout(() => this.open(), 0); // the road that told us has to return first
  }

  private failed(problem: Problem): void {
    if (this.stopped) return;
    const reached = this.road?.reached ?? false;
    this.road = null;
    this.plan.held.keep();
    if (this.mayFallBack(problem, reached)) {
      this.cause = problem.code === 'codec' ? problem : null;
      this.prefer = 'mse';
      return this.open();
    }
    if (!this.plan.via && this.tries % 3 === 2 && window.RTCPeerConnection) this.prefer = 'whep';
    const told = problem.code === 'codec' && this.cause ? this.cause : problem;
    this.said = holds.includes(told.code) ? told : null;
    const wait = this.pause(told);
    this.tries++;
    this.tell('down', { problem: told, retryAt: performance.now() + wait });
    this.timer = window.setTimeout(() => this.open(), wait);
  }

  // mayFallBack: MSE is tried where WebRTC itself is the matter, not the feed.
  private mayFallBack(problem: Problem, reached: boolean): boolean {
    if (this.plan.via || this.prefer !== 'whep' || !canMse()) return false;
    return !reached && ['codec', 'lost', 'bad-offer', 'webrtc-off', 'no-player', 'internal'].includes(problem.code);
  }

  private pause(problem: Problem): number {
    if (['login', 'expired', 'forbidden', 'codec', 'no-player'].includes(problem.code)) return refused;
    const asked = (problem.retryAfter ?? 0) * 1000;
    return Math.max(asked, backoff(this.tries));
  }

  private tell(phase: LessonState['phase'], more: Partial<LessonState>): void {
    if (this.stopped) return;
    this.plan.changed({
      phase,
      via: this.road?.via ?? this.prefer,
      problem: null,
      offlineSince: null,
      retryAt: null,
      lacks: this.lacks,
      ...more,
    });
  }
}

function canMse(): boolean {
  return 'MediaSource' in window && 'WebSocket' in window;
}
