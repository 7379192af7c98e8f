/**
 * `treeController.ts OPTIONS`: the whole controller in a process of its own, on a made-up cgroup tree and a given bus.
 *
 * Says its address as a line of JSON when it is up; at SIGUSR2 begins to measure; at SIGTERM says what it measured and ends.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createSystemClock } from '../src/clock.ts';
import type { Config } from '../src/config/types.ts';
import { createController } from '../src/controller.ts';
import { createLog } from '../src/log.ts';

/** What it is told, as JSON. */
export interface TreeOptions {
  readonly config: Omit<Config, 'pools'>;
  readonly busAddress: string;
  readonly cgroupRoot: string;
  /** Has passwd, group, nsswitch.conf and a journalctl. */
  readonly hostDirectory: string;
}

/** What it says at its end. */
export interface TreeReport {
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

const { config, busAddress, cgroupRoot, hostDirectory } = JSON.parse(process.argv[2] ?? '') as TreeOptions;
const controller = createController({
  config: { ...config, pools: new Map() },
  clock: createSystemClock(),
  log: createLog('error'),
  version: 'bench',
  isDryRun: false,
  statusGid: undefined,
  busAddress,
  cgroupRoot,
  accountPaths: {
    passwd: `${hostDirectory}/passwd`,
    group: `${hostDirectory}/group`,
    nsswitch: `${hostDirectory}/nsswitch.conf`,
  },
  journalProgram: `${hostDirectory}/journalctl`,
});

let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;
let cpuBefore = process.cpuUsage();
process.on('SIGUSR2', () => {
  // A millisecond is the finest that it can; that much is in every figure.
  delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  cpuBefore = process.cpuUsage();
  process.stdout.write('"measuring"\n');
});
process.once('SIGTERM', () => {
  const cpu = process.cpuUsage(cpuBefore);
  const report: TreeReport = {
    loopDelayP99Ms: (delay?.percentile(99) ?? Number.NaN) / 1e6,
    loopDelayMaxMs: (delay?.max ?? Number.NaN) / 1e6,
    rssBytes: process.memoryUsage().rss,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  void controller.stop().then(() => process.exit());
});
await controller.start();
process.stdout.write('"up"\n');
