// Who may not watch, and what does not exist: what the person reads.
import { plays } from './playing';
import { tell } from './program';
import { expect, test } from './rigged';

test('an unknown feed is named', async ({ page, rig }) => {
  await page.goto(`${rig.branch.http}/watch/room-999`);
  await expect(page.locator('.notice')).toContainText('没有名为 room-999 的画面');
});

test.describe('from another machine', () => {
  // Which a node believes of a web server on its own machine.
  test.use({ extraHTTPHeaders: { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https' } });

  test('a stranger logs in, wrongly and then well, watches, and has to again', async ({ page, rig }) => {
    const node = await rig.addBranch('guarded', { more: tell(['user', 'hash', '--name', 'teacher'], 'lesson-42\n') });
    await rig.knows(node, 'room-101');
    await page.goto(`${node.https}/watch/room-101?layer=sub`);
    await expect(page).toHaveURL(/\/login\?why=login/);
    await page.getByLabel('用户名').fill('teacher');
    const password = page.getByLabel('密码', { exact: true });
    await password.fill('guess');
    await password.press('Enter');
    await expect(page.getByRole('alert')).toContainText('用户名或密码不对。');
    await password.fill('lesson-42');
    await password.press('Enter'); // on the field: the refusal takes the focus when it is drawn
    await expect(page).toHaveURL(/\/watch\/room-101\?layer=sub/);
    await plays(page);
    await rig.restart(node); // which forgets who had logged in
    await page.reload();
    await expect(page).toHaveURL(/\/login\?why=expired/);
    await expect(page.locator('body')).toContainText('登录已过期');
    await node.program.kill();
  });
});
