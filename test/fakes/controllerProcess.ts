import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ControllerHost } from './controllerHost.ts';
import type { Measures } from './measures.ts';

const program = fileURLToPath(new URL('../../bin/hublet', import.meta.url));

const measuring = fileURLToPath(new URL('./measures.ts', import.meta.url));

/** What a run of the program came to. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `hublet` as a process of its own, on the directories and the bus of a host. Accounts are this machine's. */
export class ControllerProcess {
  readonly #host: ControllerHost;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #measuresPath: string;
  #child: ChildProcess | undefined;

  constructor(host: ControllerHost) {
    this.#host = host;
    const { stateDirectory, runtimeDirectory, lockPath } = host.config;
    this.#measuresPath = join(host.root, 'measures.json');
    this.#environment = {
      HUBLET_MEASURES: this.#measuresPath,
      PATH: process.env.PATH,
      HUBLET_CONFIG: join(host.root, 'hublet.yaml'),
      HUBLET_STATE_DIR: stateDirectory,
      HUBLET_RUNTIME_DIR: runtimeDirectory,
      HUBLET_LOCK: lockPath,
      HUBLET_COMPILE_CACHE: join(host.root, 'compiled'),
    };
    const source = { path: host.specs, owner: userInfo().username, prune: 'off' };
    this.configure({ sources: [source], reconcile: { rescan: '1s' }, metrics: { listen: 'off' } });
  }

  /** Writes the configuration; YAML takes JSON. */
  configure(fields: object): void {
    const text = JSON.stringify({ apiVersion: 'hublet/v1', kind: 'Config', ...fields });
    writeFileSync(join(this.#host.root, 'hublet.yaml'), text);
  }

  /** Writes a fragment of the configuration; undefined: takes it away. */
  configureFragment(name: string, fields: object | undefined): void {
    const directory = join(this.#host.root, 'hublet.d');
    mkdirSync(directory, { recursive: true });
    const path = join(directory, name);
    if (fields === undefined) rmSync(path);
    else writeFileSync(path, JSON.stringify({ apiVersion: 'hublet/v1', kind: 'Config', ...fields }));
  }

  /** Sends the controller a signal that doesn't end it. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Runs `hublet` to its end. `address` in place of the host's bus. */
  async run(args: readonly string[], address = this.#host.fake.address): Promise<ProgramEnd> {
    const child = this.#spawn(args, address);
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, out, err };
  }

  /** `hublet run`, of which nothing more is known yet. */
  launch() {
    const child = this.#spawn(['run'], this.#host.fake.address);
    this.#child = child;
    return child;
  }

  /** `hublet run`, up and past its first look at every server. */
  async start(): Promise<void> {
    const child = this.launch();
    let said = '';
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('"msg":"ready"')) resolve();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      child.once('exit', (code) => reject(new Error(`hublet ended with ${code} before it was ready: ${said}`)));
    });
    await ready;
  }

  /** What the running controller needs now, garbage collected. */
  async measure(): Promise<Measures> {
    const read = (): Measures | undefined =>
      existsSync(this.#measuresPath) ? JSON.parse(readFileSync(this.#measuresPath, 'utf8')) : undefined;
    const before = read()?.serial;
    this.signal('SIGUSR2');
    for (;;) {
      const measures = read();
      if (measures !== undefined && measures.serial !== before) return measures;
      if (this.#child?.exitCode !== null) throw new Error('the controller has ended');
      await sleep(10);
    }
  }

  /** SIGKILL: it does nothing any more, not even say so. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and its exit code. */
  async stop(): Promise<number | null> {
    return await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    return code;
  }

  #spawn(args: readonly string[], address: string) {
    return spawn(process.execPath, ['--expose-gc', '--import', measuring, program, '--system', ...args], {
      env: { ...this.#environment, DBUS_SYSTEM_BUS_ADDRESS: address },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
