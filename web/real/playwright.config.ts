import { defineConfig } from '@playwright/test';
import { chromium } from '../tests/chromium';

// The pages against real nodes. One test at a time: each has a browser that decodes 1080p
// beside the processes it looks at.
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../test-results/real',
  workers: 1,
  timeout: 90_000, // a loaded machine is slow; nothing here waits for its own sake
  expect: { timeout: 40_000 },
  reporter: 'list',
  use: {
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    viewport: { width: 1366, height: 768 },
    permissions: ['camera', 'microphone'],
    ignoreHTTPSErrors: true, // the county's own authority, which a test's browser does not know
    launchOptions: chromium(),
  },
});
