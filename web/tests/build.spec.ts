// What the built pages may be: small, and in the language of Chrome 75.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { parseAst } from 'vite';

const root = join(import.meta.dirname, '..', 'dist');
const assets = readdirSync(join(root, 'assets')).map((name) => join(root, 'assets', name));
const read = (suffix: string): [string, string][] =>
  assets.filter((a) => a.endsWith(suffix)).map((a) => [a, readFileSync(a, 'utf8')]);

test('all pages together stay under 300 kB', () => {
  const total = [...assets, join(root, 'index.html')].reduce((n, a) => n + statSync(a).size, 0);
  console.log(`the pages are ${Math.round(total / 1000)} kB`);
  expect(total).toBeLessThan(300_000);
});

test('the page has no script and no style of its own, as the security policy wants', () => {
  const html = readFileSync(join(root, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
});

test('the scripts parse without what came after Chrome 75', () => {
  for (const [name, source] of read('.js')) {
    const newer = new Set<string>();
    JSON.stringify(parseAst(source), (key, v: unknown) => {
      if (key === 'type' && typeof v === 'string' && tooNew.includes(v)) newer.add(v);
      if (key === 'operator' && typeof v === 'string' && ['??', '??=', '||=', '&&='].includes(v)) newer.add(v);
      return typeof v === 'bigint' ? String(v) : v;
    });
    expect([...newer], name).toEqual([]);
    expect(source, name).not.toMatch(/\.replaceAll\(|\.at\(-|structuredClone\(|Promise\.(any|allSettled)\(|Object\.hasOwn/);
  }
});
const tooNew = ['ChainExpression', 'StaticBlock', 'PropertyDefinition', 'PrivateIdentifier'];

test('the styles do without what came after Chrome 75', () => {
  const newer = /aspect-ratio|(^|[{;])inset:|:is\(|:where\(|:has\(|[ds]v[hw]\b|color-mix|@layer|@container|min\(|clamp\(/;
  for (const [name, css] of read('.css')) {
    expect(css.replace(/minmax\([^)]*\)/g, '').match(newer)?.[0], name).toBeUndefined();
    for (const rule of css.match(/\{[^{}]*\}/g) ?? []) {
      expect(/display:(inline-)?flex/.test(rule) && /[{;]gap:/.test(rule), `${name} ${rule}`).toBe(false); // Chrome 84
    }
  }
});

test('the lock file names no place to download from', () => {
  const lock = readFileSync(join(root, '..', 'package-lock.json'), 'utf8');
  expect(lock).not.toMatch(/"resolved"|registry/);
});
