// A lesson from the camera over the rough line into the browser.
import { goesBy, plays, say } from './playing';
import { expect, test } from './rigged';

test('the branch shows the lesson by WebRTC, and the burnt-in numbers say how late', async ({ page, rig }) => {
  await page.goto(`${rig.branch.http}/watch/room-101`);
  say('WHEP at the branch', await plays(page));
  await goesBy(page, 'WHEP');
  await expect(page.locator('.notice')).toHaveCount(0);
});

test('and by MSE, over https', async ({ page, rig }) => {
  await page.goto(`${rig.branch.https}/watch/room-101?via=mse`);
  say('MSE at the branch', await plays(page));
  await goesBy(page, 'MSE');
});

test.describe('in English', () => {
  test.use({ locale: 'en-GB' });
  test('the node says which link brings the lesson, and how late it is', async ({ page, rig }) => {
    await page.goto(`${rig.branch.http}/watch/room-101`);
    await plays(page);
    await page.keyboard.press('i');
    await expect(page.locator('.figures')).toContainText(/Live latency\s*\d+/);
    await page.goto(`${rig.branch.http}/`);
    await expect(page.locator('#content')).toContainText('room-101');
    await expect(page.locator('#content')).toContainText('hub');
  });
});
