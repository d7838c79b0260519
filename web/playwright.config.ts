import { defineConfig } from '@playwright/test';
import { chromium } from './tests/chromium';

const port = Number(process.env['PORT'] ?? 4180);
const origin = `http://127.0.0.1:${port}`;

export default defineConfig({
  testDir: 'tests',
  testIgnore: process.env['SHOTS'] ? [] : ['shots.spec.ts'],
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  timeout: 60_000, // a loaded machine is slow; nothing here waits for its own sake
  expect: { timeout: 20_000 },
  reporter: 'list',
  use: {
    baseURL: origin,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    viewport: { width: 1366, height: 768 },
    permissions: ['camera', 'microphone'],
    launchOptions: chromium(),
  },
  webServer: {
    command: `npx vite preview --host 127.0.0.1 --port ${port} --strictPort`,
    url: `${origin}/api/v1/status`,
    reuseExistingServer: false,
    timeout: 60_000,
  },
});
