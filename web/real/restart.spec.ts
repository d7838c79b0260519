// A power cut in the town.
import { plays, say } from './playing';
import { expect, test } from './rigged';

test('the hub is killed and comes back, and the page goes on without a reload', async ({ page, rig }) => {
  await page.goto(`${rig.branch.http}/watch/room-101?layer=sub`);
  await plays(page);
  await page.evaluate(() => Object.assign(window, { witness: 'the same document' }));
  await rig.restart(rig.hub);
  say('after the restart', await plays(page));
  expect(await page.evaluate(() => (window as unknown as { witness: string }).witness)).toBe('the same document');
});
