import { expect, test } from '@playwright/test';
import { problemCodes, troubleCodes } from '../src/api/codes';
import { en } from '../src/i18n/en';
import { zh } from '../src/i18n/zh';

const catalogues: [string, Record<string, string>][] = [
  ['zh', zh],
  ['en', en],
];
const blanks = (sentence: string): string[] => (sentence.match(/\{\w+\}/g) ?? []).sort();

test('both languages have the same keys, filled, with the same blanks', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  for (const [key, sentence] of Object.entries(zh)) {
    const other = en[key as keyof typeof zh];
    expect(sentence, key).not.toBe('');
    expect(other, key).not.toBe('');
    expect(blanks(other), key).toEqual(blanks(sentence));
  }
});

for (const [name, words] of catalogues) {
  test(`every problem the node or the page can name has words in ${name}`, () => {
    for (const code of problemCodes) expect(words[`problem.${code}`], code).toBeTruthy();
    for (const code of troubleCodes) expect(words[`trouble.${code}`], code).toBeTruthy();
  });

  test(`every problem has what to do about it in ${name}`, () => {
    const keys = Object.keys(words).filter((k) => /^(problem|trouble)\./.test(k) && !k.endsWith('.do'));
    expect(keys.length).toBeGreaterThan(40);
    for (const key of keys) expect(words[`${key}.do`], key).toBeTruthy();
  });
}

test('the English has no Chinese in it, but for the name of the other language', () => {
  for (const [key, sentence] of Object.entries(en)) {
    if (key !== 'nav.language') expect(sentence, key).not.toMatch(/[一-鿿]/);
  }
});
