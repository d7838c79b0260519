// A WebRTC peer for tests: a second page of the same browser that stands for the node. It
// draws a lesson on a canvas and answers WHEP offers with it, and takes WHIP offers.
import type { BrowserContext, Page } from '@playwright/test';

interface Peer {
  answer(offer: string, send: boolean): Promise<string>;
  pause(): void;
  hangUp(): void;
  received(): Promise<number>;
}

export class Studio {
  private constructor(private readonly page: Page) {}

  static async open(context: BrowserContext): Promise<Studio> {
    const page = await context.newPage();
    // Of the same origin, but without the node's policy: the peer needs a worker.
    await page.route('**/studio', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
    await page.goto('/studio');
    await page.evaluate(peer);
    return new Studio(page);
  }

  /** serve answers the page's requests to /whep/ or /whip/ in the node's stead. */
  async serve(page: Page, way: 'whep' | 'whip', more: Record<string, string> = {}): Promise<void> {
    await page.route(`**/${way}/**`, async (route) => {
      const sdp = await this.answer(route.request().postData() ?? '', way === 'whep');
      const headers = { Location: `/${way}-session/1`, ...more };
      await route.fulfill({ status: 201, contentType: 'application/sdp', headers, body: sdp });
    });
    await page.route(`**/${way}-session/**`, (route) => route.fulfill({ status: 200 }));
    await page.bringToFront(); // a page in the background draws nothing
  }

  answer(offer: string, send: boolean): Promise<string> {
    return this.page.evaluate(([o, s]) => (window as unknown as { peer: Peer }).peer.answer(o, s), [offer, send] as const);
  }

  hangUp(): Promise<void> {
    return this.page.evaluate(() => (window as unknown as { peer: Peer }).peer.hangUp());
  }

  /** received is the number of video frames that have come by WHIP. */
  received(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as { peer: Peer }).peer.received());
  }
}

// peer runs in the browser.
function peer(): void {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const pen = canvas.getContext('2d');
  const lesson = canvas.captureStream(0);
  const track = lesson.getVideoTracks()[0] as MediaStreamTrack & { requestFrame(): void };
  let n = 0;
  // A worker's clock: a page's own is slowed down in the background.
  const ticker = new Worker(URL.createObjectURL(new Blob(['setInterval(() => postMessage(0), 40)'])));
  ticker.onmessage = () => {
    if (!pen) return;
    pen.fillStyle = '#2b473d';
    pen.fillRect(0, 0, 640, 360);
    pen.fillStyle = '#fff';
    pen.font = '64px sans-serif';
    pen.fillText(String(n++), 240, 190);
    track.requestFrame();
  };
  let pc: RTCPeerConnection | null = null;
  const made = {
    async answer(offer: string, send: boolean): Promise<string> {
      pc?.close();
      const mine = new RTCPeerConnection();
      pc = mine;
      await mine.setRemoteDescription({ type: 'offer', sdp: offer });
      if (send) {
        const video = mine.getTransceivers().find((t) => t.receiver.track.kind === 'video');
        if (video) video.direction = 'sendonly';
        await video?.sender.replaceTrack(track);
      }
      await mine.setLocalDescription(await mine.createAnswer());
      await new Promise<void>((done) => {
        if (mine.iceGatheringState === 'complete') return done();
        mine.onicegatheringstatechange = () => mine.iceGatheringState === 'complete' && done();
      });
      return mine.localDescription?.sdp ?? '';
    },
    hangUp(): void {
      pc?.close();
    },
    async received(): Promise<number> {
      let frames = 0;
      (await pc?.getStats())?.forEach((r: { type: string; kind?: string; framesReceived?: number }) => {
        if (r.type === 'inbound-rtp' && r.kind === 'video') frames = r.framesReceived ?? 0;
      });
      return frames;
    },
  };
  (window as unknown as { peer: typeof made }).peer = made;
}
