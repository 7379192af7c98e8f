import { afterAll, beforeAll, beforeEach, test } from 'vitest';
import type { Usage } from '../../src/cgroup/types.ts';
import type { MetricsSnapshot } from '../../src/metrics/types.ts';
import { waitFor } from '../machine/wait.ts';
import { dashboardQueries, withVariables } from '../unit/metrics/rules.ts';
import { FULL_USAGE, server, snapshot } from '../unit/metrics/snapshot.ts';
import { hurriedRules } from './hurriedRules.ts';
import { type MadeUpController, startMadeUpController } from './madeUpController.ts';
import { Prometheus } from './server.ts';

/** Of a server that uses hundreds of cores, is held back half of the time and has all but filled its memory. */
function usageAfter(seconds: number): Usage {
  return {
    ...FULL_USAGE,
    // The rate of five minutes is to be more than a core in the first few seconds.
    cpuUserSeconds: 500 * seconds,
    cpuPeriods: 10 * seconds,
    cpuThrottledPeriods: 5 * seconds,
    memoryWorkingSetBytes: 950,
  };
}

/** Needs a controller that is started anew; test/system looks at it. */
const ELSEWHERE = 'Controller started';

const WELL = snapshot([]);
let state: () => MetricsSnapshot = () => WELL;
let controller: MadeUpController;
let prometheus: Prometheus;

beforeAll(async () => {
  controller = await startMadeUpController(() => state());
});
beforeEach(async () => {
  await prometheus?.stop();
  prometheus = await Prometheus.start({ port: controller.port, ruleTexts: hurriedRules() });
});
afterAll(async () => {
  await prometheus?.stop();
  await controller?.stop();
});

test('every query of the dashboard has an answer where all that it looks for is there', async () => {
  const { instruments } = controller;
  const startedMs = Date.now();
  state = () => {
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    const usage = usageAfter(seconds);
    return snapshot(
      [
        server('busy', { usage, oomKills: seconds, restarts: seconds }),
        server('away', { phase: 'BackOff', isReady: false }),
      ],
      {
        pools: [
          { name: 'gpu', usage: { ...usage, memoryEvents: { low: 0, high: 0, max: 0, oom: 0, oomKill: seconds } } },
        ],
      },
    );
  };
  const ticking = setInterval(() => {
    instruments.serverStarted(3);
    instruments.serverExited('signal');
    instruments.acted('start', 'success');
    instruments.acted('stop', 'error');
    instruments.drifted('MemoryMax');
    instruments.reconciled('success', 0.01);
    instruments.queueWaited(0.01);
    instruments.dbusCalled('StartTransientUnit', 'error', 0.01);
    instruments.dbusReconnected();
    instruments.sampled(0.01);
    instruments.eventRecorded('Crashed');
  }, 200);
  try {
    await waitFor(
      'all queries to have an answer',
      async (saw) => {
        const answers = await Promise.all(
          dashboardQueries()
            .filter(({ where }) => where !== ELSEWHERE)
            .map(async ({ where, expr }) => ({
              query: `${where}: ${expr}`,
              series: (await prometheus.query(withVariables(expr))).length,
            })),
        );
        return saw(answers.filter(({ series }) => series === 0).map(({ query }) => query)).length === 0;
      },
      60_000,
    );
  } finally {
    clearInterval(ticking);
  }
});

test.each<[string, () => MetricsSnapshot, string]>([
  ['works on nothing though servers wait', () => snapshot([], { queueDepth: 3 }), 'HubletQueueStuck'],
  ['does not sample any more', () => WELL, 'HubletSampleStale'],
  [
    'has more servers than it may show at this level',
    () => snapshot(Array.from({ length: 2_200 }, (_, index) => server(`s${index}`))),
    'HubletMetricsTruncated',
  ],
])('an alert fires for a controller that %s', async (_what, made, alert) => {
  const now = made();
  state = () => now;
  await waitFor(
    alert,
    async (saw) =>
      saw((await prometheus.alerts()).map(({ state: is, labels }) => `${labels.alertname} ${is}`)).includes(
        `${alert} firing`,
      ),
    60_000,
  );
});
