import { describe, expect, it } from 'vitest';
import { compileUnit } from '../../../src/units/compile.ts';
import { compileProbe, isShared } from '../../../src/units/probeUnit.ts';
import { propertyRows } from '../../../src/units/table.ts';
import { CONTEXT, makeServer } from './servers.ts';

type Changes = Parameters<typeof makeServer>[0];

function probeOf(changes: Changes = {}, command: readonly string[] = ['/bin/true', '$x', '100%']) {
  const server = makeServer(changes);
  const properties = compileProbe(server, compileUnit(server, CONTEXT), command, 5_000, 'cafe');
  return new Map(properties.map(({ name, value }) => [name, value]));
}

const text = (fields: unknown) => (fields as readonly Uint8Array[]).map((field) => Buffer.from(field).toString());

describe('a probe by exec as a unit', () => {
  it("is its server's account, sees what that sees, and has its variables", () => {
    const server = makeServer({
      group: 'lab',
      supplementaryGroups: ['video'],
      environmentFiles: ['/etc/lab.env'],
      credentials: { key: '/etc/key' },
      workingDirectory: '/srv',
      pool: 'gpu',
      resources: { filesMax: 99, allowedCpus: [1] },
      sandbox: {
        ...makeServer().spec.sandbox,
        protectHome: 'tmpfs',
        privateNetwork: true,
        capabilities: [],
        ipAddressDeny: ['any'],
        systemCallFilter: ['@system-service'],
      },
    });
    const { properties } = compileUnit(server, CONTEXT);
    const probe = new Map(
      compileProbe(server, { ...compileUnit(server, CONTEXT), properties }, ['/bin/true'], 1_000, 'cafe').map((one) => [
        one.name,
        one.value,
      ]),
    );
    for (const name of [
      'User',
      'Group',
      'SupplementaryGroups',
      'EnvironmentFiles',
      'LoadCredential',
      'WorkingDirectory',
      'Slice',
      'LimitNOFILE',
      'AllowedCPUs',
      'PrivateTmp',
      'NoNewPrivileges',
      'ProtectHome',
      'PrivateNetwork',
      'CapabilityBoundingSet',
      'IPAddressDeny',
      'SystemCallFilter',
    ])
      expect([name, probe.get(name)]).toEqual([name, properties.find((one) => one.name === name)?.value]);
    expect(probe.get('JoinsNamespaceOf')).toEqual(['hublet-alice.service']);
  });

  it('runs its command literally, once, in silence, and is gone after it', () => {
    const probe = probeOf({ preStart: [['/bin/a']], postStop: [['/bin/b']] });
    expect(probe.get('ExecStart')).toEqual([['/bin/true', ['/bin/true', '$$x', '100%'], false]]);
    expect(probe.has('ExecStartPre') || probe.has('ExecStopPost')).toBe(false);
    expect(Object.fromEntries(probe)).toMatchObject({
      Type: 'oneshot',
      TimeoutStartUSec: 5_000_000n,
      KillMode: 'control-group',
      KillSignal: 9,
      CollectMode: 'inactive-or-failed',
      StandardOutput: 'null',
      StandardError: 'null',
      StandardInput: 'null',
    });
  });

  it('is marked as nobody’s server', () => {
    const marks = text(probeOf().get('LogExtraFields'));
    expect(marks).toEqual(['HUBLET_PROBE=alice', 'HUBLET_INSTANCE=cafe']);
  });

  it('has no more than a probe may have, nor than its server', () => {
    const limits = (changes: Changes) => {
      const probe = probeOf(changes);
      return ['MemoryMax', 'MemorySwapMax', 'TasksMax', 'CPUQuotaPerSecUSec', 'MemoryLow'].map((name) =>
        probe.get(name),
      );
    };
    const most = [256n * 1024n ** 2n, 0n, 64n, 1_000_000n, undefined];
    expect(limits({})).toEqual(most);
    const large = { memoryMaxBytes: 8 * 1024 ** 3, memoryLowBytes: 1024 ** 3, tasksMax: 500, cpuLimitCores: 4 };
    expect(limits({ resources: large })).toEqual(most);
    const small = { memoryMaxBytes: 64 * 1024 ** 2, tasksMax: 10, cpuLimitCores: 0.5 };
    expect(limits({ resources: small })).toEqual([64n * 1024n ** 2n, 0n, 10n, 500_000n, undefined]);
  });

  it('finds a bare program on the PATH of its server', () => {
    const changes = { command: ['/opt/x'], extraPaths: ['/opt/bin'] };
    expect(probeOf(changes).has('ExecSearchPath')).toBe(false);
    expect(probeOf(changes, ['check']).get('ExecSearchPath')).toEqual(expect.arrayContaining(['/opt/bin', '/usr/bin']));
  });

  it('leaves directories of its server where they are', () => {
    const server = { ...makeServer(), runtimeDirectory: 'hublet-servers/alice' };
    const properties = compileProbe(server, compileUnit(server, CONTEXT), ['/bin/true'], 1_000, 'cafe');
    const probe = new Map(properties.map(({ name, value }) => [name, value]));
    expect(probe.get('RuntimeDirectory')).toEqual(['hublet-servers/alice']);
    expect(probe.get('RuntimeDirectoryPreserve')).toBe('yes');
  });

  it('takes over no property that says when and how a service runs, and every one that confines it', () => {
    const shared = propertyRows().flatMap(({ name }) => (isShared(name) ? [name] : []));
    for (const name of ['ExecStart', 'ExecReload', 'Restart', 'Type', 'OnFailure', 'Wants', 'KillMode', 'WatchdogUSec'])
      expect(shared).not.toContain(name);
    for (const name of ['Delegate', 'TTYPath', 'StandardOutput', 'MemoryMin', 'RemoveIPC'])
      expect(shared).not.toContain(name);
    for (const name of ['RootDirectory', 'BindPaths', 'RestrictNamespaces', 'DeviceAllow', 'DevicePolicy', 'UMask'])
      expect(shared).toContain(name);
  });

  it('repeats no property but lists that are given in parts', () => {
    const server = makeServer({ resources: { memoryMaxBytes: 1024 ** 3, tasksMax: 9, cpuLimitCores: 1 } });
    const names = compileProbe(server, compileUnit(server, CONTEXT), ['true'], 1_000, 'cafe').map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
