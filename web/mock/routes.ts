// The mock node's HTTP interface. Whoever logs in is teacher with the password lesson-42.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { classesFor, onTurn, turned } from './classes.ts';
import { history } from './history.ts';
import { clip } from './clip.ts';
import { log } from './node.ts';
import { statusFor } from './scenes.ts';

type Route = (req: IncomingMessage, res: ServerResponse, rest: string) => void;

const routes: [method: string, prefix: string, route: Route][] = [
  ['GET', '/api/v1/status', (req, res) => json(res, statusFor(req))],
  ['GET', '/api/v1/history', (_, res) => json(res, history(Date.now()))],
  ['GET', '/api/v1/log', (_, res) => json(res, { version: 1, lines: log() })],
  ['GET', '/api/v1/events', events],
  ['GET', '/api/v1/classes', classes],
  ['POST', '/api/v1/classes/', (req, res, id) => void turn(req, res, id)],
  ['GET', '/api/v1/session', session],
  ['GET', '/api/v1/feeds/', oneFeed],
  ['GET', '/api/v1/snapshot/', snapshot],
  ['GET', '/api/v1/keyframe/', keyFrame],
  ['POST', '/api/v1/login', (req, res) => void login(req, res)],
  ['POST', '/api/v1/logout', (_, res) => loggedOut(res)],
  ['POST', '/whep/', whep],
  ['POST', '/whip/', (_, res, feed) => problem(res, feed === 'room-101' ? 409 : 400, feed === 'room-101' ? 'taken' : 'bad-offer')],
];

/** serve answers what belongs to the node; false: it is a page or a file of Vite's. */
export function serve(req: IncomingMessage, res: ServerResponse): boolean {
  const path = decodeURI((req.url ?? '/').split('?')[0] ?? '/');
  for (const [method, prefix, route] of routes) {
    const whole = !prefix.endsWith('/');
    if (req.method !== method || (whole ? path !== prefix : !path.startsWith(prefix))) continue;
    res.setHeader('Cache-Control', 'no-store');
    route(req, res, path.slice(prefix.length));
    return true;
  }
  return false;
}

function json(res: ServerResponse, body: unknown): void {
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify(body));
}

function problem(res: ServerResponse, code: number, word: string, more: object = {}): void {
  res.statusCode = code;
  res.setHeader('Content-Type', 'application/problem+json');
  res.end(JSON.stringify({ type: `/problems/${word}`, title: word, status: code, code: word, ...more }));
}

function events(req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('Content-Type', 'text/event-stream');
  const send = (): void => void res.write(`event: status\ndata: ${JSON.stringify(statusFor(req))}\n\n`);
  send();
  const timer = setInterval(send, 1000);
  const deaf = onTurn(req, (line) => void res.write(`event: change\ndata: ${JSON.stringify(line)}\n\n`));
  res.on('close', () => {
    clearInterval(timer);
    deaf();
  });
}

function classes(req: IncomingMessage, res: ServerResponse): void {
  const now = statusFor(req);
  json(res, { version: 1, classes: classesFor(req, now.node, now.feeds.length === 0) });
}

async function turn(req: IncomingMessage, res: ServerResponse, id: string): Promise<void> {
  if (!turned(req, id, JSON.parse(await bodyOf(req)) as { main: string; floor: string })) return problem(res, 409, 'bad-class');
  res.statusCode = 202;
  res.end();
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of req) body += String(part);
  return body;
}

const find = (req: IncomingMessage, id: string) => statusFor(req).feeds.find((f) => f.id === id);

function oneFeed(req: IncomingMessage, res: ServerResponse, id: string): void {
  const feed = find(req, id);
  if (feed) json(res, feed);
  else problem(res, 404, 'unknown-feed');
}

function snapshot(_: IncomingMessage, res: ServerResponse, id: string): void {
  if (id !== 'room-101') return problem(res, 404, 'no-snapshot');
  res.setHeader('Content-Type', 'image/jpeg');
  res.end(readFileSync(new URL('./mock/media/lesson.jpg', `file://${process.cwd()}/`)));
}

function keyFrame(req: IncomingMessage, res: ServerResponse, id: string): void {
  if (!find(req, id)?.online) return problem(res, 404, 'no-keyframe');
  res.setHeader('Content-Type', `video/mp4; codecs="${clip().codec}"`);
  res.end(clip().keyFrame);
}

// whep refuses: the mock has no WebRTC, so that the pages fall back to MSE.
function whep(req: IncomingMessage, res: ServerResponse, id: string): void {
  const feed = find(req, id);
  if (!feed) return problem(res, 404, 'unknown-feed');
  if (!feed.online) return problem(res, 503, 'offline');
  problem(res, 406, 'codec', { codec: feed.layers[0]?.codec, detail: 'the mock node has no WebRTC' });
}

function session(req: IncomingMessage, res: ServerResponse): void {
  const user = /classrelay=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? '';
  json(res, { user, guest: !user, may: { watch: true, push: true }, https_port: 8443 });
}

async function login(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { user, password } = JSON.parse(await bodyOf(req)) as { user: string; password: string };
  if (user === 'many') {
    res.setHeader('Retry-After', '30');
    return problem(res, 429, 'too-many-tries');
  }
  if (user !== 'teacher' || password !== 'lesson-42') return problem(res, 401, 'wrong-login');
  res.setHeader('Set-Cookie', `classrelay=${user}; HttpOnly; SameSite=Strict; Path=/`);
  res.statusCode = 204;
  res.end();
}

function loggedOut(res: ServerResponse): void {
  res.setHeader('Set-Cookie', 'classrelay=; Max-Age=0; Path=/');
  res.statusCode = 204;
  res.end();
}
