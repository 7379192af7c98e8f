import type { UnitState } from '../systemd/port.ts';
import type { UnitPlan } from '../units/types.ts';
import { limitsDiffer } from './drift.ts';
import type { ServerEntry } from './entry.ts';
import type { LoopPorts } from './ports.ts';

/** Where the kernel keeps the limits that samples of usage have in them, and that are compared with what systemd says. */
const SAMPLED_FILES = ['cpu.max', 'memory.max', 'memory.high', 'pids.max'] as const;

/** And what the other properties set. */
const FILES: Readonly<Record<string, string>> = {
  MemoryLow: 'memory.low',
  MemorySwapMax: 'memory.swap.max',
  CPUWeight: 'cpu.weight',
  AllowedCPUs: 'cpuset.cpus',
  IOWeight: 'io.weight',
  IOReadBandwidthMax: 'io.max',
  IOWriteBandwidthMax: 'io.max',
  IOReadIOPSMax: 'io.max',
  IOWriteIOPSMax: 'io.max',
};

interface Seen {
  /** What systemd said then; another object is another reading. */
  readonly live: UnitState['live'];
  /** Of the files then; undefined: they could not be read. */
  readonly version: number | undefined;
  /** The files were found to say what systemd said. */
  isAgreed: boolean;
}

/** Finds running units whose limits are not as systemd last reported them, by files that cost no D-Bus call. */
export class LimitWatch {
  readonly #ports: Pick<LoopPorts, 'systemd' | 'sampler'>;
  readonly #seen = new WeakMap<ServerEntry, Seen>();
  readonly #files = new Map<string, readonly string[]>();
  readonly #filesByPlan = new WeakMap<UnitPlan, readonly string[]>();

  constructor(ports: Pick<LoopPorts, 'systemd' | 'sampler'>) {
    this.#ports = ports;
  }

  /** Takes the files of now for those that belong to systemd's last answer, if that is a new one. */
  note(entry: ServerEntry): void {
    const live = this.#live(entry);
    if (live !== undefined && this.#seen.get(entry)?.live !== live) this.#take(entry, live);
  }

  /** Whether systemd must be asked anew (`ask`): the files tell something else than at its last answer. */
  isSuspect(entry: ServerEntry): boolean {
    const live = this.#live(entry);
    if (live === undefined) return false;
    const seen = this.#seen.get(entry) ?? this.#take(entry, live);
    const version = this.#version(entry);
    if (seen.live !== live || seen.version !== version) return true;
    if (seen.isAgreed) return false;
    const { sampler } = this.#ports;
    // The last sample of a server at rest may have older limits in it.
    const isOther = limitsDiffer(sampler.measure(entry.name) ?? sampler.usage(entry.name), live);
    seen.isAgreed = !isOther && version !== undefined;
    return isOther;
  }

  /** Asks systemd anew. @throws {SystemdError} */
  async ask(entry: ServerEntry): Promise<void> {
    // Of before: what changes while systemd is asked is found the next time.
    const version = this.#version(entry);
    await this.#ports.systemd.read(entry.unitName);
    this.#seen.set(entry, { live: this.#live(entry), version, isAgreed: false });
  }

  #take(entry: ServerEntry, live: UnitState['live']): Seen {
    const seen = { live, version: this.#version(entry), isAgreed: false };
    this.#seen.set(entry, seen);
    return seen;
  }

  #live({ unitName }: ServerEntry): UnitState['live'] {
    return this.#ports.systemd.unit(unitName)?.live;
  }

  #version({ name, admission }: ServerEntry): number | undefined {
    const files = admission.kind === 'admitted' ? this.#filesOf(admission.plan) : SAMPLED_FILES;
    return this.#ports.sampler.limitsVersion(name, files);
  }

  /** The same object for the same files, whosoever they are. */
  #filesOf(plan: UnitPlan): readonly string[] {
    const ofPlan = this.#filesByPlan.get(plan);
    if (ofPlan !== undefined) return ofPlan;
    const files = [...new Set([...SAMPLED_FILES, ...plan.live.flatMap(({ name }) => FILES[name] ?? [])])];
    const key = files.join();
    const known = this.#files.get(key) ?? files;
    this.#files.set(key, known);
    this.#filesByPlan.set(plan, known);
    return known;
  }
}
