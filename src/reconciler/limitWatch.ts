import type { UnitState } from '../systemd/port.ts';
import { limitsDiffer } from './drift.ts';
import type { ServerEntry } from './entry.ts';
import type { LoopPorts } from './ports.ts';

/** Where the kernel keeps what a property sets, for those that samples of usage don't have in them. */
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
  readonly text: string | undefined;
}

/** Finds running units whose limits are not as systemd last reported them, by files that cost no D-Bus call. */
export class LimitWatch {
  readonly #ports: Pick<LoopPorts, 'systemd' | 'sampler' | 'limitFiles'>;
  readonly #seen = new WeakMap<ServerEntry, Seen>();

  constructor(ports: Pick<LoopPorts, 'systemd' | 'sampler' | 'limitFiles'>) {
    this.#ports = ports;
  }

  /** Takes the files of now for those that belong to systemd's last answer, if that is a new one. */
  note(entry: ServerEntry): void {
    const live = this.#live(entry);
    if (live !== undefined && this.#seen.get(entry)?.live !== live)
      this.#seen.set(entry, { live, text: this.#text(entry) });
  }

  /** Asks systemd anew where the files tell something else than at its last answer, or nobody looked then. @throws {SystemdError} */
  async look(entry: ServerEntry): Promise<void> {
    const { systemd, sampler } = this.#ports;
    const live = this.#live(entry);
    if (live === undefined) return;
    const text = this.#text(entry);
    const seen = this.#seen.get(entry);
    const isSame = seen === undefined ? text === undefined : seen.live === live && seen.text === text;
    // The last sample of a server at rest may have older limits in it.
    if (isSame && !limitsDiffer(sampler.measure(entry.name) ?? sampler.usage(entry.name), live)) return;
    await systemd.read(entry.unitName);
    // The text of before: what changed while systemd was asked is found the next time.
    this.#seen.set(entry, { live: this.#live(entry), text });
  }

  #live({ unitName }: ServerEntry): UnitState['live'] {
    return this.#ports.systemd.unit(unitName)?.live;
  }

  /** Undefined: none of the files is there, or the spec sets nothing that would be in them. */
  #text({ unitName, admission }: ServerEntry): string | undefined {
    const controlGroup = this.#ports.systemd.unit(unitName)?.controlGroup ?? '';
    if (controlGroup === '' || admission.kind !== 'admitted') return undefined;
    const files = new Set(admission.plan.live.flatMap(({ name }) => FILES[name] ?? []));
    return files.size === 0 ? undefined : this.#ports.limitFiles(controlGroup, [...files]);
  }
}
