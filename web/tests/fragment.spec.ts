// Fragments and the buffer they go into, without a browser.
import { expect, test } from '@playwright/test';
import { FragmentBuffer } from '../src/play/buffer';
import { isKey } from '../src/play/fragment';

const u32 = (...values: number[]): number[] => values.flatMap((v) => [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255]);
const box = (type: string, ...inside: number[][]): number[] => {
  const body = inside.flat();
  return [...u32(8 + body.length), ...[...type].map((c) => c.charCodeAt(0)), ...body];
};
const traf = (track: number, trun: number[]): number[] =>
  box('traf', box('tfhd', u32(0x020000, track)), box('tfdt', u32(0x01000000, 0, 9000)), box('trun', trun));
const fragment = (...trafs: number[][]): ArrayBuffer =>
  new Uint8Array([...box('moof', box('mfhd', u32(0, 1)), ...trafs), ...box('mdat', [1, 2, 3])]).buffer;

// As the node writes them: offset, duration, size, and flags where one sample is no key.
const key = u32(0x01000301, 1, 100, 3600, 3);
const delta = u32(0x01000701, 1, 100, 3600, 3, 0x10000);
const keyWithFlags = u32(0x01000f01, 1, 100, 3600, 3, 0, 0);

test('a fragment says whether it brings a key picture', () => {
  expect(isKey(fragment(traf(1, key)))).toBe(true);
  expect(isKey(fragment(traf(1, keyWithFlags)))).toBe(true);
  expect(isKey(fragment(traf(1, delta)))).toBe(false);
  expect(isKey(fragment(traf(2, key)))).toBe(false); // sound
  expect(isKey(fragment(traf(2, key), traf(1, delta)))).toBe(false);
  expect(isKey(fragment(traf(2, key), traf(1, key)))).toBe(true);
});

test('what is no fragment brings no key picture', () => {
  const whole = new Uint8Array(fragment(traf(1, keyWithFlags)));
  for (let n = 0; n < 60; n++) expect(isKey(whole.slice(0, n).buffer)).toBe(false);
  expect(isKey(new Uint8Array(box('ftyp', u32(0))).buffer)).toBe(false);
  expect(isKey(new Uint8Array(u32(0, 0, 0)).buffer)).toBe(false);
});

// Lesson is a SourceBuffer and its video: 25 pictures a second, one appended at a time.
class Lesson {
  currentTime = 0;
  readyState = 'open';
  updating = false;
  start = 0;
  end = 0;
  removed: number[] = [];
  onupdateend = (): void => undefined;
  readonly buffered: TimeRanges;

  constructor() {
    this.buffered = { length: 1, start: () => this.start, end: () => this.end };
  }

  addSourceBuffer = (): this => this;

  appendBuffer(): void {
    this.end += 0.04;
    this.currentTime = Math.max(0, this.end - 0.1);
  }

  remove(_: number, end: number): void {
    this.removed.push(end);
  }

  // play adds so many pictures with a key picture each `group`; the browser removes whole groups.
  play(into: FragmentBuffer, pictures: number, group: number): void {
    for (let i = 0; i < pictures; i++) {
      into.add(fragment(traf(1, i % group === 0 ? key : delta)));
      const last = this.removed[this.removed.length - 1] ?? 0;
      this.start = Math.max(this.start, Math.ceil(last / (group * 0.04)) * group * 0.04);
      this.onupdateend();
    }
  }
}

const opened = (): [Lesson, FragmentBuffer] => {
  const lesson = new Lesson();
  const into = new FragmentBuffer(lesson as unknown as MediaSource, lesson as unknown as HTMLVideoElement, (err) => {
    throw err;
  });
  into.type('video/mp4');
  return [lesson, into];
};

test('what was played goes, by whole groups of pictures', () => {
  const [lesson, into] = opened();
  lesson.play(into, 25 * 120, 50);
  expect(lesson.start).toBeGreaterThan(100);
  expect(lesson.start).toBeLessThan(lesson.currentTime - 6);
});

test('with one key picture only nothing goes: all of it hangs on that', () => {
  const [lesson, into] = opened();
  lesson.play(into, 25 * 120, 25 * 600);
  expect(lesson.removed).toEqual([]);
});

test('with a key picture each 20 s it goes up to one that was played', () => {
  const [lesson, into] = opened();
  lesson.play(into, 25 * 70, 25 * 20);
  expect(lesson.start).toBeCloseTo(60);
});
