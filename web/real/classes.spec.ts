// Two schools and one that looks in: the turn is given on the page of classes, and the
// picture of the new main school is on a page that was open before.
import type { Page } from '@playwright/test';
import { expect, test as plain } from '../tests/page';
import { plays, say } from './playing';
import { forget, see, sights } from './numbers';
import { Rig, type Node } from './rig';

const schools = ['banpo', 'yinshan'];

// Whose picture it is, its width tells: each school gives one stream of the camera.
const streams: Record<string, { path: string; width: number }> = {
  banpo: { path: 'main', width: 1920 },
  yinshan: { path: 'sub', width: 640 },
};

interface County {
  hub: Node;
  branch: Node; // which looks in
  at: Record<string, Node>; // the schools
  rig: Rig;
  turn(main: string): Promise<void>; // before a test
}

const test = plain.extend<{ telling: void }, { county: County }>({
  county: [
    async ({}, use) => {
      const rooms = schools.map((s) => `${s}: ${s}/room`).join(', ');
      const rig = await Rig.start({ hub: `classes: {maths: {main: banpo, rooms: {${rooms}}}}` });
      try {
        const at: County['at'] = {};
        for (const s of schools) {
          at[s] = await rig.addBranch(s, { more: `feeds: {${s}/room: {main: "rtsp://${rig.camera}/${streams[s]?.path}", transport: tcp}}` });
          await rig.knows(rig.branch, `${s}/room`);
        }
        await use({ hub: rig.hub, branch: rig.branch, at, rig, turn: (main) => turn(rig.hub, main) });
      } finally {
        await rig.stop();
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  telling: [
    async ({ county }, use, info) => {
      await use();
      if (info.status !== info.expectedStatus) await info.attach('nodes', { body: county.rig.logs, contentType: 'text/plain' });
    },
    { auto: true },
  ],
});

// turn makes a school the main school without a page.
async function turn(hub: Node, main: string): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${hub.http}/api/v1/classes/maths`, { method: 'POST', headers, body: JSON.stringify({ main }) });
  expect(answer.status).toBe(202);
}

// shows waits for the first picture of a school and tells when it was drawn.
async function shows(page: Page, school: string): Promise<number> {
  const its = async () => (await sights(page)).find((s) => s.width === streams[school]?.width);
  await expect.poll(async () => Boolean(await its()), { message: `a picture of ${school}`, intervals: [50] }).toBe(true);
  return (await its())?.at ?? NaN;
}

test('a page that watches a class goes over to each new main school without a reload', async ({ page, context, county }) => {
  await county.turn('banpo');
  await see(page);
  await page.goto(`${county.branch.http}/watch/class/maths`);
  say('the class, banpo', await plays(page));
  await shows(page, 'banpo');
  await page.evaluate(() => Object.assign(window, { never: 'reloaded' }));

  const desk = await context.newPage();
  await desk.goto(`${county.hub.http}/classes`);
  const state = desk.getByRole('region', { name: 'maths' }).getByRole('status').first();
  await expect(state).toContainText('banpo 主讲');
  for (const [i, school] of ['yinshan', 'banpo', 'yinshan'].entries()) {
    await page.bringToFront(); // Chromium draws what is seen
    await forget(page);
    const button = desk.getByRole('button', { name: `设为主讲 ${school}` });
    await expect(button).toBeEnabled();
    const pressed = Date.now();
    await button.dispatchEvent('click');
    const took = (await shows(page, school)) - pressed;
    console.log(`turn ${i + 1}: ${school} is on the screen ${Math.round(took)} ms after the press`);
    await expect(state).toContainText(`${school} 主讲`);
    say(`the class, ${school}`, await plays(page));
    const late = (await sights(page)).filter((s) => s.width !== streams[school]?.width);
    expect(late.length, 'pictures of the former main school, a second later').toBe(0);
  }
  expect(await page.evaluate(() => (window as unknown as { never?: string }).never)).toBe('reloaded');
  await expect(page.locator('.notice')).toHaveCount(0);
});

test('a school takes the turn on its own page, and its own screen shows who has the floor', async ({ page, context, county }) => {
  const banpo = county.at['banpo']?.http;
  await county.turn('yinshan');
  const screen = await context.newPage();
  await see(screen);
  await page.goto(`${banpo}/classes`);
  await page.getByRole('button', { name: '我来主讲 banpo' }).click();
  const state = page.getByRole('region', { name: 'maths' }).getByRole('status').first();
  await expect(state).toContainText('banpo 主讲 · 没有教室发言');
  await page.getByRole('button', { name: '请发言 yinshan' }).click();
  await expect(state).toContainText('banpo 主讲 · yinshan 发言');
  await screen.goto(`${banpo}/watch/class/maths`);
  await plays(screen);
  expect((await sights(screen)).every((s) => s.width === streams['yinshan']?.width)).toBe(true);
});
