import { expect, it } from 'vitest';
import { summariseSpec } from '../../../src/cli/specSummary.ts';
import { makeSpec } from '../units/servers.ts';

it('what a spec asks for is told without arguments, values of variables and of properties', () => {
  const spec = makeSpec({
    group: 'lab',
    supplementaryGroups: ['video'],
    command: ['/bin/x', 'hunter2'],
    preStart: [['/bin/a', 'hunter2'], ['b']],
    postStop: [['/bin/c', 'hunter2']],
    environment: { TOKEN: 'hunter2' },
    environmentFiles: ['-/etc/lab.env'],
    credentials: { token: '/etc/token' },
    pool: 'gpu',
    livenessProbe: {
      check: { kind: 'tcp', port: 80 },
      initialDelayMs: 0,
      periodMs: 30_000,
      timeoutMs: 5_000,
      successThreshold: 1,
      failureThreshold: 5,
    },
    backoff: { initialMs: 1_000, maxMs: 300_000, resetAfterMs: 600_000 },
    priority: -3,
    unitProperties: { SetCredential: 'hunter2', Nice: '5' },
    resources: { filesMax: 1, io: { weight: 9, readBytesPerSecond: { '/': 1024 }, writeIops: { '/a': 7 } } },
    sandbox: {
      ...makeSpec().sandbox,
      privateDevices: true,
      deviceAllow: [{ device: 'char-pts', access: 'rw' }],
      inaccessiblePaths: ['/a'],
      bindPaths: [{ source: '/a', destination: '/b', isOptional: false, isRecursive: true }],
      bindReadOnlyPaths: [{ source: '/c', destination: '/c', isOptional: false, isRecursive: true }],
      protectSystem: 'strict',
      protectHome: true,
      protectProc: 'invisible',
      privateNetwork: true,
      ipAddressAllow: ['localhost'],
      ipAddressDeny: ['any'],
      capabilities: [],
      systemCallFilter: ['@mount'],
      umask: 0o77,
    },
  });

  const rows = Object.fromEntries(summariseSpec(spec));

  expect(rows).toMatchObject({
    Groups: 'lab (main), video',
    Command: '/bin/x (and 1 argument)',
    'Before it': '/bin/a, b',
    'After it': '/bin/c',
    'Variables of': '-/etc/lab.env',
    Credentials: 'token (/etc/token)',
    Pool: 'gpu',
    Properties: 'SetCredential, Nice',
    Liveness: 'tcp :80 every 30s, timeout 5s, 5 failures to be stopped and started again',
    Backoff: 'from 1s, up to 5m, forgotten after 10m',
    Priority: '-3',
    Resources: '1 open file, disk weight 9, read / 1K/s, 7 writes/s of /a',
    Sandbox:
      'private /tmp, no new privileges, private /dev, device char-pts rw, /a inaccessible, /a bound at /b, /c bound read-only, ' +
      'system protected: strict, homes protected: true, /proc: invisible, private network, may talk to localhost, ' +
      'may not talk to any, capabilities at most none, system calls @mount, umask 0077',
  });
  expect(JSON.stringify(rows)).not.toContain('hunter2');
});

it('of what is not asked for nothing is told', () => {
  const titles = summariseSpec(makeSpec({ dynamicUser: true })).map(([title]) => title);

  expect(titles).toEqual(['User', 'Command', 'Directory', 'Port', 'Sandbox', 'Restart']);
  expect(summariseSpec(makeSpec({ dynamicUser: true }))[0]).toEqual(['User', 'a dynamic user']);
});
