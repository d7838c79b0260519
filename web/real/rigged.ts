// The test with a rig: one for all tests of a worker, and what its processes have said
// beside a test that failed.
import { test as plain } from '../tests/page';
import { see } from './numbers';
import { Rig } from './rig';

export { expect } from '../tests/page';

export const test = plain.extend<{ seeing: void; telling: void }, { rig: Rig }>({
  rig: [
    async ({}, use) => {
      const rig = await Rig.start();
      try {
        await use(rig);
      } finally {
        await rig.stop();
      }
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  seeing: [
    async ({ page }, use) => {
      await see(page);
      await use();
    },
    { auto: true },
  ],
  telling: [
    async ({ rig }, use, info) => {
      await use();
      if (info.status !== info.expectedStatus) await info.attach('nodes', { body: rig.logs, contentType: 'text/plain' });
    },
    { auto: true },
  ],
});
