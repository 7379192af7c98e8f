/** What it costs to know and to show the use of a thousand servers: the whole controller on a made-up cgroup tree, on this computer. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ControllerHost, spec } from '../test/fakes/controllerHost.ts';
import { waitFor } from '../test/machine/wait.ts';
import { CgroupTree, FULL_CGROUP } from '../test/unit/cgroup/tree.ts';
import { type Spread, spreadOf } from './numbers.ts';
import type { Row } from './table.ts';
import type { TreeOptions, TreeReport } from './treeController.ts';

const SERVERS = 1000;
/** Not the usual one, which a controller of this computer may have. */
const PORT = 19_810;
const START_MS = 300_000;
const SCRAPE_EVERY_MS = 1000;
/**
 * What is written and compiled a while after the starts is no idleness; nor is the look that a resync has at each afterwards, nor
 * the event loop's delay, measured for two minutes after a scrape. In the second minute that is 1.1 % of a processor where it is
 * 0.3 % from the third on.
 */
const SETTLE_MS = 180_000;
/** Idleness lasts for days: so long at least, in which all that is done now and then, as reading every limit anew, is done once. */
const IDLE_SECONDS_MIN = 300;
/** As where no file says otherwise; the fake host's is shorter, for tests. */
const RESCAN_MS = 20_000;
/** The kernel's files of cgroups are never on a disk, which costs more than the reading where the page cache was dropped. */
const IN_MEMORY = '/dev/shm';
/** Those of the others that systemd has there for such a server: no cpuset, and no weight of I/O where no scheduler knows it. */
const LIMITS = { 'cpu.weight': '100\n', 'memory.low': '0\n', 'memory.swap.max': 'max\n', 'io.max': '' };
/** As bin/hublet has it. */
const FLAGS = ['--no-turbofan', '--invocation-count-for-maglev=4000', '--no-parallel-scavenge'];
const CHILD = [...FLAGS, join(import.meta.dirname, 'treeController.ts')];

/** Idleness, then samples and a scrape each second at level full, each for so long. */
export async function measureMetrics(seconds: number): Promise<readonly Row[]> {
  const tree = new CgroupTree(IN_MEMORY);
  const host = await ControllerHost.open({ maxStarting: 64 });
  const compiled = mkdtempSync(join(tmpdir(), 'hublet-bench-'));
  try {
    // As systemd gives it, and nothing of this shell: one variable may have Node read a thousand certificates.
    const env = { PATH: process.env.PATH, ...serviceEnvironment(), NODE_COMPILE_CACHE: compiled };
    // Only the first start after an installation compiles, and keeps the compiler in memory.
    await promisify(execFile)(process.execPath, [...CHILD, 'compile'], { env });
    for (let index = 0; index < SERVERS; index += 1) {
      tree.make(`/hublet.slice/hublet-s${index}.service`, { ...FULL_CGROUP, ...LIMITS });
      host.put(`s${index}`, spec(`s${index}`));
    }
    const options: TreeOptions = {
      config: {
        ...host.config,
        reconcile: { ...host.config.reconcile, rescanMs: RESCAN_MS },
        metrics: { ...host.config.metrics, level: 'full', listen: `127.0.0.1:${PORT}` },
      },
      busAddress: host.fake.address,
      cgroupRoot: tree.root,
      hostDirectory: host.root,
    };
    return await measure(options, env, seconds, () => {
      const calls = Object.entries(host.fake.calls()).filter(([method]) => method !== 'GetId');
      host.fake.resetCalls();
      return calls.reduce((sum, [, count]) => sum + count, 0);
    });
  } finally {
    await host.close();
    tree.dispose();
    rmSync(compiled, { recursive: true });
  }
}

/** What the unit file gives the controller. */
function serviceEnvironment(): Readonly<Record<string, string>> {
  const text = readFileSync(join(import.meta.dirname, '../systemd/hublet.service'), 'utf8');
  const words = [...text.matchAll(/^Environment=(.+)$/gm)].flatMap(([, line = '']) => line.match(/"[^"]*"|\S+/g) ?? []);
  return Object.fromEntries(words.map((word) => word.replaceAll('"', '').split(/=(.*)/s).slice(0, 2)));
}

async function measure(
  options: TreeOptions,
  env: NodeJS.ProcessEnv,
  seconds: number,
  takeCalls: () => number,
): Promise<readonly Row[]> {
  const child = spawn(process.execPath, [...CHILD, JSON.stringify(options)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
  try {
    await said();
    await waitFor(
      `${SERVERS} servers with usage`,
      async (saw) => saw(count(await scrape(), 'hublet_server_memory_current_bytes{')) === SERVERS,
      START_MS,
    );
    await sleep(SETTLE_MS);
    const report = async (): Promise<TreeReport> => {
      child.kill('SIGUSR2');
      return (await said()) as TreeReport;
    };
    await report();
    const idleSeconds = Math.max(seconds, IDLE_SECONDS_MIN);
    await sleep(1000 * idleSeconds);
    const idle = await report();
    takeCalls();
    const before = sampled(await scrape());
    const scrapes: number[] = [];
    const memoryMb: number[] = [];
    let bytes = 0;
    for (let second = 0; second < seconds; second += 1) {
      const startMs = performance.now();
      bytes = (await scrape()).length;
      scrapes.push(performance.now() - startMs);
      memoryMb.push(rssBytes(child.pid) / 1e6);
      await sleep(Math.max(0, SCRAPE_EVERY_MS - (performance.now() - startMs)));
    }
    const after = sampled(await scrape());
    const calls = takeCalls();
    return rowsOf({
      seconds,
      idleSeconds,
      scrapes,
      memoryMb,
      bytes,
      calls,
      idle,
      report: await report(),
      passMs: (1000 * (after.sum - before.sum)) / (after.count - before.count),
    });
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  }
}

function rowsOf(result: {
  readonly seconds: number;
  readonly idleSeconds: number;
  readonly scrapes: readonly number[];
  /** After each scrape: it swings with the garbage, and one reading tells little. */
  readonly memoryMb: readonly number[];
  readonly bytes: number;
  readonly calls: number;
  readonly passMs: number;
  readonly idle: TreeReport;
  readonly report: TreeReport;
}): readonly Row[] {
  const { idle, report, seconds } = result;
  return [
    {
      what: `CPU with ${SERVERS} idle servers that nobody looks at, % of a processor`,
      hublet: one((100 * idle.cpuSeconds) / result.idleSeconds),
      target: { comparison: 'atMost', value: 0.3, text: '0.3 %' },
    },
    { what: `memory of the controller with them, MB`, hublet: one(idle.rssBytes / 1e6) },
    { what: `sampling pass over ${SERVERS}, ms`, hublet: one(result.passMs) },
    { what: `scrape of ${SERVERS} at level full, ms`, hublet: spreadOf(result.scrapes) },
    { what: 'size of that scrape, MiB', hublet: one(result.bytes / 2 ** 20) },
    {
      what: `D-Bus calls in ${seconds} s of scrapes, but for the resync each minute`,
      hublet: one(Math.max(0, result.calls - Math.ceil(seconds / 30))),
      target: { comparison: 'atMost', value: 0, text: '0' },
    },
    {
      what: 'event loop delay while scraped each second, p99 ms',
      hublet: one(report.loopDelayP99Ms),
      target: { comparison: 'atMost', value: 20, text: '20 ms' },
    },
    { what: 'the longest such delay, ms', hublet: one(report.loopDelayMaxMs) },
    {
      what: 'memory of the controller while scraped each second, MB',
      hublet: spreadOf(result.memoryMb),
      target: { comparison: 'atMost', value: 120, text: '120 MB' },
    },
    { what: 'CPU while scraped each second, % of a processor', hublet: one((100 * report.cpuSeconds) / seconds) },
  ];
}

async function scrape(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${PORT}/metrics`);
  return response.text();
}

function count(text: string, start: string): number {
  return text.split('\n').filter((line) => line.startsWith(start)).length;
}

/** Time spent in passes so far, and how many there were. */
function sampled(text: string): { readonly sum: number; readonly count: number } {
  const value = (suffix: string) =>
    Number(new RegExp(`^hublet_sample_duration_seconds_${suffix} (\\S+)$`, 'm').exec(text)?.[1]);
  return { sum: value('sum'), count: value('count') };
}

/** @see proc_pid_status(5), VmRSS */
function rssBytes(pid: number | undefined): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return 1024 * Number(kibibytes);
}

function one(value: number): Spread {
  return spreadOf([value]);
}
