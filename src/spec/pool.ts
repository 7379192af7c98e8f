import { parseCores, parseSizeBytes, QuantityError } from './quantities.ts';
import type { Quota } from './quota.ts';

/** An amount as such, or as a part of what the host has. */
export type Amount =
  | { readonly kind: 'exact'; readonly amount: number }
  | { readonly kind: 'ofHost'; readonly percent: number };

/** Limits of one pool, before the host is known. An absent field means: no limit (or systemd's default weight). */
export interface Pool {
  /** Bytes. */
  readonly memoryMax?: Amount;
  readonly memoryHigh?: Amount;
  /** At least this; the guarantees of its servers together may ask for more. */
  readonly memoryLow?: Amount;
  readonly memorySwapMaxBytes?: number;
  /** Cores; of a part, all of the host's CPUs are the whole. */
  readonly cpuLimit?: Amount;
  /** 1-10000, systemd's CPUWeight=. */
  readonly cpuWeight?: number;
  /** CPU numbers, ascending and without duplicates. */
  readonly allowedCpus?: readonly number[];
  readonly tasksMax?: number;
  /** 1-10000, systemd's IOWeight=. */
  readonly ioWeight?: number;
  /** What its servers may ask for together, whether they run or not; the kernel knows nothing of it. */
  readonly quota?: Quota;
}

/** Pools by name. */
export type Pools = ReadonlyMap<string, Pool>;

/** What a percentage of the host looks like, for editors. */
export const PERCENT_PATTERN = /^(\d{1,3})(?:\.(\d{1,2}))?%$/;

/**
 * A size in bytes, or a percentage of the host's memory such as `80%`.
 *
 * @throws {QuantityError} neither
 */
export function parseMemoryAmount(value: string | number): Amount {
  return parsePercent(value) ?? { kind: 'exact', amount: parseSizeBytes(value) };
}

/**
 * A number of cores, or a percentage of all the host's CPUs such as `80%`.
 *
 * @throws {QuantityError} neither
 */
export function parseCpuAmount(value: string | number): Amount {
  return parsePercent(value) ?? { kind: 'exact', amount: parseCores(value) };
}

/** What is wrong with the name of a pool, or undefined. A `-` would nest systemd's slices. */
export function poolNameProblem(name: string): string | undefined {
  return /^[a-z0-9_]{1,32}$/.test(name)
    ? undefined
    : 'must be 1 to 32 of a-z, 0-9 and _ to name a pool (no capitals, no hyphens)';
}

/** Undefined: no percentage at all. @throws {QuantityError} one that means nothing */
function parsePercent(value: string | number): Amount | undefined {
  if (typeof value !== 'string' || !value.endsWith('%')) return undefined;
  const match = PERCENT_PATTERN.exec(value);
  const percent = match === null ? Number.NaN : Number(value.slice(0, -1));
  if (!(percent >= 1 && percent <= 100)) {
    throw new QuantityError(`${JSON.stringify(value.slice(0, 20))} is not a part of the host: write 1% to 100%`);
  }
  return { kind: 'ofHost', percent };
}
