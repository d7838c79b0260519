// A county on this machine, of real processes: a camera and a hub in the town, a branch in
// the village, and between hub and branch a line that is far from good.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports';
import { Program, tell } from './program';

/** feed is the camera's name at every node. */
export const feed = 'room-101';

/** village is the line of the issue: 60 ms there and back, 2 % lost in bursts of 5. */
export const village = '{rate: 100Mbit/s, delay: 30ms, loss: 2%, burst: 5}';

/** Node is a hub or a branch: its process, and where its pages are. */
export interface Node {
  name: string;
  config: string; // the file
  http: string; // origin
  https: string;
  program: Program;
}

/** Plan says what is to be otherwise. */
export interface Plan {
  line?: string; // as in a scenario's lines: [{both: ...}]
  camera?: string[]; // more flags of the camera
  hub?: string; // more lines of the hub's configuration
}

export class Rig {
  private readonly folder = mkdtempSync(join(tmpdir(), 'classrelay-real-'));
  private readonly programs: Program[] = [];
  private parent = ''; // where a branch dials: the far end of the line
  camera = ''; // host:port of the camera's RTSP
  hub!: Node;
  branch!: Node;
  lineSince = 0; // ms since 1970: what the times of its steps and outages count from

  static async start(plan: Plan = {}): Promise<Rig> {
    const rig = new Rig();
    try {
      await rig.build(plan);
      return rig;
    } catch (err) {
      const logs = rig.logs;
      await rig.stop();
      throw new Error(`${String(err)}\n${logs}`);
    }
  }

  private async build(plan: Plan): Promise<void> {
    tell(['ca', 'init', '--dir', this.file('pki')]);
    const [rtsp, quic, line] = [await freePort(), await freePort(), await freePort()];
    const camera = (this.camera = `127.0.0.1:${rtsp}`);
    await this.run('camera', ['camera', '--listen', camera, ...(plan.camera ?? [])]);
    this.hub = await this.node('hub', {
      listen: `quic: "127.0.0.1:${quic}"`,
      more: `feeds: {${feed}: {main: "rtsp://${camera}/main", sub: "rtsp://${camera}/sub", transport: tcp}}\n${plan.hub ?? ''}`,
    });
    const scenario = this.file('line.yaml');
    const both = `lines: [{both: ${plan.line ?? village}}]`;
    writeFileSync(scenario, `title: a line\nfor: 60s\ncamera: {clip: true}\n${both}\nrules: [p99 <= 1s]\n`);
    this.parent = `127.0.0.1:${line}`;
    await this.run('line', ['bench', 'line', scenario, '--listen', this.parent, '--to', `127.0.0.1:${quic}`]);
    this.lineSince = Date.now();
    this.branch = await this.addBranch('branch');
    await this.knows(this.branch, feed);
  }

  /** addBranch starts one more branch on the same line; webrtc "off" leaves its pages MSE
   * alone, and more is any other line of its configuration. */
  addBranch(name: string, with_: { webrtc?: 'off'; more?: string } = {}): Promise<Node> {
    return this.node(name, { ...with_, more: `parents: ["${this.parent}"]\n${with_.more ?? ''}` });
  }

  private async node(name: string, with_: { listen?: string; webrtc?: 'off'; more: string }): Promise<Node> {
    tell(['ca', 'issue', '--dir', this.file('pki'), '--name', name, '--host', '127.0.0.1']);
    const [http, https, media] = [await freePort(), await freePort(), await freePort()];
    const listen = [`http: "127.0.0.1:${http}"`, `https: "127.0.0.1:${https}"`];
    listen.push(`webrtc: "${with_.webrtc ?? `127.0.0.1:${media}`}"`);
    if (with_.listen) listen.push(with_.listen);
    const config = this.file(`${name}.yaml`);
    const identity = this.file(`pki/${name}`);
    writeFileSync(config, `node: ${name}\nidentity: ${identity}\nlisten: {${listen.join(', ')}}\n${with_.more}\n`);
    const program = await this.serve(name, config);
    const node = { name, config, http: `http://127.0.0.1:${http}`, https: `https://127.0.0.1:${https}`, program };
    await this.answers(node);
    return node;
  }

  private serve(name: string, config: string): Promise<Program> {
    return this.run(name, ['serve', '--config', config]);
  }

  /** restart is a power cut of a node, and its coming back. */
  async restart(node: Node): Promise<void> {
    await node.program.kill();
    node.program = await this.serve(node.name, node.config);
    await this.answers(node);
  }

  /** knows waits until a node could give a feed. */
  async knows(node: Node, id: string): Promise<void> {
    const url = `${node.http}/api/v1/feeds/${id.split('/').map(encodeURIComponent).join('/')}`;
    await until(`${node.name} knows ${id}`, async () => (await fetch(url)).ok);
  }

  private async answers(node: Node): Promise<void> {
    await until(`${node.name} answers`, async () => {
      if (!node.program.alive) throw new Ended(`${node.name} has ended`);
      return (await fetch(`${node.http}/api/v1/session`)).ok;
    });
  }

  private async run(name: string, args: string[]): Promise<Program> {
    const program = await Program.start(name, args);
    this.programs.push(program);
    return program;
  }

  /** logs is what the processes have said, for a test that has failed. */
  get logs(): string {
    return this.programs.map((p) => p.log).join('\n');
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  /** stop ends every process and removes what they wrote. */
  async stop(): Promise<void> {
    await Promise.all(this.programs.map((p) => p.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

class Ended extends Error {}

const patience = 30_000; // ms: a loaded machine starts a program in a second or two

/** until asks again and again whether something is so; an error counts as no. */
export async function until(what: string, so: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + patience;
  let last = '';
  while (Date.now() < end) {
    try {
      if (await so()) return;
    } catch (err) {
      if (err instanceof Ended) throw err;
      last = `: ${String(err)}`;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`not within ${patience / 1000} s: ${what}${last}`);
}
