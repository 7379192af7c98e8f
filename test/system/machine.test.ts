import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { findingsDocument } from '../../src/cli/doctorReport.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import { identify, isAlive, type ProcessIdentity } from '../machine/process.ts';
import { directoryOf, endLeftovers, livingMachines, writeRecord } from '../machine/records.ts';

describe('the machine to test on', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await boot();
  });
  afterAll(() => machine.kill());

  describe('commands', () => {
    it('gives exit code, output and error output', async () => {
      expect(await machine.exec('echo out; echo err >&2; exit 3')).toEqual({
        code: 3,
        stdout: 'out\n',
        stderr: 'err\n',
      });
    });

    it('passes every character and the input through', async () => {
      const words = `a'b "c" $HOME \\ \`d\` % ü\n!`;
      expect(await machine.run('cat', { input: words })).toBe(words);
      expect(await machine.run(`printf %s '${words.replaceAll("'", "'\\''")}'`)).toBe(words);
    });

    it('runs as a user in the home of that user', async () => {
      expect(await machine.run('id -un; id -Gn; pwd; echo $HOME', { user: 'bob' })).toBe(
        'bob\nbob\n/home/bob\n/home/bob\n',
      );
    });

    it('throws with all that was written where a command that must succeed fails', async () => {
      await expect(machine.run('echo before; echo because >&2; false')).rejects.toThrow(
        /exit code 1.*before\nbecause/s,
      );
    });

    it('ends a command in the machine when its time is up', async () => {
      await expect(machine.exec('sleep 987', { timeoutMs: 1000 })).rejects.toThrow('no end within 1000 ms: sleep 987');
      expect((await machine.exec('pgrep -f "sleep [9]87"')).stdout).toBe('');
    });

    it('follows a command that goes on, and ends it', async () => {
      await using clock = await machine.spawn(
        'trap "exit 7" INT; for i in 1 2 3; do echo tick $i; done; while :; do sleep 0.1; done',
      );
      for (const tick of ['tick 1', 'tick 2', 'tick 3']) expect((await clock.lines.next()).value).toBe(tick);
      expect(await clock.kill('SIGINT')).toBe(7);
    });
  });

  describe('files and ports', () => {
    it('copies texts, directories and single files in', async () => {
      await machine.put({ files: { 'a.txt': 'one', 'deep/b.txt': 'two' } }, '/srv/put');
      await machine.put(import.meta.dirname, '/srv/tests');
      await machine.put(import.meta.filename, '/srv/put');
      expect(
        await machine.run('cd /srv; cat put/a.txt put/deep/b.txt; ls put; ls tests; stat -c "%a %U" put/a.txt'),
      ).toMatch(/^onetwoa\.txt\ndeep\nmachine\.test\.ts\n.*machine\.test\.ts\n.*644 root\n$/s);
    });

    it('writes a file with its mode, replacing by rename', async () => {
      await machine.writeFile('/srv/new/spec.yaml', 'a: 1\n');
      const before = await machine.run('stat -c "%i %a" /srv/new/spec.yaml');
      await machine.writeFile('/srv/new/spec.yaml', 'a: 2\n', 0o600);
      const after = await machine.run('stat -c "%i %a" /srv/new/spec.yaml; cat /srv/new/spec.yaml; ls -A /srv/new');
      expect(before).toMatch(/ 644\n$/);
      expect(after).toMatch(/ 600\na: 2\nspec\.yaml\n$/);
      expect(after.split(' ')[0]).not.toBe(before.split(' ')[0]);
    });

    it("reaches a port on the machine's loopback", async () => {
      await machine.put({ files: { 'index.html': 'from inside' } }, '/srv/www');
      await using _server = await machine.spawn(
        'exec python3 -m http.server --bind 127.0.0.1 --directory /srv/www 8765',
      );
      const port = await machine.forward(8765);
      const page = await waitFor('the page', async () => (await fetch(`http://127.0.0.1:${port}/`)).text(), 180_000);
      expect(page).toBe('from inside');
    });
  });

  describe('what hublet needs of a host', () => {
    it('has systemd 252 as init, all started, and nothing failed', async () => {
      expect(await machine.run('cat /proc/1/comm; systemctl is-system-running')).toBe('systemd\nrunning\n');
      expect(await machine.run('systemctl --version | head -n 1')).toMatch(/^systemd 252 /);
    });

    it('has the controllers of cgroup v2 and nothing of v1', async () => {
      expect(await machine.run('stat -f -c %T /sys/fs/cgroup')).toBe('cgroup2fs\n');
      const controllers = (await machine.run('cat /sys/fs/cgroup/cgroup.controllers')).trim().split(' ');
      expect(controllers).toEqual(expect.arrayContaining(['cpu', 'cpuset', 'io', 'memory', 'pids']));
    });

    it('tells pressure, of the host and of each unit', async () => {
      for (const resource of ['cpu', 'memory', 'io']) {
        expect(
          await machine.run(`cat /proc/pressure/${resource} /sys/fs/cgroup/system.slice/${resource}.pressure`),
        ).toMatch(/^some avg10=.*\nsome avg10=/ms);
      }
    });

    it('kills what exceeds its memory limit', async () => {
      const started = await machine.exec(
        `systemd-run --wait --quiet --unit=greedy -p MemoryMax=64M -p MemorySwapMax=0 python3 -c 'b = bytearray(200 << 20)'`,
      );
      expect(started.code).not.toBe(0);
      expect(await machine.run('systemctl show greedy -p Result')).toBe('Result=oom-kill\n');
    });

    it('lets alice become root unless NoNewPrivileges forbids it', async () => {
      const sudo = (more: string) =>
        machine.exec(`systemd-run --wait --pipe --quiet -p User=alice ${more} sudo -n id -un`);
      expect(await sudo('')).toMatchObject({ code: 0, stdout: 'root\n' });
      expect(await sudo('-p NoNewPrivileges=yes')).toMatchObject({ code: 1, stdout: '' });
    });

    it('has the pinned Node, Jupyter and the group of hublet', async () => {
      expect(await machine.run('node --version')).toBe(`${process.version}\n`);
      expect(
        await machine.run('dpkg-query -W jupyter-server jupyter-notebook python3-ipykernel && getent group hublet'),
      ).toMatch(/^jupyter-notebook\t.*\njupyter-server\t.*\npython3-ipykernel\t.*\nhublet:x:\d+:\n$/);
    });

    it('has all of it, says hublet doctor, but a clock that is set by NTP', async () => {
      await installHublet(machine);

      const { code, stdout } = await machine.exec('hublet doctor -o json');

      const { checks } = JSON.parse(stdout) as ReturnType<typeof findingsDocument>;
      expect(checks.filter(({ level }) => level !== 'ok').map(({ check }) => check)).toEqual(['clock']);
      expect(code).toBe(0);
      const found = Object.fromEntries(checks.map((each) => [each.check, each.found]));
      expect(found).toMatchObject({
        systemd: expect.stringMatching(/^252\./),
        controllers: 'cpu cpuset io memory pids',
        'CPU limits': 'the kernel holds them (CONFIG_CFS_BANDWIDTH)',
        'swap accounting': 'nothing to count: this host has no swap',
        'pressure (PSI)': 'the kernel tells it',
        HTTP: '127.0.0.1:9810 is free',
      });
    });

    it('has the time of the host', async () => {
      const guestMs = Number(await machine.run('date +%s%3N'));
      expect(Math.abs(guestMs - Date.now())).toBeLessThan(10_000);
    });
  });

  describe('several of them', () => {
    it('are independent, with random numbers of their own', async () => {
      await using other = await boot();
      const numbers = await Promise.all([machine, other].map((one) => one.run('cat /proc/sys/kernel/random/uuid')));
      await other.writeFile('/srv/only-here', '');
      expect(new Set(numbers).size).toBe(2);
      expect((await machine.exec('test -e /srv/only-here')).code).toBe(1);
      await other.kill();
      expect(await machine.run('echo lives on')).toBe('lives on\n');
    });

    it('leave no process, record or directory when killed', async () => {
      const victim = await boot();
      const record = livingMachines().find(({ name }) => name === victim.name);
      expect(record).toBeDefined();
      await victim.kill();
      await waitFor('the process to be gone', () => !existsSync(`/proc/${record?.qemu.pid}`), 90_000);
      expect(existsSync(record?.directory ?? '')).toBe(false);
      expect(livingMachines().map(({ name }) => name)).not.toContain(victim.name);
      await expect(victim.exec('true')).rejects.toThrow('is gone');
      await victim.kill();
    });
  });

  describe('machines of a run that crashed', () => {
    it('end with the process that started them', async () => {
      const start = `const { boot } = await import(${JSON.stringify(import.meta.resolve('../machine/machine.ts'))});
        const machine = await boot(); console.log(machine.name); setInterval(() => {}, 1000);`;
      const run = spawn(process.execPath, ['--input-type=module', '-e', start], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [name] = (await once(run.stdout.setEncoding('utf8'), 'data')) as [string];
      const record = livingMachines().find((living) => living.name === name.trim());
      expect(record).toBeDefined();
      run.kill('SIGKILL');
      await waitFor('qemu to end', () => record !== undefined && !isAlive(record.qemu), 90_000);
      await endLeftovers();
      expect(existsSync(record?.directory ?? '')).toBe(false);
    });

    it('are ended by number and start time, never by number alone', async () => {
      const nobody = { pid: process.pid, startTicks: '1' };
      const [left, other] = [spawn('sleep', ['600']), spawn('sleep', ['600'])];
      const leftEnded = once(left, 'close');
      pretendMachine('left', identityOf(left), nobody);
      pretendMachine('other', { ...identityOf(other), startTicks: '1' }, nobody);

      expect(await endLeftovers()).toEqual([`left-${process.pid}`]);
      await leftEnded;
      expect(isAlive(identityOf(other))).toBe(true);
      other.kill();
    });
  });

  it('boots for real when asked to, with a boot id of its own', async () => {
    await using booted = await boot({ cold: true });
    const ids = await Promise.all([machine, booted].map((one) => one.run('cat /proc/sys/kernel/random/boot_id')));
    expect(ids[0]).not.toBe(ids[1]);
    expect(await booted.run('ls /opt/hublet/node_modules | grep -x zod')).toBe('zod\n');
    expect(await booted.console()).toContain('MACHINE-READY');
  });
});

function identityOf(child: ChildProcess): ProcessIdentity {
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error('the process is gone');
  return identity;
}

function pretendMachine(prefix: string, qemu: ProcessIdentity, owner: ProcessIdentity): void {
  const name = `${prefix}-${process.pid}`;
  const directory = directoryOf(name);
  mkdirSync(directory);
  const startedAt = new Date().toISOString();
  writeRecord({ name, directory, qemu, owner, sshPort: 1, keyFile: '', stateDirectory: '', startedAt });
}
