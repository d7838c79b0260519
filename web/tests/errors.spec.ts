// What a person sees when something is wrong: in both languages what it is, and what to
// do. docs/operator.md has the same rows.
import type { Page } from '@playwright/test';
import { en } from '../src/i18n/en';
import { zh } from '../src/i18n/zh';
import { expect, test } from './page';
import { Studio } from './studio';

type Key = keyof typeof zh;

interface Case {
  name: string;
  path: string;
  provoke?: (page: Page) => Promise<unknown>;
  then?: (page: Page) => Promise<unknown>;
  key: Key; // what is wrong; key.do says what to do
  fill?: Record<string, string>;
  at: string; // where it is said
}

const refuse = (pattern: string, status: number, code: string, more = {}) => (page: Page) =>
  page.route(pattern, (r) =>
    r.fulfill({ status, contentType: 'application/problem+json', headers: { 'Retry-After': '30' }, json: { status, code, ...more } }),
  );
const devices = (error: string) => (page: Page) =>
  page.addInitScript((name) => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name))), error);
const without = (...names: string[]) => (page: Page) =>
  page.addInitScript((all) => all.forEach((name) => Reflect.deleteProperty(window, name)), names);
const login = async (page: Page): Promise<void> => {
  await page.fill('#user', 'teacher');
  await page.fill('#password', 'guess');
  await page.click('.button.main');
};
const allow = (page: Page) => page.click('.desk .button');
const send = (page: Page) => allow(page).then(() => page.click('.buttons .button.main'));
const feed = (code: string) => (page: Page) =>
  page.route('**/api/v1/feeds/**', (r) =>
    r.fulfill({ json: { id: 'room-7', online: false, offline_since: new Date().toISOString(), layers: [], problem: { code, text: null } } }),
  );
const both = (...steps: ((page: Page) => Promise<unknown>)[]) => async (page: Page) => {
  for (const step of steps) await step(page);
};

const cases: Case[] = [
  { name: 'a wrong password', path: '/login', then: login, key: 'problem.wrong-login', at: '[role=alert]' },
  { name: 'too many tries', path: '/login', provoke: refuse('**/api/v1/login', 429, 'too-many-tries'), then: login, key: 'problem.too-many-tries', fill: { seconds: '30' }, at: '[role=alert]' },
  { name: 'a password over http', path: '/login', provoke: refuse('**/api/v1/login', 403, 'plain-login'), then: login, key: 'problem.plain-login', at: '[role=alert]' },
  { name: 'an expired session in a kiosk', path: '/watch/room-101?kiosk=1', provoke: refuse('**/whep/**', 401, 'expired'), key: 'problem.expired', at: '.notice' },
  { name: 'no right to watch', path: '/watch/room-101', provoke: refuse('**/whep/**', 403, 'forbidden'), key: 'problem.forbidden', at: '.notice' },
  { name: 'a name that is not the node’s', path: '/watch/room-101', provoke: refuse('**/whep/**', 403, 'unknown-name'), key: 'problem.unknown-name', at: '.notice' },
  { name: 'a feed that is not there', path: '/watch/room-999', key: 'problem.unknown-feed', fill: { feed: 'room-999' }, at: '.notice' },
  { name: 'H.265 that cannot be played', path: '/watch/hall', key: 'problem.codec.H265', at: '.notice' },
  { name: 'sound in AAC alone', path: '/watch/room-101?via=whep', provoke: refuse('**/whep/**', 406, 'codec', { codec: 'AAC' }), key: 'problem.codec.AAC', at: '.notice' },
  { name: 'a browser that is too old to play', path: '/watch/room-101', provoke: without('RTCPeerConnection', 'MediaSource'), key: 'problem.no-player', at: '.notice' },
  { name: 'a node without WebRTC', path: '/watch/room-101?via=whep', provoke: refuse('**/whep/**', 404, 'webrtc-off'), key: 'problem.webrtc-off', at: '.notice' },
  { name: 'a node that is away or restarts', path: '/watch/room-101?via=whep', provoke: (p) => p.route('**/whep/**', (r) => r.abort()), key: 'problem.unreachable-node', at: '.notice' },
  { name: 'a node that fails', path: '/watch/room-101?via=whep', provoke: refuse('**/whep/**', 500, 'internal'), key: 'problem.internal', at: '.notice' },
  { name: 'a link that is down', path: '/watch/room-7', provoke: both(feed('no-source'), refuse('**/whep/**', 503, 'offline')), key: 'trouble.no-source', at: '.notice' },
  { name: 'a camera that refuses the node', path: '/watch/room-7', provoke: both(feed('camera-login'), refuse('**/whep/**', 503, 'offline')), key: 'trouble.camera-login', at: '.notice' },
  { name: 'a camera that sends nothing', path: '/watch/room-7', provoke: both(feed('silent'), refuse('**/whep/**', 503, 'offline')), key: 'trouble.silent', at: '.notice' },
  { name: 'a camera that is offline', path: '/watch/room-204', key: 'trouble.unreachable', fill: { time: '' }, at: '.notice' },
  { name: 'a refused camera permission', path: '/talk/a', provoke: devices('NotAllowedError'), then: allow, key: 'problem.permission', at: '[role=alert]' },
  { name: 'no camera and no microphone', path: '/talk/a', provoke: devices('NotFoundError'), then: allow, key: 'problem.no-device', at: '[role=alert]' },
  { name: 'a camera that another program has', path: '/talk/a', provoke: devices('NotReadableError'), then: allow, key: 'problem.device-busy', at: '[role=alert]' },
  { name: 'a page without https', path: '/talk/a', provoke: (p) => p.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false })), key: 'problem.no-https', at: '[role=alert]' },
  { name: 'a name that is taken', path: '/talk/room-101', then: send, key: 'problem.taken', at: '[role=alert]' },
  { name: 'a browser that may not use WebRTC', path: '/talk/a', provoke: without('RTCPeerConnection'), then: send, key: 'problem.no-webrtc', at: '[role=alert]' },
  { name: 'too many open pages', path: '/talk/a', provoke: refuse('**/whip/**', 503, 'busy'), then: send, key: 'problem.busy', at: '[role=alert]' },
];

for (const [locale, words] of [['zh-CN', zh], ['en-GB', en]] as const) {
  for (const c of cases) {
    test.describe(() => {
      test.use({ locale });
      test(`${c.name}: what it is and what to do, ${locale}`, async ({ page }) => {
        await c.provoke?.(page);
        await page.goto(c.path);
        await c.then?.(page);
        const said = page.locator(c.at);
        for (const key of [c.key, `${c.key}.do` as Key]) {
          for (const part of parts(words[key], c.fill)) await expect(said).toContainText(part, { ignoreCase: true });
        }
      });
    });
  }
}

// parts are what stays of a sentence around its blanks.
function parts(sentence: string, fill: Record<string, string> = {}): string[] {
  return sentence
    .replace(/\{(\w+)\}/g, (blank, name: string) => fill[name] || blank)
    .split(/\{\w+\}/)
    .map((p) => p.replace(/ minutes?|分钟/, '').trim());
}

test('a session that ended leads to the login, which says so', async ({ page }) => {
  await refuse('**/whep/**', 401, 'expired')(page);
  await page.goto('/watch/room-101');
  await expect(page).toHaveURL(/\/login\?why=expired/);
  await expect(page.locator('.words')).toHaveText(zh['login.why.expired']);
});

test('a camera that is away is said with its time, on the node’s page too', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('.verdict')).toContainText('摄像机离线 3 分钟，网络不通');
  const card = page.locator('.card', { hasText: 'room-204' });
  await expect(card).toContainText('摄像机离线 3 分钟，网络不通');
  await expect(card).toContainText(zh['trouble.unreachable.do']);
  await expect(page.locator('.link', { hasText: 'city' })).toContainText(zh['trouble.no-link.do']);
});

test('where WebRTC cannot carry AAC and MSE was not asked for, the silence is explained', async ({ page, context }) => {
  const studio = await Studio.open(context);
  await studio.serve(page, 'whep', { 'X-Classrelay-Warning': 'no-sound; AAC; left out' });
  await page.goto('/watch/room-101?via=whep');
  await expect(page.locator('.no-sound')).toContainText('改为 G.711A');
  await page.getByRole('button', { name: '知道了' }).click();
  await expect(page.locator('.no-sound')).toHaveCount(0);
});

test('a firewall that lets no media through is said', async ({ page, context }) => {
  const studio = await Studio.open(context);
  await page.route('**/whip/**', async (route) => {
    const sdp = await studio.answer(route.request().postData() ?? '', false);
    const body = sdp.replace(/a=candidate:.*\r\n/g, ''); // nobody can be reached there
    await route.fulfill({ status: 201, contentType: 'application/sdp', headers: { Location: '/whip-session/1' }, body });
  });
  await page.route('**/whip-session/**', (route) => route.fulfill({ status: 200 }));
  await page.bringToFront();
  await page.goto('/talk/a');
  await send(page);
  await expect(page.getByRole('alert')).toContainText(zh['problem.no-media'], { timeout: 40_000 });
  await expect(page.getByRole('alert')).toContainText('listen.webrtc');
});

test.describe('where no script runs', () => {
  test.use({ javaScriptEnabled: false });
  test('the page says that the browser is too old, in both languages', async ({ page }) => {
    await page.goto('/watch/room-101');
    await expect(page.locator('.unopened')).toContainText('Chrome 75 或更新');
    await expect(page.locator('.unopened')).toContainText('use Chrome 75 or newer');
    await expect.poll(() => page.locator('.unopened').evaluate((e) => getComputedStyle(e).opacity)).toBe('1');
  });
});
