/**
 * Loaded into a controller's process before hublet itself (`node --expose-gc --import`): at SIGUSR2 it collects garbage and
 * writes what the process needs into the file HUBLET_MEASURES.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

/** What a controller's process needs. */
export interface Measures {
  /** Which writing this is, from 1. */
  readonly serial: number;
  /** In use after a collection. */
  readonly heapBytes: number;
  /** Memory of the process that is in the machine's own, as the kernel counts it. */
  readonly rssBytes: number;
  /** The longest that the event loop computed between two turns since the last writing, in processor time: a busy machine doesn't count. */
  readonly longestTurnMs: number;
}

const path = process.env.HUBLET_MEASURES;
/** Less than a turn that anybody would notice. */
const tickMs = 10;

if (path !== undefined) {
  let serial = 0;
  let longestMicros = 0;
  let usedMicros = used();
  setInterval(() => {
    const now = used();
    longestMicros = Math.max(longestMicros, now - usedMicros);
    usedMicros = now;
  }, tickMs).unref();
  process.on('SIGUSR2', () => {
    longestMicros = Math.max(longestMicros, used() - usedMicros);
    for (let round = 0; round < 3; round += 1) globalThis.gc?.();
    serial += 1;
    const measures: Measures = {
      serial,
      heapBytes: getHeapStatistics().used_heap_size,
      rssBytes: process.memoryUsage.rss(),
      longestTurnMs: longestMicros / 1_000,
    };
    writeFileSync(`${path}.tmp`, JSON.stringify(measures));
    renameSync(`${path}.tmp`, path);
    longestMicros = 0;
    usedMicros = used();
  });
}

/** Processor time of the thread that the event loop is in. */
function used(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
