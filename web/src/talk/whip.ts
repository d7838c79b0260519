// WebRTC to the node (WHIP, RFC 9725): one attempt at sending.
import { ask } from '../api/ask';
import { asProblem, Problem } from '../api/problem';
import { inPath } from '../route';
import { briskly } from './start';

const connectWithin = 10_000; // ms
const most = 1_500_000; // bit/s of video: a school's uplink carries more than one class

export interface SendingTold {
  onAir(): void;
  failed(problem: Problem): void;
}

export class Sending {
  private readonly pc: RTCPeerConnection;
  private session = '';
  private over = false;
  private wasUp = false;
  private readonly timer: number;

  constructor(
    private readonly feed: string,
    stream: MediaStream,
    private readonly told: SendingTold,
  ) {
    if (!window.RTCPeerConnection) throw new Problem('no-webrtc');
    this.pc = new RTCPeerConnection();
    this.timer = window.setTimeout(() => this.fail(new Problem('no-media')), connectWithin);
    this.pc.onconnectionstatechange = () => this.connection();
    stream.getTracks().forEach((track) => this.add(track, stream));
    this.start().catch((err: unknown) => this.fail(asProblem(err, 'bad-offer')));
  }

  private add(track: MediaStreamTrack, stream: MediaStream): void {
    const sendEncodings = track.kind === 'video' ? [{ maxBitrate: most }] : [];
    const transceiver = this.pc.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings });
    if (track.kind === 'video') preferH264(transceiver);
  }

  private async start(): Promise<void> {
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription(offer);
    const answer = await ask(`/whip/${inPath(this.feed)}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: offer.sdp,
    });
    this.session = answer.headers.get('Location') ?? '';
    const sdp = await answer.text();
    if (this.over) return this.hangUp();
    await this.pc.setRemoteDescription({ type: 'answer', sdp: briskly(sdp) });
  }

  private connection(): void {
    if (this.pc.connectionState === 'connected') {
      this.wasUp = true;
      clearTimeout(this.timer);
      this.told.onAir();
    }
    if (this.pc.connectionState === 'failed') this.fail(new Problem(this.wasUp ? 'lost' : 'no-media'));
  }

  /** replace sends another track of the same kind, without a new offer. */
  async replace(track: MediaStreamTrack): Promise<void> {
    const sender = this.pc.getSenders().find((s) => s.track?.kind === track.kind);
    await sender?.replaceTrack(track);
  }

  private fail(problem: Problem): void {
    if (this.over) return;
    this.close();
    this.told.failed(problem);
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.hangUp(); // first: the node ends a session whose connection closes
    this.pc.close();
  }

  private hangUp(): void {
    if (!this.session) return;
    fetch(this.session, { method: 'DELETE', keepalive: true, credentials: 'same-origin' }).catch(() => undefined);
    this.session = '';
  }
}

// preferH264 puts H.264 first: RTSP players and touch panels at the other schools play it.
function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities?.('video')?.codecs;
  if (!codecs || !('setCodecPreferences' in transceiver)) return;
  const isH264 = (c: { mimeType: string }): boolean => c.mimeType.toLowerCase() === 'video/h264';
  transceiver.setCodecPreferences([...codecs.filter(isH264), ...codecs.filter((c) => !isH264(c))]);
}
