import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN_POLICY } from '../../src/admission/policy.ts';
import type { Clock } from '../../src/clock.ts';
import type { Config } from '../../src/config/types.ts';
import { type Controller, createController } from '../../src/controller.ts';
import type { Pools } from '../../src/spec/pool.ts';
import { readServerStatus } from '../../src/status/statusFile.ts';
import type { ServerStatus } from '../../src/status/types.ts';
import { SystemdError } from '../../src/systemd/port.ts';
import { unitName } from '../../src/units/name.ts';
import { FakeClock } from './clock.ts';
import { FakeLog } from './log.ts';
import { type FakeSystemd, type FakeUnitView, startFakeSystemd } from './systemd1/main.ts';

export interface HostOptions {
  readonly clock?: Clock;
  readonly maxStarting?: number;
  readonly concurrency?: number;
  /** Address for HTTP; nothing listens where absent. */
  readonly listen?: string;
  /** How many directories of specs there are; 1 where absent. */
  readonly sources?: 1 | 2;
  /** No program of this computer has a port, whichever listen on one: other tests use the same. */
  readonly isAloneWithPorts?: boolean;
  /** Systemd that is there already, for a second controller on the same one. */
  readonly fake?: FakeSystemd;
}

const patienceMs = 30_000;
/** On a fake clock: nothing that a test waits for may need more time than this, backoffs and graces apart. */
const fakePatienceMs = 15_000;
/** Time that passes on a fake clock between two looks at whether what is waited for is there. */
const stepMs = 20;
/** The journal of a host whose ends are all told by systemd itself: it says of each that it was a plain failure. */
const journalScript = `#!/bin/sh
for argument; do case $argument in INVOCATION_ID=*) id=\${argument#INVOCATION_ID=};; esac; done
printf '{"_PID":"1","INVOCATION_ID":"%s","MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"exit-code"}\\n' "$id"
`;

/** A host with directories of its own, a real bus, a fake systemd on it, and the whole controller in this process. */
export class ControllerHost {
  readonly root = mkdtempSync(join(tmpdir(), 'hublet-host-'));
  readonly specs = join(this.root, 'desired-state');
  /** The second source, where there are two. */
  readonly elsewhere = join(this.root, 'desired-state-2');
  readonly runtimeDirectory = join(this.root, 'run');
  readonly log = new FakeLog();
  /** The configuration's; counts from the next start on. */
  pools: Pools = new Map();
  fake: FakeSystemd;
  readonly config: Config;
  readonly #clock: Clock;
  readonly #ownsFake: boolean;
  readonly #isAloneWithPorts: boolean;
  #controller: Controller | undefined;

  private constructor(fake: FakeSystemd, options: HostOptions) {
    this.fake = fake;
    this.#ownsFake = options.fake === undefined;
    this.#isAloneWithPorts = options.isAloneWithPorts ?? false;
    this.#clock = options.clock ?? new FakeClock();
    for (const path of [this.specs, this.elsewhere]) mkdirSync(path, { mode: 0o755 });
    const accounts = ['alice', 'bob', 'carol'].map((name, at) => `${name}:x:${1001 + at}:100::/home/${name}:/bin/bash`);
    writeFileSync(join(this.root, 'passwd'), `${accounts.join('\n')}\n`);
    writeFileSync(join(this.root, 'group'), 'users:x:100:\nvideo:x:44:alice\n');
    writeFileSync(join(this.root, 'nsswitch.conf'), 'passwd: files\ngroup: files\n');
    writeFileSync(join(this.root, 'journalctl'), journalScript);
    chmodSync(join(this.root, 'journalctl'), 0o755);
    const ownerUid = process.getuid?.() ?? 0;
    const directories = options.sources === 2 ? [this.specs, this.elsewhere] : [this.specs];
    this.config = {
      sources: directories.map((path) => ({ path, ownerUid, prune: false, policy: ADMIN_POLICY })),
      profiles: {},
      pools: new Map(),
      prune: { minCount: 3, maxFraction: 0.5 },
      drift: { isCorrected: true, ignore: [] },
      ports: { first: 20_000, last: 29_999 },
      reconcile: {
        concurrency: options.concurrency ?? 16,
        maxStarting: options.maxStarting ?? 8,
        resyncMs: 60_000,
        rescanMs: 200,
      },
      metrics: { listen: options.listen ?? null, level: 'basic', userLabel: 'name', labels: [] },
      runtimeDirectory: this.runtimeDirectory,
      stateDirectory: join(this.root, 'state'),
      lockPath: join(this.root, 'lock'),
      isUserMode: false,
    };
  }

  static async open(options: HostOptions = {}): Promise<ControllerHost> {
    return new ControllerHost(options.fake ?? (await startFakeSystemd()), options);
  }

  get controller(): Controller {
    if (this.#controller === undefined) throw new Error('no controller runs');
    return this.#controller;
  }

  /** The fake clock that the controller lives by. */
  get clock(): FakeClock {
    if (this.#clock instanceof FakeClock) return this.#clock;
    throw new Error('this host has a real clock');
  }

  async start(): Promise<void> {
    this.#controller = createController({
      config: { ...this.config, pools: this.pools },
      clock: this.#clock,
      log: this.log,
      version: 'test',
      isDryRun: false,
      statusGid: undefined,
      busAddress: this.fake.address,
      cgroupRoot: join(this.root, 'cgroup'),
      accountPaths: {
        passwd: join(this.root, 'passwd'),
        group: join(this.root, 'group'),
        nsswitch: join(this.root, 'nsswitch.conf'),
      },
      journalProgram: join(this.root, 'journalctl'),
      ...(this.#isAloneWithPorts && { socketTables: join(this.root, 'no-sockets') }),
    });
    let isStarted = false;
    const started = this.#controller.start().finally(() => {
      isStarted = true;
    });
    while (!isStarted) await this.#turn(1);
    await started;
  }

  async stop(): Promise<void> {
    await this.#controller?.stop();
    this.#controller = undefined;
  }

  /** The controller stops existing in the middle of whatever it does: nothing is written or told any more. */
  async kill(): Promise<void> {
    const { loop, ports } = this.controller;
    this.#controller = undefined;
    ports.systemd.close();
    ports.prober.stop();
    ports.sampler.stop();
    await Promise.all([loop.stop(), ports.source.stop()]);
  }

  async close(): Promise<void> {
    await this.stop();
    if (this.#ownsFake) await this.fake.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** A new file renamed into place, as `hublet apply` does it. */
  put(name: string, text: string | Buffer = spec(name)): void {
    putFile(this.specs, name, text);
  }

  /** The same in the second source. */
  putElsewhere(name: string, text: string): void {
    putFile(this.elsewhere, name, text);
  }

  /**
   * All that the controller ever knew is lost but who it is, and systemd has no units: what it makes of the specs now is
   * what they say. No controller may be running.
   */
  async beginAnew(): Promise<void> {
    const { stateDirectory, runtimeDirectory } = this.config;
    const instance = readFileSync(join(stateDirectory, 'instance.json'));
    rmSync(stateDirectory, { recursive: true });
    rmSync(runtimeDirectory, { recursive: true });
    mkdirSync(stateDirectory, { mode: 0o700 });
    writeFileSync(join(stateDirectory, 'instance.json'), instance, { mode: 0o600 });
    await this.fake.close();
    this.fake = await startFakeSystemd();
  }

  /** The accepted specs of the state directory are lost; who this installation is stays known. */
  forgetAccepted(): void {
    rmSync(join(this.config.stateDirectory, 'specs'), { recursive: true });
  }

  /** The host's accounts are these from now on, in the form of passwd(5). */
  rewriteAccounts(text: string): void {
    writeFileSync(join(this.root, 'passwd'), text);
  }

  /** Somebody makes a unit under a server's name that has no marks of hublet. */
  startForeignUnit(name: string): void {
    this.fake.startByOther(unitName(name));
  }

  /** Writes into the very file that is there. */
  rewrite(name: string, text: string | Buffer): void {
    const bytes = Buffer.from(text);
    const file = openSync(this.path(name), 'r+');
    ftruncateSync(file, 0);
    writeSync(file, bytes);
    closeSync(file);
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  path(name: string): string {
    return join(this.specs, `${name}.yaml`);
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  unit(name: string): FakeUnitView | undefined {
    return this.fake.unit(unitName(name));
  }

  invocation(name: string): string | undefined {
    return this.unit(name)?.invocationId;
  }

  status(name: string): ServerStatus['status'] | undefined {
    return readServerStatus(this.runtimeDirectory, name)?.status;
  }

  /** Size of the file content that the status answers for. */
  answeredSize(name: string): number | undefined {
    return readServerStatus(this.runtimeDirectory, name)?.metadata.source?.size;
  }

  condition(name: string, type: string): ServerStatus['status']['conditions'][number] | undefined {
    return this.status(name)?.conditions.find((condition) => condition.type === type);
  }

  /** Reasons of a server's events, oldest first. */
  events(name: string): readonly string[] {
    return this.controller.ports.events
      .recent(name)
      .map((event) => event.reason)
      .toReversed();
  }

  /** Messages of the host's own events with that reason, oldest first. */
  hostEvents(reason: string): readonly string[] {
    return this.controller.ports.events
      .recent()
      .filter((event) => event.server === undefined && event.reason === reason)
      .map((event) => event.message)
      .toReversed();
  }

  /** Names of what lies in a directory below the runtime directory. */
  files(directory: 'env' | 'state' | 'status'): readonly string[] {
    return readdirSync(join(this.runtimeDirectory, directory)).sort();
  }

  read(path: string): string {
    return readFileSync(join(this.runtimeDirectory, path), 'utf8');
  }

  /** Resolves as soon as it is true; on a fake clock time passes meanwhile. */
  async until(isTrue: () => boolean, what: string): Promise<void> {
    const isFake = this.#clock instanceof FakeClock;
    const now = () => (isFake ? this.#clock.monotonicMs() : Date.now());
    for (const endMs = now() + (isFake ? fakePatienceMs : patienceMs); !isTrue(); ) {
      if (now() > endMs) throw new Error(`waited in vain: ${what}`);
      await this.#turn(stepMs);
    }
  }

  async untilPhase(name: string, phase: string): Promise<void> {
    await this.until(() => this.status(name)?.phase === phase, `${name} is ${phase}`);
  }

  /** Lets time pass on the fake clock while calls wait for an answer, so that nothing ever settles. */
  async elapse(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 200) await this.#turn(Math.min(left, 200));
  }

  /** Lets time pass on the fake clock in small steps, with everything that follows done in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(left, 500));
      await this.settle();
    }
  }

  /** Resolves when systemd's signals so far have come in and every look that they ask for has been had. */
  async settle(): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      const { systemd } = this.controller.ports;
      // Its answer comes after every signal sent before it.
      if (systemd.isConnected()) await answerOf(systemd.systemState());
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.controller.loop.idle();
    }
  }

  async #turn(ms: number): Promise<void> {
    if (this.#clock instanceof FakeClock) this.#clock.advance(ms);
    await new Promise<void>((resolve) => setTimeout(resolve, 2));
  }
}

/** An answer that is only waited for: a connection that ends meanwhile is an answer too. */
async function answerOf(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof SystemdError)) throw error;
  }
}

function putFile(directory: string, name: string, text: string | Buffer): void {
  const temporary = join(directory, `.${name}.tmp`);
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, join(directory, `${name}.yaml`));
}

/** A valid spec; `more` is YAML of further fields of `spec`, indented by two. */
export function spec(name: string, more = ''): string {
  return `apiVersion: hublet/v1
kind: Server
metadata:
  name: ${name}
spec:
  user: alice
  command: [/usr/bin/sleep, infinity]
${more}`;
}
