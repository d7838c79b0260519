// Ports of the loopback interface where nobody listens, neither by TCP nor by UDP. They lie
// below those that the system gives away by itself, so that only another user of this file
// could come between.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const first = 20_000;
const end = 32_000;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * (end - first));
    if ((await byTcp(port)) && (await byUdp(port))) return port;
  }
}

function byTcp(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

function byUdp(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    socket.once('error', () => done(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => done(true)));
  });
}
