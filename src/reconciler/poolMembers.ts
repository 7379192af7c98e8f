import type { UnitState } from '../systemd/port.ts';
import { poolOfControlGroup } from '../units/pool.ts';
import type { ServerEntry } from './entry.ts';
import { positionOf } from './plan.ts';

/** What a server makes of its pool. */
export interface PoolMember {
  readonly pool: string;
  /** Memory that it is guaranteed, bytes; 0: none. */
  readonly guaranteeBytes: number;
  /** Control group of the pool's slice; undefined where the server isn't up. */
  readonly sliceGroup: string | undefined;
}

/**
 * The pool that a server is in, or is about to start in; undefined: it is in none, or down.
 *
 * A run stays in the slice that it began in, whatever its spec says meanwhile. Of the guarantee that is asked for and the
 * one in force the larger counts: so the pool's grows before the server's, and shrinks after it. Pure.
 */
export function poolMember(entry: ServerEntry, unit: UnitState | undefined): PoolMember | undefined {
  const { value } = entry.snapshot;
  const position = positionOf(unit);
  const isUp = position === 'active' || position === 'starting' || position === 'stopping';
  const isWanted = value === 'starting' || value === 'running' || value === 'ready';
  if (!isUp && !isWanted) return undefined;
  const spec = entry.served?.server.spec;
  const sliceGroup = isUp ? sliceGroupOf(unit?.controlGroup ?? '') : undefined;
  const pool = sliceGroup === undefined ? spec?.pool : poolOfControlGroup(unit?.controlGroup ?? '');
  if (pool === undefined) return undefined;
  const asked = isWanted ? (spec?.resources.memoryLowBytes ?? 0) : 0;
  const inForce = isUp ? finiteBytes(unit?.live?.MemoryLow) : 0;
  return { pool, guaranteeBytes: Math.max(asked, inForce), sliceGroup };
}

/** The pool that it runs in, or would run in; undefined: in none, or not known. */
export function poolOf(entry: ServerEntry, unit: UnitState | undefined): string | undefined {
  const isUp = positionOf(unit) !== 'absent' && positionOf(unit) !== 'failed';
  if (isUp && unit !== undefined && unit.controlGroup !== '') return poolOfControlGroup(unit.controlGroup);
  return entry.served?.server.spec.pool;
}

function sliceGroupOf(controlGroup: string): string | undefined {
  return controlGroup === '' ? undefined : controlGroup.slice(0, controlGroup.lastIndexOf('/'));
}

/** 0 for what is no number of bytes, and for `infinity`, which nobody but a passer-by sets. */
function finiteBytes(value: unknown): number {
  const bytes = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : 0;
  return Number.isSafeInteger(bytes) ? bytes : 0;
}
