import type { ServerStatus } from '../status/types.ts';
import { formatAge, formatBytes, formatCoresUsed } from './amounts.ts';
import { explainStatus, findCondition } from './explanation.ts';
import type { LiveUsage } from './liveUsage.ts';
import { type Style, stylePhase } from './style.ts';
import { printable } from './table.ts';

/** Rows of `hublet get`: one a server, columns as in HEADER or WIDE_HEADER. */

const HEADER = ['NAME', 'PHASE', 'READY', 'RESTARTS', 'CPU', 'MEMORY', 'AGE'];
const WIDE_HEADER = [...HEADER, 'USER', 'POOL', 'UNIT', 'PORT', 'REASON'];

/** What stands where nothing is known or nothing runs. */
const NONE = '-';

export interface RowOptions {
  readonly isWide: boolean;
  readonly style: Style;
  readonly nowMs: number;
}

/** Column titles. */
export function tableHeader({ isWide, style }: RowOptions): string[] {
  return (isWide ? WIDE_HEADER : HEADER).map((title) => style.bold(title));
}

/** One server's row. Usage is absent while nothing runs. */
export function tableRow(server: ServerStatus, live: LiveUsage | undefined, options: RowOptions): string[] {
  const { status, metadata } = server;
  const row = [
    printable(metadata.name),
    stylePhase(status.phase, options.style),
    findCondition(server, 'Ready')?.status ?? 'Unknown',
    String(status.restarts),
    formatCpu(live),
    formatMemory(live),
    status.startedAt === null ? NONE : formatAge(options.nowMs - Date.parse(status.startedAt)),
  ];
  if (!options.isWide) return row;
  return [
    ...row,
    status.user ?? NONE,
    status.pool ?? NONE,
    status.unit,
    status.address === null ? NONE : String(status.address.port),
    firstLine(explainStatus(server, options.nowMs)),
  ];
}

/** Cores in use and the limit where there is one: `0.52/1`. */
export function formatCpu(live: LiveUsage | undefined): string {
  if (live?.cpuCores === undefined) return NONE;
  return withLimit(formatCoresUsed(live.cpuCores), live.usage.cpuLimitCores?.toString());
}

/** Memory that can't be given back (no idle file cache) and the limit where there is one: `84M/512M`. */
export function formatMemory(live: LiveUsage | undefined): string {
  const bytes = live?.usage.memoryWorkingSetBytes ?? live?.usage.memoryCurrentBytes;
  if (bytes === undefined) return NONE;
  const limit = live?.usage.memoryLimitBytes;
  return withLimit(formatBytes(bytes), limit === undefined ? undefined : formatBytes(limit));
}

function withLimit(used: string, limit: string | undefined): string {
  return limit === undefined ? used : `${used}/${limit}`;
}

function firstLine(causes: readonly string[]): string {
  return printable(causes.map((cause) => cause.split('\n', 1)[0] ?? '').join('; '));
}
