// Thirty pages on one feed at one branch: what each costs there, and that the line carries
// the feed once. They are thirty WebRTC connections of one page, with the sub stream: this
// machine has to decode all thirty too.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import type { Node } from '../real/rig';
import { seconds, test } from './case';

interface Link {
  rate: number;
  flows: { feed: string; layer: string; active: boolean }[];
}

interface Feed {
  viewers: number;
}

const during = 20; // s
const ticks = 100; // of /proc/PID/stat in a second (USER_HZ)

test('30 viewers of one feed (WHEP, sub stream)', async ({ page, rig, report }) => {
  await page.goto(`${rig.branch.http}/login`); // any page of the node's origin without a player
  await page.evaluate(watchers);
  await more(page, 1);
  await seconds(5);
  const one = await measured(rig.branch);
  await more(page, 29);
  await seconds(5);
  const thirty = await measured(rig.branch);
  const fps = await page.evaluate(() => (window as unknown as Watching).watching.drawn());
  await seconds(10);
  const later = await page.evaluate(() => (window as unknown as Watching).watching.drawn());
  report({
    'CPU ms/s with 1': round(one.cpu),
    'with 30': round(thirty.cpu),
    'per viewer': round((thirty.cpu - one.cpu) / 29),
    'line kbit/s with 1': round(one.rate / 1000),
    'line kbit/s with 30': round(thirty.rate / 1000),
    viewers: thirty.viewers,
    'copies upstream': thirty.copies,
    'pictures/s drawn by each': round((later - fps) / 10 / 30),
  });
});

interface Watching {
  watching: { open(): Promise<void>; drawn(): number };
}

async function more(page: Page, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await page.evaluate(() => (window as unknown as Watching).watching.open());
}

// watchers runs in the browser.
function watchers(): void {
  let frames = 0;
  const open = async (): Promise<void> => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.ontrack = (e) => {
      const video = document.createElement('video');
      video.muted = true;
      video.style.width = '60px';
      video.srcObject = new MediaStream([e.track]);
      document.body.append(video);
      const drawn = (): void => {
        frames++;
        video.requestVideoFrameCallback(drawn);
      };
      video.requestVideoFrameCallback(drawn);
      void video.play();
    };
    await pc.setLocalDescription();
    const headers = { 'Content-Type': 'application/sdp' };
    const answer = await fetch('/whep/room-101?layer=sub', { method: 'POST', headers, body: pc.localDescription?.sdp ?? '' });
    if (!answer.ok) throw new Error(await answer.text());
    await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  };
  Object.assign(window, { watching: { open, drawn: () => frames } });
}

async function measured(node: Node): Promise<{ cpu: number; rate: number; viewers: number; copies: number }> {
  const before = cpuOf(node);
  const rates: number[] = [];
  for (let i = 0; i < during; i++) {
    await seconds(1);
    rates.push((await linkOf(node)).rate);
  }
  const cpu = ((cpuOf(node) - before) / during / ticks) * 1000;
  const flows = (await linkOf(node)).flows.filter((f) => f.feed === 'room-101' && f.layer === 'sub' && f.active);
  const feed = (await (await fetch(`${node.http}/api/v1/feeds/room-101`)).json()) as Feed;
  return { cpu, rate: rates.reduce((a, b) => a + b, 0) / rates.length, viewers: feed.viewers, copies: flows.length };
}

async function linkOf(node: Node): Promise<Link> {
  const { links } = (await (await fetch(`${node.http}/api/v1/links`)).json()) as { links: Link[] };
  if (!links[0]) throw new Error('the branch has no link');
  return links[0];
}

// cpuOf is the time in ticks that the node's process has run: fields 14 and 15, and the
// name in field 2 may hold spaces.
function cpuOf(node: Node): number {
  const fields = readFileSync(`/proc/${node.program.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

const round = (v: number): number => Math.round(v * 10) / 10;
