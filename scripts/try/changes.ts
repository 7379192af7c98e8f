// What a person does to a file, and what comes of it.
import { claim, readSample } from './claims.ts';
import type { Step } from './runner.ts';
import { SPECS, type Stage } from './stage.ts';

const GIB = 2 ** 30;

export const limit: Step<Stage> = {
  title: 'More memory for alice while her server runs',
  hint: 'hublet describe alice shows the limits in force, and why one is not',
  async run(stage) {
    const { controlGroup } = (await stage.status('alice')).status;
    const file = `/sys/fs/cgroup${controlGroup}/memory.max`;
    const pidBefore = await stage.mainPid('alice');
    const before = Number(await stage.type(`cat ${file}`));
    await stage.type(`sed -i 's/limit: 512M/limit: 1G/' ${SPECS}/alice.yaml`);
    await stage.statusWhen('alice', 'status to say 1G', ({ status }) => status.applied.memoryMaxBytes === GIB);
    const after = Number(await stage.type(`cat ${file}`));
    const pid = await stage.mainPid('alice');
    claim(before === GIB / 2, `the limit was ${before} bytes, not 512M`);
    claim(after === GIB, `the limit is ${after} bytes, not 1G`);
    claim(pid === pidBefore, `her main process is ${pid}; it was ${pidBefore}`);
    return `512M became 1G in the kernel; PID ${pid} as before`;
  },
};

export const metrics: Step<Stage> = {
  title: 'What Prometheus sees of her',
  hint: 'metrics/catalogue.md lists every metric',
  async run(stage) {
    const text = await stage.type(
      `curl -s http://127.0.0.1:9810/metrics | grep -E '(ready|restarts_total|bytes|cores){server="alice"}'`,
    );
    const sample = (metric: string): number | undefined => readSample(text, `hublet_server_${metric}`, 'alice');
    claim(sample('ready') === 1, `hublet_server_ready is ${sample('ready')}, not 1`);
    claim(sample('restarts_total') === 1, `hublet_server_restarts_total is ${sample('restarts_total')}, not 1`);
    claim(sample('memory_limit_bytes') === GIB, `hublet_server_memory_limit_bytes is ${sample('memory_limit_bytes')}`);
    claim((sample('memory_working_set_bytes') ?? 0) > 0, 'there is no memory in use');
    return 'one restart, the new limit, memory and CPU in use';
  },
};

export const removal: Step<Stage> = {
  title: 'Her file goes, her server goes, her home stays',
  hint: 'hublet events alice tells how far it came',
  async run(stage) {
    await stage.type(`rm ${SPECS}/alice.yaml`);
    await stage.type('hublet wait alice --for deleted');
    // 4: systemd knows no such unit (systemctl(1)).
    await stage.type('systemctl status hublet-alice.service', 4);
    const table = await stage.type('hublet get');
    claim(!table.includes('alice'), 'hublet still lists alice');
    claim(/^bob\s+Ready/m.test(table), "bob's server is not Ready");
    await stage.look('test -s ~alice/.jupyter/token');
    return 'no unit, no status; bob runs on';
  },
};

/** Again, for who stays: same home, so the same token. */
export const comeback: Step<Stage> = {
  title: 'Her file comes back, for you to play with',
  hint: 'hublet events alice tells how far it came',
  async run(stage) {
    await stage.type(`install -m 640 /opt/hublet/desired-state/alice.yaml ${SPECS}/`);
    await stage.type('hublet wait alice --timeout 3m');
    return 'Ready again, in the same home';
  },
};
