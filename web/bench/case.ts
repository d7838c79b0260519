// A case of the bench: its own rig, a page that notes what it draws, and figures as a row
// of the table (table.ts).
import { test as plain, type Page } from '@playwright/test';
import { account, type Account } from '../real/latency';
import { clip, forget, see, sights } from '../real/numbers';
import { Rig, type Plan } from '../real/rig';

export type Figures = Record<string, number | string>;

export const test = plain.extend<{ plan: Plan; rig: Rig; report: (f: Figures) => void; seeing: void }>({
  plan: [{}, { option: true }],
  rig: async ({ plan }, use, info) => {
    const rig = await Rig.start(plan);
    try {
      await use(rig);
    } finally {
      if (info.status !== info.expectedStatus) console.error(rig.logs);
      await rig.stop();
    }
  },
  report: async ({}, use, info) => {
    await use((f) => void info.annotations.push({ type: 'figures', description: JSON.stringify(f) }));
  },
  seeing: [
    async ({ page }, use) => {
      await see(page);
      await use();
    },
    { auto: true },
  ],
});

export const seconds = (n: number): Promise<void> => new Promise((done) => setTimeout(done, n * 1000));

/** settled waits until a page plays, and five seconds more: opening is a case of its own. */
export async function settled(page: Page): Promise<void> {
  for (let tries = 0; (await sights(page)).length === 0; tries++) {
    if (tries === 200) throw new Error('no picture within 20 s');
    await seconds(0.1);
  }
  await seconds(5);
  await forget(page);
}

/** figuresOf rounds an account for the table. */
export function figuresOf(a: Account): Figures {
  return {
    p50: Math.round(a.p50),
    p95: Math.round(a.p95),
    p99: Math.round(a.p99),
    'drawn %': Math.round(a.drawn * 10_000) / 100,
    pictures: a.pictures,
    freeze: Math.round(a.freeze),
  };
}

/** watched is what a page draws in so many seconds, of a feed whose numbers repeat after
 * `period`. */
export async function watched(page: Page, time: number, period = clip): Promise<Figures> {
  await settled(page);
  await seconds(time);
  const until = Date.now();
  return figuresOf(account((await sights(page)).filter((s) => s.at < until), period, until));
}

export const watchedFor = Number(process.env['SECONDS'] ?? 60);
