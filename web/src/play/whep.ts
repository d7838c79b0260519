// WebRTC from the node (WHEP). The node is ICE-lite and learns our addresses from our own
// checks, so the offer leaves at once, without waiting for candidates.
import { ask } from '../api/ask';
import { asProblem, Problem } from '../api/problem';
import { inPath } from '../route';
import { drawnFrames, Recent } from './frames';
import { blank } from './held';
import type { Errand, Figures, Road } from './road';
import { Inbound } from './inbound';

const firstPicture = 8000; // ms: the node waits up to 5 s for a camera that was asleep
const waitingAfter = 2500; // ms without a new frame; longer than a camera's longest pause
const lostAfter = 10_000; // ms without a new frame; ICE itself gives up after about 15 s

// Not in every browser, nor in TypeScript's library.
type Receiver = RTCRtpReceiver & { jitterBufferTarget?: number | null; playoutDelayHint?: number };

export class WhepRoad implements Road {
  readonly via = 'whep';
  reached = false;

  private readonly pc = new RTCPeerConnection();
  private readonly stream = new MediaStream();
  private readonly inbound = new Inbound(this.pc);
  private readonly inPage = new Recent();
  private session = '';
  private over = false;
  private lastFrame = performance.now();
  private isWaiting = false;
  private readonly watch: number;
  private readonly forget: () => void;

  constructor(private readonly errand: Errand) {
    this.forget = drawnFrames(errand.video, (f) => {
      if (errand.video.srcObject !== this.stream) return; // of the road before this one
      if (errand.video.videoWidth <= blank) return;
      this.lastFrame = performance.now();
      if (f.received != null) this.inPage.add(f.drawn - f.received);
      if (!this.reached || this.isWaiting) errand.told.playing();
      this.reached = true;
      this.isWaiting = false;
    });
    this.watch = window.setInterval(() => this.look(), 500);
    this.pc.ontrack = (e) => this.track(e);
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === 'failed') this.fail(new Problem('lost'));
    };
    this.start().catch((err: unknown) => this.fail(asProblem(err, 'bad-offer')));
  }

  private async start(): Promise<void> {
    this.pc.addTransceiver('video', { direction: 'recvonly' });
    if (this.errand.sound) this.pc.addTransceiver('audio', { direction: 'recvonly' });
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription(offer);
    const layer = this.errand.layer ? `?layer=${this.errand.layer}` : '';
    const answer = await ask(`/whep/${inPath(this.errand.feed)}${layer}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: offer.sdp,
    });
    this.session = answer.headers.get('Location') ?? '';
    const lacking = answer.headers.get('X-Classrelay-Warning') ?? '';
    const sdp = await answer.text();
    if (this.over) return this.hangUp(); // closed while the node was answering
    if (lacking.includes('no-sound')) this.errand.told.lacks('sound');
    if (lacking.includes('sub-stream')) this.errand.told.lacks('main');
    if (this.over) return;
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
  }

  private track(e: RTCTrackEvent): void {
    const receiver = e.receiver as Receiver;
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
    else (e.receiver as Receiver).playoutDelayHint = 0; // Chrome before 124; others ignore it
    this.stream.addTrack(e.track);
    const { video } = this.errand;
    if (video.srcObject !== this.stream) video.srcObject = this.stream;
    video.play().catch(() => undefined); // muted it may always; with sound the page sees to it
  }

  // look finds a picture that has stopped: WebRTC itself says nothing then.
  private look(): void {
    const idle = performance.now() - this.lastFrame;
    if (document.hidden) {
      this.lastFrame = performance.now(); // a hidden page draws nothing, which is no loss
      return;
    }
    if (!this.reached && idle > firstPicture) return this.fail(new Problem('lost', 'no picture came by WebRTC'));
    if (this.reached && idle > lostAfter) return this.fail(new Problem('lost', 'the picture stopped'));
    if (this.reached && idle > waitingAfter && !this.isWaiting) {
      this.isWaiting = true;
      this.errand.told.waiting(null);
    }
  }

  async figures(): Promise<Figures> {
    const got = await this.inbound.read();
    const page = this.inPage.median();
    const network = got.roundTrip == null ? 0 : got.roundTrip / 2;
    return {
      via: 'whep',
      latency: page == null ? null : Math.max(0, page) + network,
      whole: false,
      layer: null,
      codec: got.codec,
      rate: got.rate,
      lost: got.lost,
      freezes: got.freezes,
      skips: null,
    };
  }

  private fail(problem: Problem): void {
    if (this.over) return;
    this.close();
    this.errand.told.failed(problem);
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.watch);
    this.forget();
    this.hangUp(); // first: the node ends a session whose connection closes
    this.pc.close();
  }

  private hangUp(): void {
    if (!this.session) return;
    fetch(this.session, { method: 'DELETE', keepalive: true, credentials: 'same-origin' }).catch(() => undefined);
    this.session = '';
  }
}
