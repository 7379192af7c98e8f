import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findingsDocument, renderFindings } from '../../../src/cli/doctorReport.ts';
import { CliError, EXIT } from '../../../src/cli/errors.ts';
import { PLAIN_STYLE } from '../../../src/cli/style.ts';
import { runDoctor } from '../../../src/cli/verbs/doctor.ts';
import { examine } from '../../../src/doctor/examine.ts';
import { ALICE, healthy } from '../doctor/healthy.ts';
import { TestHost } from './testHost.ts';

const CGROUP2 = '26 23 0:24 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
const HYBRID = [
  '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw',
  '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu',
  '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
].join('\n');
/** As cgroup.controllers has them. */
const ALL = 'cpuset cpu io memory pids\n';

let host: TestHost;
let root: string;
const uid = process.geteuid?.() ?? 0;

beforeEach(() => {
  host = new TestHost();
  root = mkdtempSync(join(tmpdir(), 'hublet-doctor-'));
});
afterEach(() => {
  host.remove();
  rmSync(root, { recursive: true });
});

/** Files of a machine that systemd 252 boots, on cgroup v2, but for the changes; undefined: not there. */
function machine(changes: Readonly<Record<string, string | undefined>> = {}): void {
  const files: Readonly<Record<string, string | undefined>> = {
    'proc/1/comm': 'systemd\n',
    'proc/cmdline': 'root=/dev/vda1 quiet\n',
    'proc/config.gz': undefined,
    'proc/net/tcp': '',
    'proc/pressure/memory': 'some avg10=0.00\n',
    'proc/self/limits': 'Max open files            1024                 524288               files\n',
    'proc/self/mountinfo': CGROUP2,
    'proc/swaps': 'Filename Type Size Used Priority\n/dev/vda2 partition 1 0 -2\n',
    'proc/sys/fs/inotify/max_user_instances': '128\n',
    'proc/sys/fs/inotify/max_user_watches': '65536\n',
    'proc/sys/fs/nr_open': '1048576\n',
    'proc/sys/kernel/osrelease': '6.1.0-40-amd64\n',
    'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
    'proc/sys/net/ipv4/ip_local_reserved_ports': '\n',
    'sys/fs/cgroup/cgroup.controllers': ALL,
    'sys/fs/cgroup/init.scope/cgroup.controllers': '\n',
    'sys/fs/cgroup/system.slice/cgroup.controllers': ALL,
    'sys/fs/cgroup/system.slice/cpu.max': 'max 100000\n',
    'sys/fs/cgroup/system.slice/cpu.weight': '100\n',
    'sys/fs/cgroup/system.slice/memory.swap.max': 'max\n',
    'run/systemd/system/marker': '',
    'run/systemd/timesync/synchronized': '',
    'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
    'var/log/journal/0123456789abcdef0123456789abcdef/system.journal': '',
    ...changes,
  };
  for (const [path, text] of Object.entries(files)) if (text !== undefined) write(path, text);
  for (const program of ['flock', 'getent', 'id', 'systemd-notify', 'systemd-run', 'journalctl']) {
    write(`bin/${program}`, '#!/bin/sh\n');
    chmodSync(join(root, 'bin', program), 0o755);
  }
  write('bin/systemctl', '#!/bin/sh\necho "systemd 252 (252.39-1~deb12u2)"\n');
  chmodSync(join(root, 'bin/systemctl'), 0o755);
}

function write(path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

interface Told {
  readonly code: number;
  /** Level and what was found, by check; the last of those that share it. */
  readonly checks: Readonly<Record<string, readonly [level: string, found: string]>>;
}

async function doctor(change: Partial<TestHost['context']> = {}): Promise<Told> {
  host.out = '';
  const environment = {
    PATH: join(root, 'bin'),
    DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${root}/bus`,
    XDG_RUNTIME_DIR: root,
  };
  const code = await runDoctor({ ...host.context, environment, ...change }, { format: 'json', root });
  const { checks } = JSON.parse(host.out) as ReturnType<typeof findingsDocument>;
  return { code, checks: Object.fromEntries(checks.map(({ check, level, found }) => [check, [level, found]])) };
}

function levels({ checks }: Told, level: string): readonly string[] {
  return Object.keys(checks).filter((check) => checks[check]?.[0] === level);
}

describe('hublet doctor on a made-up machine', () => {
  it('finds nothing amiss but the bus, which no file can make up', async () => {
    machine();

    const told = await doctor();

    // Whoever runs the tests may be anybody, and then the directories are not root's.
    const own = uid === 0 ? [] : ['permissions', 'desired state', 'runtime directory'];
    expect([...levels(told, 'warn'), ...levels(told, 'fail')].filter((check) => !own.includes(check))).toEqual([
      'D-Bus',
    ]);
    expect(told.code).toBe(EXIT.failure);
    expect(told.checks['D-Bus']?.[1]).toBe(`there is no ${root}/bus`);
    expect(told.checks.systemd?.[1]).toContain('systemd 252 (252.39-1~deb12u2)');
    expect(told.checks.controllers).toEqual(['ok', 'cpu cpuset io memory pids']);
    expect(told.checks['state directory']?.[1]).toContain('not there yet');
  });

  it('tells all that is wrong of one that systemd did not boot, on cgroup v1', async () => {
    machine({
      'proc/1/comm': 'tini\n',
      'run/systemd/system/marker': undefined,
      'proc/self/mountinfo': HYBRID,
      'proc/pressure/memory': undefined,
      'proc/cmdline': 'psi=0\n',
      'proc/sys/kernel/osrelease': '5.10.0-cloud\n',
      'boot/config-5.10.0-cloud': 'CONFIG_PSI=y\nCONFIG_FAIR_GROUP_SCHED=y\n# CONFIG_CFS_BANDWIDTH is not set\n',
      'run/systemd/timesync/synchronized': undefined,
      'etc/machine-id': undefined,
    });

    const told = await doctor();

    expect(levels(told, 'fail')).toEqual(expect.arrayContaining(['systemd', 'D-Bus', 'cgroup v2', 'controllers']));
    expect(levels(told, 'warn')).toEqual(
      expect.arrayContaining(['CPU limits', 'swap accounting', 'pressure (PSI)', 'journal', 'clock']),
    );
    expect(told.checks['CPU shares']?.[0]).toBe('ok');
    expect(told.checks['cgroup v2']?.[1]).toContain('hybrid');
    expect(told.checks.clock?.[1]).toContain('timedatectl: ENOENT');
  });

  it('reads the options of the build where the kernel has them packed', async () => {
    machine({ 'sys/fs/cgroup/system.slice/cgroup.controllers': 'memory\n' });
    write('proc/config.gz', gzipSync('CONFIG_CFS_BANDWIDTH=y\n'));

    const { checks } = await doctor();

    expect([checks['CPU limits']?.[0], checks['CPU shares']?.[0]]).toEqual(['ok', 'warn']);
  });

  it('sees in a cgroup that has the controllers what the kernel lacks', async () => {
    machine({
      'sys/fs/cgroup/system.slice/cpu.max': undefined,
      'sys/fs/cgroup/system.slice/cpu.weight': undefined,
      'sys/fs/cgroup/system.slice/memory.swap.max': undefined,
    });

    expect(levels(await doctor(), 'warn')).toEqual(
      expect.arrayContaining(['CPU limits', 'CPU shares', 'swap accounting']),
    );
  });

  it('asks timedatectl where systemd-timesyncd left no mark', async () => {
    machine({ 'run/systemd/timesync/synchronized': undefined });
    write('bin/timedatectl', '#!/bin/sh\necho no\n');
    chmodSync(join(root, 'bin/timedatectl'), 0o755);

    expect((await doctor()).checks.clock).toEqual(['warn', 'not set by NTP']);
  });

  it('sees who listens on the port, and that it is the controller itself', async () => {
    const listening = `sl local_address rem_address st
   0: 0100007F:2652 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 1
   1: 0200A8C0:2653 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 2\n`;
    machine({ 'proc/net/tcp': listening });
    const at = (listen: string) => ({
      config: async () => ({ ...host.config, metrics: { ...host.config.metrics, listen } }),
    });

    expect((await doctor(at('127.0.0.1:9810'))).checks.HTTP?.[1]).toContain('root listens on');
    expect((await doctor(at('127.0.0.1:9811'))).checks.HTTP?.[1]).toBe('127.0.0.1:9811 is free');
    writeFileSync(join(host.runtime, 'status.json'), 'half a fi');
    expect((await doctor(at('127.0.0.1:9810'))).checks.HTTP?.[1]).toContain('root listens on');

    const status = { kind: 'HostStatus', http: '127.0.0.1:9810', pid: process.pid };
    writeFileSync(join(host.runtime, 'status.json'), JSON.stringify(status));
    expect((await doctor(at('127.0.0.1:9810'))).checks.HTTP?.[1]).toBe('127.0.0.1:9810, where hublet listens now');
  });

  it('says what is wrong with a configuration, and all the rest as well', async () => {
    machine();
    const config = async () => {
      throw new CliError(EXIT.badConfiguration, '/etc/hublet/hublet.yaml:3:1: portz: is not a field');
    };

    const { code, checks } = await doctor({ config });

    expect(code).toBe(EXIT.failure);
    expect(checks.configuration).toEqual(['fail', '/etc/hublet/hublet.yaml:3:1: portz: is not a field']);
    expect(checks['cgroup v2']?.[0]).toBe('ok');
    expect(checks).not.toHaveProperty('HTTP');
  });

  it('looks in user mode at the manager of the user', async () => {
    const own = `sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service`;
    machine({
      [`${own}/cgroup.controllers`]: 'memory pids\n',
      'proc/sys/user/max_user_namespaces': '0\n',
      'proc/self/limits': 'Max open files            1024                 1024               files\n',
    });

    const { checks } = await doctor({ isUserMode: true });

    expect(checks.controllers).toEqual(['warn', 'delegated to your systemd: memory pids; not cpu, cpuset, io']);
    expect(checks['user namespaces']).toEqual(['warn', 'forbidden by user.max_user_namespaces=0']);
    expect(checks['open files']?.[0]).toBe('warn');
    expect(checks.linger?.[0]).toBe('warn');
    expect(checks['D-Bus']).toEqual(['fail', `your systemd has no D-Bus: there is no ${root}/bus`]);
    expect(checks).not.toHaveProperty('permissions');
  });

  it('leaves nothing behind', async () => {
    machine();
    const all = () => [root, host.root].flatMap((path) => readdirSync(path, { recursive: true, encoding: 'utf8' }));
    const before = all();

    await doctor();

    expect(all()).toEqual(before);
  });
});

describe('what hublet doctor prints', () => {
  const facts = healthy(ALICE);

  it('fits a terminal, but for lines to paste, and ends in words', () => {
    const findings = examine({
      ...facts,
      manager: { ...facts.manager, isLingering: false },
      cgroup: { ...facts.cgroup, controllers: ['memory', 'pids'] },
    });

    const text = renderFindings(findings, PLAIN_STYLE);

    const lines = text.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([expect.stringContaining('delegate.conf')]);
    expect(text).toContain('\nwarn   linger');
    expect(text).toContain('\n       costs: servers end when you log out, and do not start with the host\n');
    expect(text).toContain('\n              loginctl enable-linger alice\n');
    expect(text).toMatch(/\n\nhublet will work here, but for what the warnings tell: linger, controllers\.\n$/);
  });

  it('says so where all is well, and where it can not work', () => {
    expect(renderFindings(examine(facts), PLAIN_STYLE)).toMatch(
      /\n\nhublet will work here: all \d+ checks are ok\.\n$/,
    );
    expect(renderFindings(examine({ ...facts, nodeVersion: '1.0.0' }), PLAIN_STYLE)).toMatch(
      /\n\nhublet can't do its work here until this is mended: Node\.\n$/,
    );
  });

  it('is harmless for a terminal, whatever a message holds', () => {
    const configuration = { kind: 'bad', message: 'a.yaml: \x1b[2J is\nno field' } as const;

    const text = renderFindings(examine({ ...facts, configuration }), PLAIN_STYLE);

    expect(text).toContain('a.yaml: \\x1b[2J is no field');
  });

  it('is one document for programs', () => {
    expect(findingsDocument(examine(facts), true)).toMatchObject({
      apiVersion: 'hublet/v1',
      kind: 'Examination',
      mode: 'user',
      result: 'ok',
      checks: expect.arrayContaining([{ check: 'Node', level: 'ok', found: '24.1.0' }]),
    });
  });
});
