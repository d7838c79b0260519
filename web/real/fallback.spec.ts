// WebRTC is forbidden in two ways: by the node, and by the browser.
import { goesBy, plays, say } from './playing';
import { test } from './rigged';

test('a node without WebRTC shows the lesson by MSE', async ({ page, rig }) => {
  const node = await rig.addBranch('plain', { webrtc: 'off' });
  await rig.knows(node, 'room-101');
  await page.goto(`${node.http}/watch/room-101`);
  say('listen.webrtc off', await plays(page));
  await goesBy(page, 'MSE');
  await node.program.kill();
});

test('so does a browser without WebRTC', async ({ page, rig }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'RTCPeerConnection'));
  await page.goto(`${rig.branch.http}/watch/room-101`);
  say('no RTCPeerConnection', await plays(page));
  await goesBy(page, 'MSE');
});
