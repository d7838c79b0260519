// The village answers: a page at the branch speaks, a page at the hub sees and hears it.
import { expect, test } from './rigged';

interface Heard {
  kind: string;
  readyState: string;
  muted: boolean;
}

test('a page at the branch is seen and heard at the hub', async ({ page, context, rig }) => {
  await page.goto(`${rig.branch.https}/talk/village`);
  await page.getByRole('button', { name: '允许使用摄像头和麦克风' }).click();
  await page.getByRole('button', { name: '开始发送' }).click();
  await expect(page.locator('.state')).toHaveText('正在发送');
  await rig.knows(rig.hub, 'village');

  const viewer = await context.newPage();
  await viewer.goto(`${rig.hub.http}/watch/village`);
  const video = viewer.locator('video');
  // The fake camera shows a clock that runs: a picture that stands still stays the same.
  const drawn = (): Promise<string> =>
    video.evaluate((v: HTMLVideoElement) => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [64, 36];
      canvas.getContext('2d')?.drawImage(v, 0, 0, 64, 36);
      return v.videoWidth > 2 ? canvas.toDataURL() : '';
    });
  const seen = new Set<string>();
  await expect.poll(async () => seen.add(await drawn()).size, { message: 'pictures that differ' }).toBeGreaterThan(5);
  const tracks = (): Promise<Heard[]> =>
    video.evaluate((v: HTMLVideoElement) =>
      (v.srcObject as MediaStream).getTracks().map(({ kind, readyState, muted }) => ({ kind, readyState, muted })),
    );
  await expect.poll(tracks).toContainEqual({ kind: 'audio', readyState: 'live', muted: false });
  await page.bringToFront();
  await page.getByRole('button', { name: '停止发送' }).click();
  await expect(page.locator('.state')).toHaveText('未发送');
});
