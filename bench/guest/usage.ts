/**
 * Runs in the machine beside a running controller: `usage.ts SECONDS`. Prints as JSON what the controller used in that
 * time, and how much memory it has.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceCpuSeconds } from './cpu.ts';

export interface UsageReport {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** D-Bus calls by method, in that time. */
  readonly calls: Readonly<Record<string, number>>;
}

const METRICS = 'http://127.0.0.1:9810/metrics';
const SERVICE = 'hublet.service';

const seconds = Number(process.argv[2]);
// The scrapes lie outside of what is measured.
const callsBefore = await dbusCalls();
await sleep(500);
const cpuBefore = serviceCpuSeconds(SERVICE);
await sleep(seconds * 1000);
const report: UsageReport = {
  seconds,
  cpuSeconds: serviceCpuSeconds(SERVICE) - cpuBefore,
  rssBytes: rssBytes(),
  calls: difference(await dbusCalls(), callsBefore),
};
process.stdout.write(`${JSON.stringify(report)}\n`);

async function dbusCalls(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(METRICS)).text();
  const calls: Record<string, number> = {};
  for (const [, labels = '', value] of text.matchAll(/^hublet_dbus_calls_total\{([^}]*)\} (\d+)/gm)) {
    const method = /method="([^"]*)"/.exec(labels)?.[1] ?? '';
    calls[method] = (calls[method] ?? 0) + Number(value);
  }
  return calls;
}

function difference(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(after).map(([method, count]) => [method, count - (before[method] ?? 0)] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

function rssBytes(): number {
  const pid = execFileSync('systemctl', ['show', '--property=MainPID', '--value', SERVICE], {
    encoding: 'utf8',
  }).trim();
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
