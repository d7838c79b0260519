// What every test of a player asks of a page.
import type { Page } from '@playwright/test';
import { expect } from '../tests/page';
import { account, latency, type Account } from './latency';
import { forget, sights } from './numbers';

/** plays waits until a page has drawn a second of pictures that come from now, and tells
 * how old they were. However loaded the machine, a relay that is meant for talking shows
 * nothing that is seconds old. */
export async function plays(page: Page): Promise<Account> {
  await forget(page);
  const fresh = async (): Promise<number> => {
    const shown = (await sights(page)).filter((s) => latency(s) < 2000).map((s) => s.shows);
    return new Set(shown).size;
  };
  await expect.poll(fresh, { message: 'pictures younger than 2 s with numbers of their own' }).toBeGreaterThan(25);
  return account(await sights(page));
}

/** goesBy tells the road that the page's panel names, "WHEP" or "MSE". */
export async function goesBy(page: Page, road: 'WHEP' | 'MSE'): Promise<void> {
  await page.keyboard.press('i');
  await expect(page.locator('.figures')).toContainText(road);
  await page.keyboard.press('i');
}

/** say puts an account into the report of the test. */
export function say(what: string, a: Account): void {
  const ms = (v: number): string => `${Math.round(v)} ms`;
  console.log(`${what}: p50 ${ms(a.p50)}, p95 ${ms(a.p95)}, ${a.pictures} pictures, longest freeze ${ms(a.freeze)}`);
}
