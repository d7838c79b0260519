import { defineConfig } from '@playwright/test';
import { chromium } from '../tests/chromium';

// The figures of docs/bench.md that a browser measures. Each case has its own processes.
export default defineConfig({
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: '../test-results/bench',
  workers: 1,
  timeout: 180_000,
  reporter: [['./table.ts']],
  use: {
    locale: 'zh-CN',
    viewport: { width: 1920, height: 1080 },
    permissions: ['camera', 'microphone'],
    ignoreHTTPSErrors: true,
    launchOptions: chromium('--autoplay-policy=no-user-gesture-required'),
  },
});
