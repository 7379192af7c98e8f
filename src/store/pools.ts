import { join } from 'node:path';
import type { Log } from '../log.ts';
import { readFileIfPresent, removeFile, writeFileAtomic } from './files.ts';
import { parseStored } from './stored.ts';
import type { PoolStore } from './types.ts';

export interface PoolStoreOptions {
  /** Exists. */
  readonly runtimeDirectory: string;
  /** What another boot set is gone with it. */
  readonly bootId: string;
  readonly log: Log;
}

/**
 * Pools whose slices hublet has set limits of in this boot, in `pools.json` of the runtime directory (0600): what systemd
 * keeps of them until the next boot, and nobody else would take back. A damaged file is reported and counts as none.
 */
export function openPoolStore({ runtimeDirectory, bootId, log }: PoolStoreOptions): PoolStore {
  const path = join(runtimeDirectory, 'pools.json');
  const pools = new Set(readPools(path, bootId, log));
  const write = (next: ReadonlySet<string>): void => {
    if (next.size === 0) removeFile(path);
    else writeFileAtomic(path, `${JSON.stringify({ bootId, pools: [...next] })}\n`, { mode: 0o600 });
  };
  return {
    pools,
    add(pool) {
      if (pools.has(pool)) return;
      write(new Set([...pools, pool]));
      pools.add(pool);
    },
    remove(pool) {
      if (!pools.has(pool)) return;
      write(new Set([...pools].filter((other) => other !== pool)));
      pools.delete(pool);
    },
  };
}

function readPools(path: string, bootId: string, log: Log): readonly string[] {
  const text = readFileIfPresent(path);
  if (text === undefined) return [];
  const stored = parse(text);
  if (stored === undefined) log.warn({ path }, 'what is stored of pools is damaged and ignored');
  return stored?.bootId === bootId ? stored.pools : [];
}

function parse(text: string): { readonly bootId: string; readonly pools: readonly string[] } | undefined {
  const { bootId, pools } = parseStored(text) ?? {};
  const isPool = (name: unknown): name is string => typeof name === 'string' && /^[a-z0-9_]{1,32}$/.test(name);
  return typeof bootId === 'string' && Array.isArray(pools) && pools.every(isPool) ? { bootId, pools } : undefined;
}
