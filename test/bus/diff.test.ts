import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/cli/context.ts';
import { EXIT } from '../../src/cli/errors.ts';
import { fileIdentity } from '../../src/cli/specFiles.ts';
import { PLAIN_STYLE } from '../../src/cli/style.ts';
import { type DiffOptions, runDiff } from '../../src/cli/verbs/diff.ts';
import { createSystemClock } from '../../src/clock.ts';
import { statusPath } from '../../src/status/statusFile.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
  // The command line asks this host for accounts: whoever runs the tests is one.
  host.rewriteAccounts(readFileSync('/etc/passwd', 'utf8'));
});

afterEach(async () => {
  await host.close();
});

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function diff(options: Partial<DiffOptions> = {}): Promise<Told> {
  let [out, err] = ['', ''];
  const context: Context = {
    config: async () => host.config,
    isUserMode: false,
    clock: createSystemClock(),
    environment: { DBUS_SYSTEM_BUS_ADDRESS: host.fake.address },
    cgroupRoot: '/nowhere',
    style: PLAIN_STYLE,
    isOutputTerminal: false,
    isErrorTerminal: false,
    print: (text) => {
      out += text;
    },
    warn: (line) => {
      err += `${line}\n`;
    },
    readInput: async () => '',
    signal: new AbortController().signal,
  };
  const code = await runDiff(context, { names: [], files: [], format: 'text', ...options });
  return { code, out, err };
}

function own(name: string, more = ''): string {
  return spec(name, more).replace('user: alice', `user: ${userInfo().username}`);
}

const LIMITED = '  resources: {memory: {limit: 1G}}\n  environment: {TOKEN: old-secret}\n';

async function startAlice(): Promise<void> {
  host.put('alice', own('alice', LIMITED));
  await host.start();
  await host.untilPhase('alice', 'Ready');
  await host.stop();
}

describe('hublet diff', () => {
  it('says nothing where all is as asked for', async () => {
    await startAlice();

    expect(await diff()).toEqual({ code: EXIT.ok, out: '', err: '' });
  });

  it('tells what changes as it runs from what needs a restart, and shows no variable', async () => {
    await startAlice();
    host.put(
      'alice',
      own(
        'alice',
        '  resources: {memory: {limit: 2G}}\n  environment: {TOKEN: new-secret}\n  workingDirectory: /srv\n  sandbox: {privateTmp: false}\n',
      ),
    );

    const { code, out } = await diff();

    expect(code).toBe(EXIT.failure);
    const lines = out.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, '   '));
    expect(lines).toEqual([
      'alice',
      'spec.resources.memory.limit: 1G -> 2G   live',
      expect.stringMatching(/^spec\.workingDirectory: \S+ -> \/srv {3}needs restart$/),
      'spec.sandbox.privateTmp: true -> false   needs restart',
      'spec.environment.TOKEN: changed   needs restart',
      '',
    ]);
    expect(out).not.toContain('secret');
  });

  it('sees a limit that somebody else set on the running unit', async () => {
    await startAlice();
    host.fake.setByOther('hublet-alice.service', 'MemoryMax', 512n * 1024n ** 2n);

    expect((await diff({ names: ['alice'] })).out).toMatch(/spec\.resources\.memory\.limit: 512M -> 1G {3}live/);
  });

  it('compares a file that is not in the source yet', async () => {
    await startAlice();
    const file = join(host.root, 'alice.yaml');
    writeFileSync(file, own('alice', LIMITED.replace('1G', '3G')));

    expect(await diff({ files: [file] })).toEqual({
      code: EXIT.failure,
      out: 'alice\n  spec.resources.memory.limit: 1G -> 3G   live\n',
      err: '',
    });
  });

  it('says who would be started and who would be stopped', async () => {
    await startAlice();
    rmSync(host.path('alice'));
    host.put('bob', own('bob'));

    expect(await diff()).toEqual({
      code: EXIT.failure,
      out: '- alice   would be stopped: no spec asks for it\n+ bob   would start\n',
      err: '',
    });
    host.put('alice', own('alice', `${LIMITED}  suspend: true\n`));
    expect((await diff({ names: ['alice'] })).out).toBe('- alice   would be stopped: it is suspended\n');
  });

  it('goes on past a spec that is wrong, and says so', async () => {
    await startAlice();
    host.put('alice', own('alice', '  resources: {memory: {limit: 2G}}\n'));
    host.put('bob', own('bob', '  comand: [x]\n'));

    const { code, out, err } = await diff();

    expect(code).toBe(EXIT.invalid);
    expect(out).toContain('spec.resources.memory.limit: 1G -> 2G');
    expect(err).toMatch(/bob\.yaml:8:3: spec\.comand: .*did you mean command/);
  });

  it('does not promise what the policy of its source denies', async () => {
    await startAlice();
    const path = host.path('alice');
    const status = JSON.parse(readFileSync(statusPath(host.runtimeDirectory, 'alice'), 'utf8'));
    host.put('alice', own('alice', LIMITED.replace('1G', '2G')));
    status.metadata.source = fileIdentity(path);
    const denied = { type: 'Admitted', status: 'False', message: 'spec.resources.memory.limit: at most 1G' };
    status.status.conditions = [
      ...status.status.conditions.filter(({ type }: { type: string }) => type !== 'Admitted'),
      denied,
    ];
    writeFileSync(statusPath(host.runtimeDirectory, 'alice'), JSON.stringify(status));

    expect(await diff()).toEqual({
      code: EXIT.ok,
      out: '',
      err: expect.stringContaining('its policy denies it: spec.res'),
    });
  });

  it('names what it does not know', async () => {
    await startAlice();

    expect(await diff({ names: ['nobody'] })).toMatchObject({
      code: EXIT.notFound,
      err: expect.stringMatching(/^nobody: not found/),
    });
  });

  it('is for programs too', async () => {
    await startAlice();
    host.put('alice', own('alice', LIMITED.replace('1G', '2G')));

    expect(JSON.parse((await diff({ format: 'json' })).out)).toEqual({
      apiVersion: 'hublet/v1',
      kind: 'Differences',
      servers: [
        {
          kind: 'changed',
          name: 'alice',
          differences: [{ field: 'spec.resources.memory.limit', from: '1G', to: '2G', effect: 'live' }],
          notes: [],
        },
      ],
    });
  });

  it('needs a bus', async () => {
    await host.fake.killBus();

    await expect(diff()).rejects.toMatchObject({ exitCode: EXIT.noBus });
    await host.fake.startBus();
  });
});
