// The test with its watch on the console: a page that breaks the security policy, or
// throws, fails whatever it was testing.
import { expect, test as plain } from '@playwright/test';

export { expect };

export const test = plain.extend({
  page: async ({ page }, use) => {
    const wrong: string[] = [];
    page.on('pageerror', (err) => wrong.push(String(err)));
    page.on('console', (line) => {
      if (/Content Security Policy|Uncaught/.test(line.text())) wrong.push(line.text());
    });
    await use(page);
    expect(wrong).toEqual([]);
  },
});
