// Fragmented MP4 over a WebSocket into MediaSource: for browsers and networks where
// WebRTC does not play. Its latency is bounded by skipping, it never grows.
import { Problem } from '../api/problem';
import type { ProblemCode } from '../api/codes';
import type { LayerName } from '../api/types';
import { inPath } from '../route';
import { Age, type ClockMessage } from './age';
import { FragmentBuffer } from './buffer';
import { Edge } from './edge';
import { drawnFrames, Recent } from './frames';
import type { Errand, Figures, Road } from './road';

const silentAfter = 5000; // ms: the node's clock comes each second
const waitingAfter = 2500; // ms without a new frame
const lostAfter = 10_000; // ms without a new frame while fragments come
const firstPicture = 10_000; // ms from a start message

type Message =
  | { type: 'start'; mime: string; layer: LayerName }
  | { type: 'state'; state: 'online' | 'offline'; since?: string }
  | ({ type: 'clock' } & ClockMessage);

export class MseRoad implements Road {
  readonly via = 'mse';
  reached = false;

  private readonly source = new MediaSource();
  private readonly url = URL.createObjectURL(this.source);
  private readonly socket: WebSocket;
  private readonly buffer: FragmentBuffer;
  // A browser holds back a picture with sound by twice as much, muted or not; so sound is
  // asked for when it is to be heard.
  private readonly loud: boolean;
  private readonly edge = new Edge();
  private readonly age = new Age();
  private readonly ages = new Recent();
  private readonly undo: (() => void)[] = [];
  private early: (string | ArrayBuffer)[] = []; // what came before the MediaSource was open
  private layer: LayerName | null = null;
  private mime = '';
  private bytes: [at: number, n: number][] = [];
  private heard = performance.now();
  private lastFrame = 0;
  private isWaiting = false;
  private over = false;

  constructor(private readonly errand: Errand) {
    const { video } = errand;
    this.loud = errand.sound && !video.muted;
    this.buffer = new FragmentBuffer(this.source, video, (err) => this.fail(new Problem('lost', String(err))));
    this.source.addEventListener('sourceopen', () => this.opened(), { once: true });
    video.srcObject = null;
    video.src = this.url;
    this.socket = new WebSocket(this.address());
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = (e) => this.message(e.data as string | ArrayBuffer);
    this.socket.onclose = (e) => this.fail(closing(e));
    this.listen(video);
  }

  private address(): string {
    const asked = [this.loud ? '' : 'sound=0', this.errand.layer ? `layer=${this.errand.layer}` : ''];
    const query = asked.filter(Boolean).join('&');
    const path = `/mse/${inPath(this.errand.feed)}${query && `?${query}`}`;
    return `${location.protocol.replace('http', 'ws')}//${location.host}${path}`;
  }

  private listen(video: HTMLVideoElement): void {
    const steady = window.setInterval(() => this.look(), 250);
    const dry = (): void => {
      if (this.reached && !video.seeking) this.edge.ranDry();
    };
    const volume = (): void => {
      if (this.errand.sound && !this.loud && !video.muted && !this.over) this.errand.told.again();
    };
    const broken = (): void => this.fail(new Problem('lost', video.error?.message));
    video.addEventListener('waiting', dry);
    video.addEventListener('error', broken);
    video.addEventListener('volumechange', volume);
    this.undo.push(
      () => clearInterval(steady),
      () => video.removeEventListener('waiting', dry),
      () => video.removeEventListener('error', broken),
      () => video.removeEventListener('volumechange', volume),
      drawnFrames(video, (f) => this.drawn(f.mediaTime, f.drawn)),
    );
  }

  private drawn(mediaTime: number, drawn: number): void {
    if (this.over || this.errand.video.src !== this.url) return;
    const wall = drawn + performance.timeOrigin;
    const age = this.age.of(mediaTime, wall);
    if (age != null) this.ages.add(age);
    if (!this.reached || this.isWaiting) this.errand.told.playing();
    this.reached = true;
    this.isWaiting = false;
    this.lastFrame = performance.now();
  }

  private opened(): void {
    const early = this.early;
    this.early = [];
    early.forEach((data) => this.take(data));
  }

  private message(data: string | ArrayBuffer): void {
    this.heard = performance.now();
    if (this.source.readyState === 'open' && this.early.length === 0) this.take(data);
    else this.early.push(data); // opening takes a task or two of the browser
  }

  private take(data: string | ArrayBuffer): void {
    if (this.over) return;
    if (typeof data !== 'string') {
      this.bytes.push([performance.now(), data.byteLength]);
      this.buffer.add(data);
      return this.follow();
    }
    const message = JSON.parse(data) as Message;
    if (message.type === 'clock') this.age.told(message, performance.timeOrigin + performance.now());
    if (message.type === 'start') this.begin(message.mime, message.layer);
    if (message.type === 'state' && message.state === 'offline') {
      this.isWaiting = true;
      this.errand.told.waiting(message.since ?? null);
    }
  }

  private begin(mime: string, layer: LayerName): void {
    if (!MediaSource.isTypeSupported(mime)) {
      const problem = new Problem('codec', mime);
      problem.codec = /hvc1|hev1/.test(mime) ? 'H265' : '';
      return this.fail(problem);
    }
    this.layer = layer;
    this.mime = mime;
    this.edge.sound = /opus|mp4a/i.test(mime);
    if (this.lastFrame === 0) this.lastFrame = performance.now();
    try {
      this.buffer.type(mime);
    } catch (err) {
      this.fail(new Problem('lost', String(err)));
    }
  }

  // follow keeps the picture at the live edge.
  private follow(): void {
    const { video } = this.errand;
    const range = this.buffer.range();
    if (!range) return;
    this.edge.muted = video.muted;
    const step = this.edge.next(video.currentTime, range.start, range.end);
    if (step.seek != null) video.currentTime = step.seek;
    if (video.playbackRate !== step.rate) video.playbackRate = step.rate;
    if (video.paused) video.play().catch(() => undefined);
  }

  private look(): void {
    const now = performance.now();
    this.follow();
    this.bytes = this.bytes.filter(([at]) => now - at < 2000);
    if (now - this.heard > silentAfter) return this.fail(new Problem('lost', 'the node has gone silent'));
    if (document.hidden || this.lastFrame === 0) return;
    const idle = now - this.lastFrame;
    if (!this.reached && idle > firstPicture && !this.isWaiting) return this.fail(new Problem('lost', 'no picture came'));
    if (this.reached && idle > lostAfter && this.bytes.length > 0) return this.fail(new Problem('lost', 'the picture stopped'));
    if (this.reached && idle > waitingAfter && !this.isWaiting) {
      this.isWaiting = true;
      this.errand.told.waiting(null);
    }
  }

  figures(): Promise<Figures> {
    const codec = /"([^"]*)"/.exec(this.mime)?.[1] ?? '';
    return Promise.resolve({
      via: 'mse',
      latency: this.ages.median(),
      whole: true,
      layer: this.layer,
      codec,
      rate: this.bytes.reduce((n, [, b]) => n + b, 0) * 4, // of two seconds
      lost: null,
      freezes: null,
      skips: this.edge.skips,
    });
  }

  private fail(problem: Problem): void {
    if (this.over) return;
    this.close();
    this.errand.told.failed(problem);
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    this.undo.forEach((undo) => undo());
    this.socket.onclose = null;
    this.socket.close();
    this.errand.video.playbackRate = 1;
    URL.revokeObjectURL(this.url);
  }
}

// closing reads why the node ended the socket; the codes are HTTP's plus 4000.
function closing(e: CloseEvent): Problem {
  const codes: { [code: number]: ProblemCode } = { 4401: 'login', 4403: 'forbidden', 4404: 'unknown-feed', 4415: 'codec' };
  const problem = new Problem(codes[e.code] ?? 'lost', e.reason);
  if (e.code === 4401 && e.reason === 'expired') return new Problem('expired');
  if (e.code === 4415) problem.codec = e.reason;
  return problem;
}
