// The reporter: a table on standard output and everything as JSON, in the file that OUT
// names (test-results/bench.json without it).
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import type { Figures } from './case';

interface Row {
  case: string;
  figures: Figures;
}

export default class Table implements Reporter {
  private readonly rows: Row[] = [];
  private failed = 0;

  printsToStdio(): boolean {
    return true;
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    for (const e of result.errors) console.error(`${test.title}: ${e.message ?? e.value}`);
    if (result.status !== 'passed') this.failed++;
    const figures = result.annotations.filter((a) => a.type === 'figures');
    for (const f of figures) {
      const row = { case: test.title, figures: JSON.parse(f.description ?? '{}') as Figures };
      this.rows.push(row);
      console.log(line(row));
    }
  }

  onStdErr(chunk: string | Buffer): void {
    process.stderr.write(chunk);
  }

  onEnd(): void {
    const file = process.env['OUT'] ?? 'test-results/bench.json';
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), failed: this.failed, rows: this.rows }, null, 2)}\n`);
    console.log(`written to ${file}`);
  }
}

function line(row: Row): string {
  const figures = Object.entries(row.figures).map(([name, v]) => `${name} ${v}`);
  return `${row.case.padEnd(44)} ${figures.join(', ')}`;
}
