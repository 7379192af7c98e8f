import type { ServerStatus } from '../status/types.ts';
import { formatBytes } from './amounts.ts';
import type { LiveUsage } from './liveUsage.ts';
import { formatCpu, formatMemory } from './serverTable.ts';
import type { Style } from './style.ts';
import { printable } from './table.ts';

/** Rows of `hublet top`: one for each server that runs, those first that use most of what is asked for. */

export const USAGE_ORDERS = ['cpu', 'memory', 'tasks', 'io', 'name'] as const;
export type UsageOrder = (typeof USAGE_ORDERS)[number];

export interface UsedServer {
  readonly server: ServerStatus;
  readonly live: LiveUsage;
}

const HEADER = ['NAME', 'CPU', 'CPU%', 'MEMORY', 'MEM%', 'TASKS', 'READ/S', 'WRITE/S', 'OOM'];
const NONE = '-';

/** From here on a share of a limit is worth a look, and from here on it is nearly all. */
const BUSY_SHARE = 0.75;
const FULL_SHARE = 0.95;

/** Sorted anew; what is not known comes last, and equals by name. */
export function sortByUsage(servers: readonly UsedServer[], order: UsageOrder): readonly UsedServer[] {
  const byName = (a: UsedServer, b: UsedServer) => (a.server.metadata.name < b.server.metadata.name ? -1 : 1);
  return [...servers].sort((a, b) => amountOf(b, order) - amountOf(a, order) || byName(a, b));
}

function amountOf({ live }: UsedServer, order: UsageOrder): number {
  const { usage } = live;
  switch (order) {
    case 'cpu':
      return live.cpuCores ?? -1;
    case 'memory':
      return usage.memoryWorkingSetBytes ?? usage.memoryCurrentBytes ?? -1;
    case 'tasks':
      return usage.tasks ?? -1;
    case 'io':
      return (live.ioReadBytesPerSecond ?? -1) + (live.ioWriteBytesPerSecond ?? 0);
    case 'name':
      return 0;
  }
}

/** The table with its header. Shares are of the limit in force; without one there is none. */
export function usageRows(servers: readonly UsedServer[], style: Style): string[][] {
  return [HEADER.map((title) => style.bold(title)), ...servers.map((one) => usageRow(one, style))];
}

function usageRow({ server, live }: UsedServer, style: Style): string[] {
  const { usage } = live;
  return [
    printable(server.metadata.name),
    formatCpu(live),
    share(live.cpuCores, usage.cpuLimitCores, style),
    formatMemory(live),
    share(usage.memoryWorkingSetBytes ?? usage.memoryCurrentBytes, usage.memoryLimitBytes, style),
    usage.tasks === undefined ? NONE : String(usage.tasks),
    bytes(live.ioReadBytesPerSecond),
    bytes(live.ioWriteBytesPerSecond),
    String(usage.memoryEvents?.oomKill ?? NONE),
  ];
}

function bytes(amount: number | undefined): string {
  return amount === undefined ? NONE : formatBytes(Math.round(amount));
}

function share(used: number | undefined, limit: number | undefined, style: Style): string {
  if (used === undefined || limit === undefined || limit === 0) return NONE;
  const part = used / limit;
  const text = `${Math.round(part * 100)}%`;
  if (part >= FULL_SHARE) return style.bad(text);
  return part >= BUSY_SHARE ? style.busy(text) : text;
}
