import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../src/status/types.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type Machine } from '../machine/machine.ts';
import { awaitGone, awaitPhase, awaitStatus, dropSpecs, removeSpecs, type Spec } from '../machine/servers.ts';

/** No two of these have anything in common by accident, so that each can be looked for where it must not be. */
const values: Readonly<Record<string, string>> = {
  PLAIN: 'sesame-plain-9f3a',
  NEWLINES: 'sesame-first\nsesame-second\n\nlast\n',
  QUOTES: `sesame-'single' "double" \`tick\``,
  BACKSLASHES: 'sesame-\\ \\\\ \\n \\x41 ends with \\',
  DOLLARS: `sesame-$HOME $\{HOME} $$ $(id) $`,
  PERCENTS: 'sesame-%h %% %u %',
  UNICODE: 'sesame-жук 漢字 🐙 e\u0301 \u00a0',
  BLANKS: '  sesame-blanks\t ',
  COMMENT: '# sesame-comment ; no',
  EQUALS: 'sesame=a=b',
  TEMPLATE: 'sesame-{{NAME}} {"json": true}',
  EMPTY: '',
};
/** What the process must find: only the escaped template differs from what was written. */
const found = { ...values, TEMPLATE: 'sesame-{NAME} {"json": true}' };

const literalArguments = [
  'plain',
  '$HOME',
  `$\{HOME}`,
  '$$',
  '%h',
  '%%',
  '100%',
  '{"kernel": {"timeout": 5}}',
  `it's "quoted"`,
  'back\\slash',
  'two  blanks',
  'жук',
  ';',
  '-x',
];

const spec: Spec = {
  user: 'bob',
  command: ['python3', '-c', 'import time; time.sleep(1e6)', ...literalArguments, '{NAME}:{PORT}:{UNIT}'],
  environment: values,
  resources: { memory: { limit: '256M' }, cpu: { limit: 0.75 }, tasks: 50 },
};

let machine: Machine;
let started: ServerStatus['status'];

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine, { start: true });
  await dropSpecs(machine, { alice: spec, bob: { command: ['sleep', 'infinity'], port: 'none' } });
  await machine.run('chmod 600 /etc/hublet/desired-state/*.yaml');
  const [alice] = await awaitPhase(machine, ['alice', 'bob'], 'Ready');
  started = alice as ServerStatus['status'];
});

afterAll(() => machine?.kill());

describe('the environment', () => {
  it('arrives byte for byte', async () => {
    const environment = await environmentOf(started);
    for (const [name, value] of Object.entries(found))
      expect({ [name]: environment.get(name) }).toEqual({ [name]: value });
  });

  it('tells the account, the port and the limits', async () => {
    const environment = await environmentOf(started);
    expect(Object.fromEntries(environment)).toMatchObject({
      HOME: '/home/bob',
      USER: 'bob',
      LOGNAME: 'bob',
      SHELL: '/bin/bash',
      HUBLET_SERVER: 'alice',
      PORT: String(started.address?.port),
      MEM_LIMIT: String(256 * 2 ** 20),
      CPU_LIMIT: '0.75',
    });
    const bare = await environmentOf((await awaitPhase(machine, ['bob'], 'Ready'))[0] as ServerStatus['status']);
    for (const name of ['PORT', 'MEM_LIMIT', 'MEM_GUARANTEE', 'CPU_LIMIT']) expect(bare.has(name)).toBe(false);
  });

  it('is nowhere that others can look', async () => {
    const places = [
      'systemctl show hublet-alice.service',
      'systemctl cat hublet-alice.service',
      'cat /run/hublet/status/alice.json /run/hublet/status.json /run/hublet/events.jsonl',
      'cat /run/hublet/state/*',
      'journalctl -b -o json --no-pager -u hublet -u hublet-alice',
      'journalctl -b -o cat --no-pager _PID=1',
      'curl -sf http://127.0.0.1:9810/metrics',
      'curl -sf http://127.0.0.1:9810/',
      'curl -sf http://127.0.0.1:9810/readyz?verbose',
      'ps -eo args',
      'find /var/lib/hublet /run/hublet -perm /044 -type f -exec cat {} +',
      'hublet describe alice',
    ];
    const everything = await machine.run(places.map((place) => `echo '== ${place} =='; ${place}`).join('\n'));
    for (const place of places) expect(everything).toContain(`== ${place} ==`);
    expect(everything.length).toBeGreaterThan(10_000);
    expect(everything).not.toContain('sesame');
    // The file of the environment may be read by root alone, and so may its directory and that of the last good specs.
    const paths = [environmentFile('alice'), '/run/hublet/env', '/var/lib/hublet'];
    expect(await machine.run(`stat -c '%a %U:%G' ${paths.join(' ')}`)).toBe(
      '400 root:root\n700 root:root\n700 root:root\n',
    );
    expect((await machine.exec(`cat /proc/${started.mainPid}/environ`, { user: 'carol' })).stdout).toBe('');
  });
});

describe('arguments', () => {
  it('arrive literally', async () => {
    expect(await argumentsOf(started)).toEqual([
      ...literalArguments,
      `alice:${started.address?.port}:hublet-alice.service`,
    ]);
  });

  it('and environment are the same after a daemon-reload and a crash', async () => {
    const before = { arguments: await argumentsOf(started), environment: await environmentOf(started) };

    await machine.run(`systemctl daemon-reload; kill -KILL ${started.mainPid}`);

    const again = await awaitStatus(
      machine,
      'alice',
      'to run again',
      ({ phase, invocationId }) => phase === 'Ready' && invocationId !== started.invocationId,
    );
    expect(again.restarts).toBe(1);
    const after = { arguments: await argumentsOf(again), environment: await environmentOf(again) };
    expect(after.arguments).toEqual(before.arguments);
    for (const name of [...Object.keys(found), 'PORT', 'PATH', 'MEM_LIMIT'])
      expect({ [name]: after.environment.get(name) }).toEqual({ [name]: before.environment.get(name) });
    expect(after.environment.get('INVOCATION_ID')).not.toBe(before.environment.get('INVOCATION_ID'));
  });
});

describe('after its deletion', () => {
  it('nothing of its environment is left but its revisions, for root only and a week, so that a deletion can be taken back', async () => {
    await removeSpecs(machine, ['alice']);
    await awaitGone(machine, ['alice']);
    expect(await machine.run('ls /run/hublet/env')).not.toContain(environmentFile('alice').split('/').at(-1));
    expect((await machine.exec('grep -rlF sesame /run/hublet')).stdout).toBe('');
    const kept = (await machine.exec('grep -rlF sesame /var/lib/hublet')).stdout.trim().split('\n');
    expect(kept).toEqual(kept.map(() => expect.stringMatching(/^\/var\/lib\/hublet\/revisions\//)));
    expect(await machine.run('stat -c "%a %U" /var/lib/hublet/revisions')).toBe('700 root\n');
  });
});

async function environmentOf({ mainPid }: ServerStatus['status']): Promise<ReadonlyMap<string, string>> {
  const bytes = Buffer.from(await machine.run(`base64 -w0 /proc/${mainPid}/environ`), 'base64').toString('utf8');
  const pairs = bytes.split('\0').filter((pair) => pair !== '');
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

async function argumentsOf({ mainPid }: ServerStatus['status']): Promise<readonly string[]> {
  const bytes = Buffer.from(await machine.run(`base64 -w0 /proc/${mainPid}/cmdline`), 'base64').toString('utf8');
  return bytes.split('\0').slice(3, -1);
}

function environmentFile(name: string): string {
  return `/run/hublet/env/${createHash('sha256').update(name).digest('hex')}.env`;
}
