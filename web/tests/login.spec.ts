import { expect, test } from './page';

const fill = async (page: import('@playwright/test').Page, user: string, password: string): Promise<void> => {
  await page.getByLabel('用户名').fill(user);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
};

test('a wrong password is said in words, and the name stays', async ({ page }) => {
  await page.goto('/login');
  await fill(page, 'teacher', 'wrong');
  await expect(page.getByRole('alert')).toContainText('用户名或密码不对。');
  await expect(page.getByLabel('用户名')).toHaveValue('teacher');
});

test('too many tries tell how long to wait', async ({ page }) => {
  await page.goto('/login');
  await fill(page, 'many', 'x');
  await expect(page.getByRole('alert')).toContainText('输错的次数太多。请 30 秒后再试。');
});

test('plain http is refused with the way to https', async ({ page }) => {
  await page.route('**/api/v1/login', (r) =>
    r.fulfill({ status: 403, contentType: 'application/problem+json', json: { status: 403, code: 'plain-login' } }),
  );
  await page.goto('/login');
  await fill(page, 'teacher', 'x');
  await expect(page.getByRole('alert')).toContainText('未加密的 http');
  await expect(page.getByRole('alert').getByRole('link')).toHaveAttribute('href', /^https:\/\/127\.0\.0\.1:8443\/login/);
});

test('an empty form and a node that is away are said too', async ({ page }) => {
  await page.goto('/login');
  await fill(page, 'teacher', '');
  await expect(page.getByRole('alert')).toHaveText('请填写用户名和密码。');
  await page.route('**/api/v1/login', (r) => r.abort());
  await fill(page, 'teacher', 'lesson-42');
  await expect(page.getByRole('alert')).toContainText('连接不到节点');
});

test('a login goes where the person wanted to go, on this node only', async ({ page }) => {
  await page.goto('/login?next=https%3A%2F%2Fevil.example%2F');
  await fill(page, 'teacher', 'lesson-42');
  await expect(page).toHaveURL(/127\.0\.0\.1:\d+\/$/);
});
