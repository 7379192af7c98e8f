import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHublet, startHublet } from '../../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  awaitStatuses,
  conditionOf,
  countEvents,
  desiredState,
  dropSpecs,
  readEvents,
  readStatuses,
  removeSpecs,
  type Spec,
  showUnit,
  specText,
} from '../../machine/servers.ts';

/** In no other text than in the commands of probes. */
const marker = 'argument-of-a-probe';

const sleeper = (seconds: number, more: object = {}): Spec => ({
  user: 'carol',
  command: ['sleep', String(seconds)],
  ...more,
});
const bash = (script: string, more: object = {}): Spec => ({ user: 'bob', command: ['bash', '-c', script], ...more });
const exec = (script: string, more: object = {}) => ({ exec: { command: ['bash', '-c', script, marker] }, ...more });

/** It is its server's account, sees its files and variables, and has no more memory and tasks than its server. */
const insider = `[ "$(id -un)" = bob ] && [ "$TOKEN" = 's3cret $x' ] && [ -e /tmp/ready ] || exit 1
group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
[ "$(cat $group/memory.max) $(cat $group/pids.max)" = "67108864 32" ] || exit 2`;

const idle = { timeout: '60s', check: ['cpu'], warnBefore: '5s' };
const idler = (name: string, more: object = {}): Spec =>
  bash(`until [ -e ~/rest ]; do :; done; exec sleep infinity`, {
    ...more,
    updateStrategy: 'WhenIdle',
    environment: { NAME: name },
    resources: { cpu: { limit: 0.2 } },
    idle,
  });

const specs: Readonly<Record<string, Spec>> = {
  instant: sleeper(100_000, { updateStrategy: 'Immediate' }),
  idler: idler('before'),
  leaver: sleeper(100_000, { deletionPolicy: 'Orphan', environment: { A: '1' } }),
  crasher: sleeper(100_000, { deletionPolicy: 'Orphan' }),
  insider: bash('until [ -e ~/go ]; do sleep 0.2; done; touch /tmp/ready; exec sleep infinity', {
    environment: { TOKEN: 's3cret $x' },
    resources: { memory: { limit: '64M' }, tasks: 32 },
    probes: { readiness: exec(insider, { timeoutSeconds: 20, periodSeconds: 2 }) },
  }),
  hanging: sleeper(100_000, {
    restartPolicy: 'Never',
    probes: {
      liveness: exec('trap "" TERM; sleep 54321 & sleep 54321', {
        timeoutSeconds: 8,
        periodSeconds: 1,
        failureThreshold: 1,
      }),
    },
  }),
  absent: sleeper(100_000, {
    probes: {
      readiness: { exec: { command: ['/no/such/program', marker] }, timeoutSeconds: 20 },
      liveness: { exec: { command: ['/no/such/program'] }, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20 },
    },
  }),
  endless: sleeper(100_000, { probes: { readiness: exec('exec sleep 98765', { timeoutSeconds: 3_600 }) } }),
};

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine, { config: { apiVersion: 'hublet/v1', kind: 'Config', prune: { minCount: 100 } } });
  await dropSpecs(machine, specs);
  await startHublet(machine);
  await awaitPhase(machine, ['instant', 'idler', 'leaver', 'crasher'], 'Ready', 180_000);
});

afterAll(() => machine?.kill());

const put = (name: string, spec: Spec) =>
  machine.put({ files: { [`${name}.yaml`]: specText(name, spec) } }, desiredState);
const failedProbes = async () =>
  (await machine.run("systemctl list-units --all --state=failed --plain --no-legend 'hublet.probe-*'")).trim();
const runOf = async (name: string) => (await showUnit(machine, name, ['InvocationID'])).InvocationID;

describe('a probe by exec', () => {
  it("runs as its server's account, in its world and within its limits", async () => {
    const waiting = await awaitStatus(machine, 'insider', 'a failed try', (status) =>
      (conditionOf(status, 'Ready')?.message ?? '').includes('ended with 1'),
    );
    expect(waiting.phase).toBe('Running');
    await machine.run('touch /home/bob/go');
    const [ready] = await awaitPhase(machine, ['insider'], 'Ready', 180_000);
    expect(conditionOf(ready ?? waiting, 'Ready')?.reason).toBe('ProbeSucceeded');
  });

  it('is killed whole at its timeout, which is a failure', async () => {
    const [failed] = await awaitPhase(machine, ['hanging'], 'Failed', 180_000);
    expect(failed?.lastExit).toMatchObject({ result: 'liveness' });
    expect(failed?.lastExit?.message).toContain('did not end within 8 s and was killed');
    await waitFor(
      'nothing is left of it',
      async (saw) => saw(await machine.run('pgrep -f "sleep 5432[1]" || true')).trim() === '',
      60_000,
    );
  });

  it('that could not be made is no failure, and says why', async () => {
    const absent = await awaitStatus(machine, 'absent', 'its cause', (status) =>
      (conditionOf(status, 'Ready')?.message ?? '').includes('203/EXEC'),
    );
    expect(absent).toMatchObject({ phase: 'Running', restarts: 0 });
    expect(conditionOf(absent, 'Ready')?.message).toContain('command not found or not executable');
  });

  it('leaves no argument of its command and no noise behind, and its unit goes with a controller that was killed', async () => {
    const before = await waitFor(
      'the endless probe is under way',
      async (saw) => saw(await machine.run('pgrep -f "sleep 9876[5]" || true')).trim(),
      60_000,
    );
    await machine.run('systemctl kill -s KILL hublet.service; systemctl stop hublet.service');
    expect((await machine.run('pgrep -f "sleep 9876[5]" || true')).trim()).toBe(before);
    await startHublet(machine);
    await waitFor(
      'another try',
      async (saw) => {
        const pids = saw((await machine.run('pgrep -f "sleep 9876[5]" || true')).trim());
        return pids !== '' && pids !== before;
      },
      120_000,
    );
    await removeSpecs(machine, ['endless', 'absent']);
    await waitFor(
      'no command of a probe that is not asked',
      async (saw) => saw((await machine.run('pgrep -f "sleep 9876[5]" || true')).trim()) === '',
      120_000,
    );
    const told = `grep -rl ${marker} /run/hublet/status /run/hublet/status.json /run/hublet/events.jsonl /run/hublet/state || true`;
    expect((await machine.run(told)).trim()).toBe('');
    expect((await machine.run(`journalctl --no-pager -o cat | grep -c ${marker} || true`)).trim()).toBe('0');
    expect((await machine.run("journalctl --no-pager -o cat -u 'hublet.probe-*' | wc -l")).trim()).toBe('0');
  });
});

describe('updateStrategy', () => {
  it('Immediate restarts for a change at once, and for nothing else', async () => {
    const before = await runOf('instant');
    await machine.run(`touch ${desiredState}/instant.yaml`);
    await put('instant', sleeper(100_000, { updateStrategy: 'Immediate', maxAge: '90d' }));
    await awaitStatus(machine, 'instant', 'the edit', ({ observedGeneration }) => observedGeneration === 2);
    expect(await runOf('instant')).toBe(before);

    await put('instant', sleeper(100_001, { updateStrategy: 'Immediate', maxAge: '90d' }));
    const after = await awaitStatus(
      machine,
      'instant',
      'another run',
      ({ phase, invocationId }) => phase === 'Ready' && invocationId !== before,
    );
    expect(after.restarts).toBe(0);
    expect(conditionOf(after, 'UpdatePending')?.status).toBe('False');
    expect(countEvents(await readEvents(machine, 'instant'), 'Restarted')).toBe(1);
  });

  it('WhenIdle waits for the end of its use', async () => {
    const before = await runOf('idler');
    await put('idler', idler('after'));
    const waiting = await awaitStatus(
      machine,
      'idler',
      'UpdatePending',
      (status) => conditionOf(status, 'UpdatePending')?.status === 'True',
    );
    expect(conditionOf(waiting, 'UpdatePending')?.reason).toBe('WaitingForIdle');
    await awaitStatus(machine, 'idler', 'in use', (status) => conditionOf(status, 'Idle')?.status === 'False');
    expect(await runOf('idler')).toBe(before);

    await removeSpecs(machine, ['leaver', 'crasher']);
    await machine.run('touch /home/bob/rest');
    await awaitStatuses(
      machine,
      ['idler'],
      'another run',
      ({ phase, invocationId }) => phase === 'Ready' && invocationId !== before,
      240_000,
    );
    expect(countEvents(await readEvents(machine, 'idler'), 'IdleStopped')).toBe(0);
  });
});

describe('deletionPolicy: Orphan', () => {
  it('leaves the unit to itself, also to a controller that comes later', async () => {
    const left = ['leaver', 'crasher'];
    await waitFor(
      'they are forgotten',
      async (saw) => {
        const statuses = await readStatuses(machine);
        return saw(left.filter((name) => statuses.has(name))).length === 0;
      },
      60_000,
    );
    const runs = await Promise.all(left.map(runOf));
    await machine.run('systemctl restart hublet.service');
    await waitFor(
      'a minute more has passed for orphans',
      async (saw) =>
        Number(saw((await machine.run('ps -o etimes= -p $(systemctl show -P MainPID hublet)')).trim())) > 75,
      240_000,
    );
    expect(await Promise.all(left.map(runOf))).toEqual(runs);
    expect(countEvents(await readEvents(machine, 'leaver'), 'Orphaned')).toBe(1);

    await machine.run('systemctl kill -s SEGV hublet-crasher.service');
    await waitFor(
      'what hublet kept for it is cleared away',
      async (saw) => {
        const unit = await machine.run("systemctl list-units --all --plain --no-legend 'hublet-crasher.service'");
        const files = await machine.run('cat /var/lib/hublet/released.json');
        return !saw([unit, files]).join('').includes('crasher');
      },
      90_000,
    );
  });

  it('gives it back to a file of its name, as it runs', async () => {
    const run = await runOf('leaver');
    await put('leaver', specs.leaver ?? {});
    const [back] = await awaitPhase(machine, ['leaver'], 'Ready');
    expect(back?.invocationId).toBe(run);
    expect(conditionOf(back ?? { conditions: [] }, 'UpdatePending')?.status).toBe('False');
    // Of all the tries that failed, none is left behind.
    expect(await failedProbes()).toBe('');
  });
});
