import { readFileSync } from 'node:fs';

/** Part of the process's descriptors that cgroup files may keep open; the rest is for D-Bus, clients, probes and children. */
const USUAL_SHARE = 0.5;

/** What every Linux process has at least, where the limit can't be read. */
const LIMIT_WHERE_UNKNOWN = 1024;

/** How many descriptors may be kept open at once by all who share it. Not having one is no error: files are opened for each reading then. */
export class DescriptorBudget {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Whether one more may be kept open; it counts as taken then. */
  take(): boolean {
    if (this.#taken >= this.#max) return false;
    this.#taken += 1;
    return true;
  }

  /** Gives back as many as were closed. */
  giveBack(count: number): void {
    this.#taken -= count;
  }
}

/** A budget of a share of what this process may open now, half of it where absent. */
export function ownDescriptorBudget(share = USUAL_SHARE, limitsFile = '/proc/self/limits'): DescriptorBudget {
  return new DescriptorBudget(Math.floor(openFilesLimit(readFileSync(limitsFile, 'utf8')) * share));
}

/** The soft limit of the line `Max open files`. @see proc(5), /proc/pid/limits */
function openFilesLimit(text: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return soft === undefined ? LIMIT_WHERE_UNKNOWN : Number(soft);
}
