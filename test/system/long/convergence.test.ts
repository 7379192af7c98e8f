import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostStatus, ServerStatus } from '../../../src/status/types.ts';
import { type Dice, throwDice } from '../../machine/dice.ts';
import { installHublet, startHublet } from '../../machine/hublet.ts';
import { expectUndisturbed } from '../../machine/identities.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatuses,
  conditionOf,
  desiredState,
  dropSpecs,
  readEvents,
  readHostStatus,
  readStatuses,
  removeSpecs,
  type Spec,
  specText,
} from '../../machine/servers.ts';

const MAX_STARTING = 2;
const sleeper = { user: 'alice', command: ['sleep', '100000'], port: 'none' };
/** A source that is a file system of its own, mounted there. */
const mounted = '/srv/mounted';
const inMount = ['m0', 'm1', 'm2'];

const config = {
  apiVersion: 'hublet/v1',
  kind: 'Config',
  // No look at everything that would make good what a signal should have told.
  reconcile: { maxStarting: MAX_STARTING, resync: '1h' },
  sources: [{ path: desiredState }, { path: mounted }],
};

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await machine.run(`mkdir -p /srv/backing ${mounted} && mount --bind /srv/backing ${mounted}`);
  // So that nobody may read what nobody may, not even root.
  await machine.writeFile(
    '/etc/systemd/system/hublet.service.d/capabilities.conf',
    '[Service]\nCapabilityBoundingSet=~CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH\n',
  );
  await installHublet(machine, { config, start: true });
});
afterAll(() => machine?.kill());

describe('what becomes of the files of running servers', () => {
  const places = 8;
  const names = Array.from({ length: places + 2 }, (_, index) => `t${index}`);

  beforeAll(async () => {
    await dropSpecs(machine, Object.fromEntries(names.map((name) => [name, sleeper])));
    const files = inMount.map((name) => [`${name}.yaml`, specText(name, sleeper)]);
    await machine.put({ files: Object.fromEntries(files) }, mounted);
    await awaitPhase(machine, [...names, ...inMount], 'Ready', 240_000);
  });

  it('truncated anywhere, emptied, or overwritten with rubbish: they run on, it is told, and it heals', async () => {
    await expectUndisturbed(machine, async () => {
      await machine.run(`mkdir -p /srv/whole && cp -p ${desiredState}/*.yaml /srv/whole/`);
      const size = specText('t0', sleeper).length;
      const steps = names.map((name, index) => {
        const file = `${desiredState}/${name}.yaml`;
        if (index === places) return `: > ${file}`;
        if (index === places + 1) return `head -c 300 /dev/urandom > ${file}`;
        // In place, from nothing but the first character up to all but the last two.
        return `head -c ${1 + Math.floor((index * (size - 3)) / (places - 1))} /srv/whole/${name}.yaml > ${file}`;
      });
      await machine.run(steps.join('\n'));
      const refused = await awaitStatuses(
        machine,
        names,
        'refused',
        (status) => conditionOf(status, 'Accepted')?.status === 'False',
      );
      for (const status of refused) {
        expect(status.phase).toBe('Ready');
        expect(['Incomplete', 'ParseError', 'SchemaError', 'UnknownField']).toContain(
          conditionOf(status, 'Accepted')?.reason,
        );
        expect(conditionOf(status, 'Accepted')?.message).not.toBe('');
      }
      await machine.run(`for file in /srv/whole/*.yaml; do cat $file > ${desiredState}/\${file##*/}; done`);
      const accepted = await awaitStatuses(
        machine,
        names,
        'accepted again',
        (status) => conditionOf(status, 'Accepted')?.status === 'True',
      );
      // The same content as before is no new generation.
      expect(accepted.map(({ observedGeneration }) => observedGeneration)).toEqual(names.map(() => 1));
    });
  });

  it('replaced by an editor that removes and creates: they run on', async () => {
    await expectUndisturbed(machine, async () => {
      await machine.run(
        `for round in 1 2 3; do for name in ${names.slice(0, 4).join(' ')}; do cp ${desiredState}/$name.yaml /srv/$name; rm ${desiredState}/$name.yaml; cat /srv/$name > ${desiredState}/$name.yaml; done; done`,
      );
      await settled();
    });
  });

  it('a directory that is renamed, replaced by an empty one, covered, unreadable, unmounted or open to all: they run on, it is told, and it heals', async () => {
    const troubles: readonly (readonly [string, string, string])[] = [
      [`mv ${desiredState} ${desiredState}.away`, 'Missing', ''],
      // Another directory in its place, such as an empty mount point, proves nothing.
      [`mkdir ${desiredState}`, 'Replaced', `rmdir ${desiredState} && mv ${desiredState}.away ${desiredState}`],
      [`mount -t tmpfs -o mode=755 tmpfs ${desiredState}`, 'Replaced', `umount ${desiredState}`],
      [`umount --lazy ${mounted}`, 'Replaced', `mount --bind /srv/backing ${mounted}`],
      [`chmod 000 ${desiredState}`, 'Unreadable', `chmod 755 ${desiredState}`],
      [`chmod 777 ${desiredState}`, 'Unreadable', `chmod 755 ${desiredState}`],
    ];
    await expectUndisturbed(machine, async () => {
      for (const [trouble, reason, mend] of troubles) {
        await machine.run(trouble);
        const told = await awaitHost(
          `${reason} after ${trouble}`,
          (host) => conditionOf(host, 'SourceReady')?.reason === reason,
        );
        expect(conditionOf(told, 'SourceReady')?.message).toContain(trouble.includes(mounted) ? mounted : desiredState);
        if (mend === '') continue;
        await machine.run(mend);
        await awaitHost(`after ${mend}`, (host) => conditionOf(host, 'SourceReady')?.status === 'True');
      }
      await machine.run(`mv ${desiredState} ${desiredState}.away`);
      await awaitHost('a lost source', (host) => conditionOf(host, 'SourceReady')?.status === 'False');
      const ready = 'curl -s -o /dev/null -w "%{http_code}" --max-time 30 http://127.0.0.1:9810/readyz';
      expect((await machine.exec(ready)).stdout).toBe('503');
      await machine.run(`mv ${desiredState}.away ${desiredState}`);
      await settled();
    });
  });

  it('one of them removed: just its server stops', async () => {
    await expectUndisturbed(machine, async (before) => {
      await removeSpecs(machine, ['t0']);
      // In less than the minute after which anything left behind would be swept away.
      await awaitGone(machine, ['t0'], 50_000);
      Reflect.deleteProperty(before, 'hublet-t0.service');
    });
  });

  it('all of them removed: held, until they are back or a person confirms', async () => {
    const left = names.slice(1);
    await expectUndisturbed(machine, async () => {
      await removeSpecs(machine, left);
      const held = await awaitHost('a hold', (host) => host.sources[0]?.pruneHeld.length === left.length);
      expect(conditionOf(held, 'PruneHeld')?.status).toBe('True');
      expect([...(held.sources[0]?.pruneHeld ?? [])].sort()).toEqual([...left].sort());
      // A controller that comes up finds them held, too.
      await machine.run('systemctl restart hublet');
      await awaitHost('the hold again', (host) => host.sources[0]?.pruneDigest === held.sources[0]?.pruneDigest);
      await machine.run(`cp -p ${left.map((name) => `/srv/whole/${name}.yaml`).join(' ')} ${desiredState}/`);
      await awaitHost('the hold to be released', (host) => conditionOf(host, 'PruneHeld')?.status === 'False');
      await settled();
    });
  });

  /** A spec makes its way, so whatever came before it has been dealt with. */
  async function settled(): Promise<void> {
    const name = 't5';
    const generation = (await readStatuses(machine)).get(name)?.status.observedGeneration ?? 0;
    await machine.writeFile(
      `${desiredState}/${name}.yaml`,
      specText(name, sleeper, { annotations: { at: `${generation}` } }),
    );
    await awaitStatuses(
      machine,
      [name],
      'a spec to be seen',
      ({ observedGeneration }) => observedGeneration > generation,
    );
    await awaitHost('a ready source', (host) => conditionOf(host, 'SourceReady')?.status === 'True');
  }
});

describe('many servers that start at once', () => {
  const names = Array.from({ length: 4 }, (_, index) => `slow${index}`);
  /** Ready some seconds after its start, so that they would overlap. */
  const late = {
    user: 'bob',
    command: ['sh', '-c', 'sleep 2; exec python3 -m http.server --bind 127.0.0.1 --directory /usr/share/doc {PORT}'],
    probes: { readiness: { tcp: {} } },
  };
  /** Looks at the status files all the time, and tells how many were starting at once, at most. */
  const watch = `import glob, json, signal, sys, time
most, ended = 0, []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
print('watching', flush=True)
while not ended:
    starting = 0
    for path in glob.glob('/run/hublet/status/*.json'):
        try: status = json.load(open(path))['status']
        except FileNotFoundError: continue
        if status['phase'] in ('Starting', 'Running') and status['readyAt'] is None: starting += 1
    most = max(most, starting)
    time.sleep(0.02)
print(most, flush=True)`;

  it('are never more than maxStarting, and all become Ready', async () => {
    await using watcher = await machine.spawn(`exec python3 -c '${watch.replaceAll("'", "'\\''")}'`);
    expect((await watcher.lines.next()).value).toBe('watching');
    await dropSpecs(machine, Object.fromEntries(names.map((name) => [name, late])));
    await awaitPhase(machine, names, 'Ready', 240_000);
    await watcher.kill('TERM');
    expect((await watcher.lines.next()).value).toBe(`${MAX_STARTING}`);
    await removeSpecs(machine, names);
    await awaitGone(machine, names);
  });
});

describe('whatever was done on the way', () => {
  const pool = Array.from({ length: 6 }, (_, index) => `r${index}`);
  /** Kept all the time. */
  const anchors = [...Array.from({ length: 9 }, (_, index) => `t${index + 1}`), ...inMount];
  const present = new Map<string, Spec>();

  it('30 random edits, renames and deletions end where a fresh start would', async () => {
    const dice = throwDice('random edits');
    // What is removed here and was removed a moment ago may well be half of what there is, all within a minute.
    await machine.writeFile('/etc/hublet/hublet.yaml', JSON.stringify({ ...config, prune: { minCount: 100 } }));
    await waitFor(
      'the configuration',
      async (saw) => saw(await readEvents(machine)).some(({ reason }) => reason === 'ConfigReloaded'),
      60_000,
    );
    const began = (await readStatuses(machine)).size;
    expect(began).toBe(anchors.length);
    for (let step = 0; step < 30; step += 1) await disturb(dice, step);
    const names = [...present.keys()].sort();
    await settle(names);

    const kept = await facts();
    expect(Object.keys(kept.units).filter((unit) => unit.startsWith('hublet-r'))).toEqual(
      names.map((name) => `hublet-${name}.service`),
    );
    expect(kept.files).toEqual(expectedFiles(Object.keys(kept.units).length));

    await machine.run("systemctl stop hublet && systemctl stop 'hublet-*.service'");
    // All of its memory but who it is: the marks are made with its key.
    await machine.run(
      'cd /var/lib/hublet && find . -mindepth 1 -not -name instance.json -delete && find /run/hublet -mindepth 1 -delete',
    );
    await startHublet(machine);
    await settle(names);
    expect(await facts()).toEqual(kept);
  }, 900_000);

  async function disturb(dice: Dice, step: number): Promise<void> {
    const name = dice.pick(pool);
    const file = `${desiredState}/${name}.yaml`;
    const text = () => specText(name, present.get(name) ?? {}, { annotations: { step: `${step}` } });
    switch (present.has(name) ? dice.below(7) : 0) {
      case 0:
      case 1:
      case 2:
        present.set(name, randomSpec(dice));
        return machine.writeFile(file, text());
      case 3:
        present.set(name, randomSpec(dice));
        await machine.run(`cat > ${file}`, { input: text() });
        return;
      case 4: {
        // A file under another name is another server, or none where it isn't called like its server.
        await machine.run(`mv ${file} ${desiredState}/elsewhere.yaml`);
        await machine.run(`mv ${desiredState}/elsewhere.yaml ${file}`);
        return;
      }
      case 5:
        await machine.run(
          `head -c ${dice.below(120)} ${file} > ${file}.tmp; mv ${file}.tmp ${file}; sleep 0.${dice.below(9)}; rm ${file}`,
        );
        present.delete(name);
        return;
      default:
        present.delete(name);
        await machine.run(`rm ${file}`);
    }
  }

  function randomSpec(dice: Dice): Spec {
    const memory = { limit: `${32 + dice.below(4) * 16}M` };
    return {
      user: dice.pick(['alice', 'bob']),
      command: ['sleep', `${100_000 + dice.below(3)}`],
      port: 'none',
      environment: { WHICH: `${dice.below(3)}` },
      ...(dice.below(2) === 0 ? {} : { resources: { memory, tasks: 10 + dice.below(5), cpu: { limit: 0.5 } } }),
    };
  }

  /** Waits until every server runs what its file says; asks for new runs where only those bring that about. */
  async function settle(names: readonly string[]): Promise<void> {
    const all = [...anchors, ...names].sort();
    await waitFor(
      'the servers that there should be',
      async (saw) => saw([...(await readStatuses(machine)).keys()].sort()).join() === all.join(),
      120_000,
    );
    const isSettled = (status: ServerStatus['status']) =>
      status.phase === 'Ready' && conditionOf(status, 'Synced')?.status === 'True';
    const isPending = (status: ServerStatus['status']) => conditionOf(status, 'UpdatePending')?.status === 'True';
    const before = await awaitStatuses(
      machine,
      all,
      'settled',
      (status) => isSettled(status) || isPending(status),
      180_000,
    );
    const pending = all.filter((_, index) => {
      const status = before[index];
      return status !== undefined && isPending(status);
    });
    for (const name of pending) {
      const spec = present.get(name) ?? sleeper;
      await machine.writeFile(
        `${desiredState}/${name}.yaml`,
        specText(name, spec, { annotations: { 'hublet/restartedAt': 'at the end' } }),
      );
    }
    await awaitStatuses(machine, all, 'settled', isSettled, 180_000);
  }

  /** What must not depend on the way: units with what they run and may use, and what hublet keeps of them. */
  async function facts() {
    const properties =
      'Id,ActiveState,User,ExecStart,LogExtraFields,MemoryMax,MemorySwapMax,TasksMax,CPUQuotaPerSecUSec,Slice,Result';
    const shown = await machine.run(`systemctl show 'hublet-*.service' -p ${properties}`);
    const units = shown
      .trim()
      .split('\n\n')
      .map((unit): [string, readonly string[]] => {
        // Without when and as which process it began.
        const lines = unit
          .split('\n')
          .map((line) => line.replace(/^(ExecStart=\{ path=[^;]*; argv\[\]=[^;]*);.*/, '$1'));
        return [lines.find((line) => line.startsWith('Id='))?.slice(3) ?? '', lines.sort()];
      });
    // The limits are told to a server as they were at its start.
    const environments = await machine.run(
      'cd /run/hublet/env && for file in *.env; do echo $file $(grep -Ev "^(MEM|CPU)_" $file | sha256sum); done',
    );
    const files = await machine.run(
      'for d in /run/hublet/env /run/hublet/state /run/hublet/status /var/lib/hublet/specs; do echo $d $(ls -A $d | wc -l); done',
    );
    return { units: Object.fromEntries(units.sort(([a], [b]) => (a < b ? -1 : 1))), environments, files };
  }

  function expectedFiles(count: number): string {
    const directories = ['/run/hublet/env', '/run/hublet/state', '/run/hublet/status', '/var/lib/hublet/specs'];
    return directories.map((directory) => `${directory} ${count}\n`).join('');
  }
});

async function awaitHost(what: string, passes: (host: HostStatus) => boolean): Promise<HostStatus> {
  return waitFor(
    what,
    async (saw) => {
      const host = saw(await readHostStatus(machine));
      return passes(host) && host;
    },
    120_000,
  );
}
