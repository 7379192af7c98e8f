import { setTimeout as sleep } from 'node:timers/promises';
import { CgroupReader, type ReaderOptions, readerOptions } from '../cgroup/read.ts';
import { CgroupGone, type Usage } from '../cgroup/types.ts';
import type { ServerStatus } from '../status/types.ts';
import type { Context } from './context.ts';

/** Time between the two readings that a CPU rate needs. */
const INTERVAL_MS = 200;

export interface LiveUsage {
  readonly usage: Usage;
  /** CPU cores in use between the last two readings; absent at the first one, and where the cpu controller is off. */
  readonly cpuCores?: number;
  /** Likewise, from and to all devices together; absent also where details are not read or the io controller is off. */
  readonly ioReadBytesPerSecond?: number;
  readonly ioWriteBytesPerSecond?: number;
}

/** What the servers that have a cgroup use now, by name: read twice, all at the same two moments. */
export async function measureRunning(
  context: Context,
  servers: readonly ServerStatus[],
): Promise<ReadonlyMap<string, LiveUsage>> {
  const meter = new UsageMeter(context);
  try {
    if (meter.read(servers).size > 0) await sleep(INTERVAL_MS);
    return meter.read(servers);
  } finally {
    meter.close();
  }
}

interface Metered {
  readonly controlGroup: string;
  readonly reader: CgroupReader;
  last: Usage | undefined;
}

/** Reads the cgroups of servers again and again, and knows the rates since the reading before. */
export class UsageMeter {
  readonly #context: Pick<Context, 'cgroupRoot' | 'clock'>;
  readonly #options: ReaderOptions;
  readonly #metered = new Map<string, Metered>();

  /** `isDetailed`: I/O too. Absent: false. */
  constructor(context: Pick<Context, 'cgroupRoot' | 'clock'>, { isDetailed = false } = {}) {
    this.#context = context;
    this.#options = readerOptions({ isDetailed: () => isDetailed });
  }

  /** Usage by name. A server without a cgroup, or whose cgroup goes meanwhile, is left out. */
  read(servers: readonly ServerStatus[]): ReadonlyMap<string, LiveUsage> {
    const live = new Map<string, LiveUsage>();
    const names = new Set(servers.map(({ metadata }) => metadata.name));
    for (const name of this.#metered.keys()) if (!names.has(name)) this.#drop(name);
    for (const { metadata, status } of servers) {
      const one = status.controlGroup === null ? undefined : this.#readOne(metadata.name, status.controlGroup);
      if (one !== undefined) live.set(metadata.name, one);
    }
    return live;
  }

  close(): void {
    for (const name of [...this.#metered.keys()]) this.#drop(name);
  }

  #readOne(name: string, controlGroup: string): LiveUsage | undefined {
    if (this.#metered.get(name)?.controlGroup !== controlGroup) this.#drop(name);
    try {
      const metered = this.#metered.get(name) ?? this.#open(name, controlGroup);
      const { last } = metered;
      metered.last = metered.reader.read(this.#context.clock.monotonicMs());
      return { usage: metered.last, ...(last === undefined ? {} : ratesOf(last, metered.last)) };
    } catch (error) {
      if (!(error instanceof CgroupGone)) throw error;
      this.#drop(name);
      return undefined;
    }
  }

  #open(name: string, controlGroup: string): Metered {
    const reader = new CgroupReader(this.#context.cgroupRoot, controlGroup, this.#options);
    const metered: Metered = { controlGroup, reader, last: undefined };
    this.#metered.set(name, metered);
    return metered;
  }

  #drop(name: string): void {
    this.#metered.get(name)?.reader.close();
    this.#metered.delete(name);
  }
}

function ratesOf(before: Usage, after: Usage): Omit<LiveUsage, 'usage'> {
  const seconds = (after.sampledAtMs - before.sampledAtMs) / 1000;
  if (seconds <= 0) return {};
  const rate = <Name extends string>(name: Name, from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? {} : { [name]: Math.max(0, (to - from) / seconds) };
  return {
    ...rate('cpuCores', cpuSeconds(before), cpuSeconds(after)),
    ...rate('ioReadBytesPerSecond', before.ioReadBytes, after.ioReadBytes),
    ...rate('ioWriteBytesPerSecond', before.ioWriteBytes, after.ioWriteBytes),
  };
}

function cpuSeconds({ cpuUserSeconds, cpuSystemSeconds }: Usage): number | undefined {
  return cpuUserSeconds === undefined || cpuSystemSeconds === undefined ? undefined : cpuUserSeconds + cpuSystemSeconds;
}
