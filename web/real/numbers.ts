// The numbers burnt into the picture, read back from what a page has drawn. The camera
// keeps the beat of the UNIX clock (classrelay camera --help), and so does the drawn camera
// of the talk-back tests: picture N is sent at N x 40 ms and shows N mod the length of the
// clip. So a number that is read at a time tells when its picture was sent.
import type { Page } from '@playwright/test';

/** beat is the time between two pictures in ms. */
export const beat = 40;

/** clip is how many pictures the camera's film has, before it begins again. */
export const clip = 200;

/** Sight is one picture that the page drew. */
export interface Sight {
  shows: number; // the number burnt in
  at: number; // ms since 1970, when it was drawn
  since: number; // ms since the navigation began
  width: number; // of the picture: which stream it is
}

interface Seeing {
  sights: Sight[];
}

/** see lets every document that the page opens from now on note what its player draws. */
export async function see(page: Page): Promise<void> {
  await page.addInitScript(look);
}

/** sights is what the page's present document has drawn so far. */
export function sights(page: Page): Promise<Sight[]> {
  return page.evaluate(() => (window as unknown as Seeing).sights);
}

/** forget begins anew: what was drawn so far does not count. */
export async function forget(page: Page): Promise<void> {
  await page.evaluate(() => ((window as unknown as Seeing).sights.length = 0));
}

// look runs in the browser. bench/camera/clip/make.sh says where the cells are: eight of
// 60x60 at 60 + 72k, 60 of a 1920 wide picture, the most significant first, white = 1.
function look(): void {
  const seen: Sight[] = [];
  Object.assign(window, { sights: seen });
  const canvas = document.createElement('canvas');
  canvas.width = 8;
  canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const follow = (video: HTMLVideoElement): void => {
    const drawn = (): void => {
      const at = Date.now();
      const width = video.videoWidth;
      video.requestVideoFrameCallback(drawn);
      if (!pen || width <= 2) return; // Chromium shows 2x2 before the first picture
      const scale = width / 1920;
      // The middle of each cell, one pixel each.
      for (let k = 0; k < 8; k++) pen.drawImage(video, (80 + 72 * k) * scale, 80 * scale, 20 * scale, 20 * scale, k, 0, 1, 1);
      const rgba = pen.getImageData(0, 0, 8, 1).data;
      let shows = 0;
      for (let k = 0; k < 8; k++) shows = shows * 2 + ((rgba[4 * k] ?? 0) > 128 ? 1 : 0);
      seen.push({ shows, at, since: at - performance.timeOrigin, width });
    };
    video.requestVideoFrameCallback(drawn);
  };
  const known = new WeakSet<Element>();
  new MutationObserver(() => {
    for (const video of document.querySelectorAll('video')) {
      if (!known.has(video)) follow(video);
      known.add(video);
    }
  }).observe(document, { childList: true, subtree: true });
}
