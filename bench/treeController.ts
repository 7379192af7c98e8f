/**
 * `treeController.ts OPTIONS`: the whole controller in a process of its own, on a made-up cgroup tree and a given bus.
 *
 * Says `"up"` when it is; at each SIGUSR2 says what it measured since the one before, as a line of JSON; at SIGTERM ends.
 * `treeController.ts compile`: nothing but the imports, so that they are compiled for the next.
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

/** What it says of the time since the report before, or since its start. */
export interface TreeReport {
  /** Of the event loop; known from the third report on. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

/** The unit file lets the controller open half a million files, so that half of them is enough; here it may be 20,000. */
const CGROUP_FILES_SHARE = 0.9;

if (process.argv[2] === 'compile') process.exit();
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
  cgroupFilesShare: CGROUP_FILES_SHARE,
  accountPaths: {
    passwd: `${hostDirectory}/passwd`,
    group: `${hostDirectory}/group`,
    nsswitch: `${hostDirectory}/nsswitch.conf`,
  },
  journalProgram: `${hostDirectory}/journalctl`,
});

// A millisecond is the finest that it can; that much is in every figure.
const delay = monitorEventLoopDelay({ resolution: 1 });
let cpuBefore = process.cpuUsage();
let reports = 0;
process.on('SIGUSR2', () => {
  const cpu = process.cpuUsage(cpuBefore);
  const report: TreeReport = {
    loopDelayP99Ms: delay.percentile(99) / 1e6,
    loopDelayMaxMs: delay.max / 1e6,
    rssBytes: process.memoryUsage.rss(),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
  reports += 1;
  // It costs more than all that an idle controller does, so the first span goes without.
  if (reports === 2) delay.enable();
  delay.reset();
  cpuBefore = process.cpuUsage();
  process.stdout.write(`${JSON.stringify(report)}\n`);
});
process.once('SIGTERM', () => void controller.stop().then(() => process.exit()));
await controller.start();
process.stdout.write('"up"\n');
