// One process of bin/classrelay, which cannot outlive this one.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** binary is the program under test. */
export const binary = resolve(process.env['CLASSRELAY'] ?? fileURLToPath(new URL('../../bin/classrelay', import.meta.url)));

// The shell ends the program when its input ends, and that does when this process dies,
// however it dies. It says the program's own process id first.
const guard =
  'exec 3<&0; "$@" 3<&- </dev/null & pid=$!; echo "$pid"; { cat <&3 >/dev/null; kill -9 "$pid"; } 2>/dev/null & wait "$pid"';

export class Program {
  pid = 0; // of the program itself
  private said = '';
  private readonly shell: ChildProcess;
  private readonly ended: Promise<void>;

  private constructor(
    private readonly name: string,
    args: string[],
  ) {
    this.shell = spawn('/bin/sh', ['-c', guard, 'guard', binary, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.ended = new Promise((done) => this.shell.once('exit', () => (this.shell.stdin?.end(), done())));
    this.shell.stdin?.on('error', () => undefined); // it ended first
    this.shell.stderr?.on('data', (b: Buffer) => (this.said = (this.said + b.toString()).slice(-20_000)));
  }

  static async start(name: string, args: string[]): Promise<Program> {
    if (!existsSync(binary)) throw new Error(`${binary} is not there: make build, or name it in CLASSRELAY`);
    const p = new Program(name, args);
    p.pid = await new Promise<number>((done, fail) => {
      p.shell.once('error', fail);
      p.shell.stdout?.once('data', (b: Buffer) => done(Number.parseInt(b.toString(), 10)));
    });
    return p;
  }

  get alive(): boolean {
    return this.shell.exitCode === null && this.shell.signalCode === null;
  }

  /** log is the end of what the program has said. */
  get log(): string {
    return `--- ${this.name}\n${this.said}`;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** kill ends the program as a power cut does, and returns when it is gone. */
  kill(): Promise<void> {
    this.shell.stdin?.end();
    return this.ended;
  }
}

/** tell runs a command of the program to its end and returns what it printed. */
export function tell(args: string[], input = ''): string {
  const done = spawnSync(binary, args, { input, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`classrelay ${args.join(' ')}: ${done.error?.message ?? done.stderr}`);
  return done.stdout;
}
