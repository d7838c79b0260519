// The mock node's MSE: the lesson in real time over a WebSocket.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { clip, frameAt } from './clip.ts';
import { status } from './node.ts';

const interval = 40; // ms, a frame at 25 fps
const other = 'avc1.640028'; // the same profile, a higher level: decodes the same frames
const age = 62; // ms: how old a frame is when it leaves

/** playTo answers WebSockets under /mse/; the server's other upgrades are Vite's own. */
export function playTo(server: Server): void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req: IncomingMessage, stream: Duplex, head: Buffer) => {
    const path = decodeURI(req.url ?? '');
    if (!path.startsWith('/mse/')) return;
    const switching = /scene=switch/.test(req.headers.cookie ?? '');
    sockets.handleUpgrade(req, stream, head, (socket) => play(socket, path.slice(5).split('?')[0] ?? '', switching));
  });
}

// play sends a feed; switching: with another codec string every two seconds, as when a
// node goes from one layer to another.
function play(socket: WebSocket, id: string, switching: boolean): void {
  const feed = status(Date.now()).feeds.find((f) => f.id === id);
  if (!feed) return socket.close(4404, 'unknown-feed');
  if (feed.layers[0]?.codec === 'H265') return socket.close(4415, 'H265');
  const tell = (message: object): void => socket.send(JSON.stringify(message));
  if (!feed.online) {
    tell({ type: 'state', state: 'offline', since: feed.offline_since });
    const still = setInterval(() => tell({ type: 'clock', now: Date.now(), pts: 0, capture: 0 }), 1000);
    socket.on('close', () => clearInterval(still));
    return;
  }
  const c = clip();
  const first = 50 * Math.floor(Date.now() / interval / 50) - 50; // a key frame up to four seconds ago
  let n = 0;
  const begin = (codec: string): void => {
    tell({ type: 'start', mime: `video/mp4; codecs="${codec}"`, layer: 'sub', width: 640, height: 360 });
    socket.send(c.init);
  };
  begin(c.codec);
  const timer = setInterval(() => {
    const due = Math.floor(Date.now() / interval) - first;
    for (; n <= due; n++) {
      if (switching && n > 0 && n % 50 === 0) begin(n % 100 === 0 ? c.codec : other);
      socket.send(frameAt(c, n));
      const capture = (first + n) * interval - age;
      if (n % 25 === 0) tell({ type: 'clock', now: Date.now(), pts: (n * c.duration) / c.timescale, capture });
    }
  }, interval / 2);
  socket.on('close', () => clearInterval(timer));
}
