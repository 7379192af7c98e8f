import type { Caller, HostFacts, PlaceFacts } from '../../../src/doctor/facts.ts';

export const ROOT: Caller = { isUserMode: false, uid: 0, name: 'root' };
export const ALICE: Caller = { isUserMode: true, uid: 1000, name: 'alice' };

/** What is read of a machine on which nothing is amiss. */
export function healthy(who: Caller = ROOT): HostFacts {
  return {
    who,
    nodeVersion: '24.1.0',
    manager: {
      isBooted: true,
      init: 'systemd',
      bus: { kind: 'answered', address: 'unix:path=/run/dbus/system_bus_socket', version: '252.39-1~deb12u2' },
      programVersion: undefined,
      isLingering: who.isUserMode ? true : undefined,
    },
    cgroup: {
      hierarchy: 'unified',
      controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'],
      files: { 'memory.swap.max': true, 'cpu.max': true, 'cpu.weight': true },
    },
    kernel: {
      release: '6.1.0-40-amd64',
      commandLine: ['root=/dev/vda1', 'quiet'],
      config: undefined,
      hasCpuLimitSysctl: false,
      hasPressure: true,
      hasSwap: true,
      namespaceBars: [],
    },
    limits: {
      inotifyWatches: 65_536,
      inotifyInstances: 128,
      inotifyRefusal: undefined,
      filesOfAny: 1_048_576,
      filesOfThis: 524_288,
    },
    configuration: { kind: 'good', files: [] },
    places: [place('runtime'), place('state'), place('source')],
    http: { listen: '127.0.0.1:9810', holders: [], isOurs: false },
    ports: { servers: { first: 20_000, last: 29_999 }, outgoing: { first: 32_768, last: 60_999 }, reserved: [] },
    journal: { directories: ['/var/log/journal/abc'], isPersistent: true, isReadable: true },
    clock: { kind: 'known', isSynchronized: true },
    missingPrograms: [],
  };
}

/** A directory of root's that is there. */
export function place(role: PlaceFacts['role'], change: Partial<PlaceFacts> = {}): PlaceFacts {
  return {
    role,
    path: `/srv/${role}`,
    ownerUid: 0,
    isMadeByHublet: role !== 'source',
    isExpected: false,
    state: { kind: 'directory', uid: 0, mode: 0o755 },
    refusal: undefined,
    ...change,
  };
}
