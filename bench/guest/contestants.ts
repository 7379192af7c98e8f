/** Three ways to start the same servers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenCpuSeconds, serviceCpuSeconds } from './cpu.ts';
import { RawSystemd } from './raw.ts';
import { compileServer, specText, systemdRunOptions } from './server.ts';
import { stopUnits, unloaded } from './units.ts';

export type ContestantName = 'hublet' | 'raw' | 'loop';

export interface Contestant {
  /** The unit that a server of this name will be. */
  unitOf(name: string): string;
  /** Makes ready, outside of what is measured. Returns what starts them all. */
  prepare(names: readonly string[]): () => Promise<void>;
  /** CPU time its own processes have used so far. */
  cpuSeconds(): number;
  /** Ends all that it ever started. */
  clean(): Promise<void>;
  close(): void;
}

const DESIRED_STATE = '/etc/hublet/desired-state';
/** On the same file system, so that a rename is one; a name that hublet passes over. */
const ASIDE = '/etc/hublet/bench-aside';
const STATUS = '/run/hublet/status';
const ENVIRONMENT = '/run/bench-env';
const IN_FLIGHT = 16;

export async function openContestant(name: ContestantName): Promise<Contestant> {
  switch (name) {
    case 'hublet':
      return hublet;
    case 'raw':
      return new Raw(await RawSystemd.connect());
    case 'loop':
      return loop;
  }
}

/** Spec files, all written before, moved into the directory one after the other. */
const hublet: Contestant = {
  unitOf: (name) => `hublet-${name}.service`,
  prepare(names) {
    mkdirSync(ASIDE, { recursive: true });
    for (const name of names) writeFileSync(join(ASIDE, name), specText(name), { mode: 0o644 });
    return async () => {
      for (const name of names) renameSync(join(ASIDE, name), join(DESIRED_STATE, `${name}.yaml`));
    };
  },
  cpuSeconds: () => serviceCpuSeconds('hublet.service'),
  async clean() {
    for (const file of readdirSync(DESIRED_STATE)) rmSync(join(DESIRED_STATE, file));
    await unloaded('hublet-*.service');
    while (readdirSync(STATUS).length > 0) await sleep(200);
  },
  close: () => undefined,
};

class Raw implements Contestant {
  readonly #systemd: RawSystemd;

  constructor(systemd: RawSystemd) {
    this.#systemd = systemd;
  }

  unitOf(name: string): string {
    return `raw-${name}.service`;
  }

  prepare(names: readonly string[]): () => Promise<void> {
    const plans = names.map((name) => ({ unit: this.unitOf(name), plan: compileServer(name, ENVIRONMENT) }));
    for (const { plan } of plans) writeEnvironment(plan.environmentFile);
    const units = new Map(plans.map(({ unit, plan }) => [unit, plan.properties]));
    return () => this.#systemd.startAll(units, IN_FLIGHT);
  }

  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }

  clean(): Promise<void> {
    return stopUnits('raw-*.service');
  }

  close(): void {
    this.#systemd.close();
  }
}

/** A shell script as an admin would write it. */
const loop: Contestant = {
  unitOf: (name) => `loop-${name}.service`,
  prepare(names) {
    const commands = names.map((name) => {
      const { environmentFile } = compileServer(name, ENVIRONMENT);
      writeEnvironment(environmentFile);
      const options = systemdRunOptions(`loop-${name}`, environmentFile.path).join(' ');
      return `systemd-run --quiet --no-block ${options} /bin/sleep infinity`;
    });
    return async () => {
      const shell = spawn('bash', ['-es'], { stdio: ['pipe', 'inherit', 'inherit'] });
      shell.stdin.end(commands.join('\n'));
      const [code] = (await once(shell, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`the loop ended with ${code}`);
    };
  },
  cpuSeconds: () => childrenCpuSeconds(),
  clean: () => stopUnits('loop-*.service'),
  close: () => undefined,
};

function writeEnvironment({ path, text }: { readonly path: string; readonly text: string }): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o400 });
}
