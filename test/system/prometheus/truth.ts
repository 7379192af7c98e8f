// What systemd and the kernel say of the use of units, under the names that hublet's metrics have, without any code of hublet.
import { quote } from '../../machine/command.ts';
import type { Machine } from '../../machine/machine.ts';
import { countIn } from '../../machine/servers.ts';

/** A unit that is measured: a server's or a pool's slice. */
export interface Subject {
  readonly kind: 'server' | 'pool';
  readonly name: string;
  readonly unit: string;
}

/** By series: the family's name after `hublet_server_` or `hublet_pool_`, then the values of its further labels. */
export interface Truth {
  /** What only grows. */
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  /** Counters as systemd has them, without those that it does not count; series that are added up for it are joined by a plus. */
  readonly systemdCounters: Readonly<Record<string, number>>;
  readonly systemdGauges: Readonly<Record<string, number>>;
  /** Exact. Undefined: not set, so there may be no series. */
  readonly limits: Readonly<Record<string, number | undefined>>;
}

const FILES = [
  'cpu.stat',
  'cpu.max',
  'memory.current',
  'memory.events',
  'memory.stat',
  'memory.peak',
  'memory.max',
  'memory.high',
  'memory.swap.current',
  'pids.current',
  'pids.max',
  'io.stat',
  'cpu.pressure',
  'memory.pressure',
  'io.pressure',
];
const PROPERTIES = ['Id', 'MemoryCurrent', 'CPUUsageNSec', 'TasksCurrent', 'IOReadBytes', 'IOWriteBytes'];

/** What systemd says of the I/O of a slice, for which nobody asked it to count that. */
const NOT_COUNTED = '18446744073709551615';

/** The control groups of units that run, below the mount point. */
export async function controlGroupsOf(machine: Machine, subjects: readonly Subject[]): Promise<readonly string[]> {
  const units = subjects.map(({ unit }) => unit).join(' ');
  const text = await machine.run(`systemctl show -p ControlGroup --value ${units}`);
  const groups = text.split('\n').filter((line) => line !== '');
  if (groups.length !== subjects.length) throw new Error(`not all of ${units} run: ${text}`);
  return groups;
}

/** The truth about each of them, in their order. */
export async function readTruths(
  machine: Machine,
  subjects: readonly Subject[],
  controlGroups: readonly string[],
): Promise<readonly Truth[]> {
  const paths = controlGroups.flatMap((group) => FILES.map((file) => quote(`.${group}/${file}`)));
  const units = subjects.map(({ unit }) => unit).join(' ');
  // One process reads all the files; those that are not there are no error.
  const [lines = '', shown = ''] = (
    await machine.run(
      `cd /sys/fs/cgroup; grep -s '' ${paths.join(' ')}; echo ===; systemctl show -p ${PROPERTIES.join(',')} ${units}`,
    )
  ).split('===\n');
  const texts = new Map<string, string>();
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(':');
    const path = line.slice(1, colon);
    texts.set(path, `${texts.get(path) ?? ''}${line.slice(colon + 1)}\n`);
  }
  const properties = new Map(shown.split('\n\n').map((part) => [propertyIn(part, 'Id'), part]));
  return subjects.map(({ unit }, index) =>
    truthOf((file) => texts.get(`${controlGroups[index]}/${file}`) ?? '', properties.get(unit) ?? ''),
  );
}

function truthOf(file: (name: string) => string, shown: string): Truth {
  const number = (property: string): number => Number(propertyIn(shown, property));
  const limit = (of: string): number | undefined =>
    file(of) === '' || file(of).startsWith('max') ? undefined : Number(file(of));
  const cpu = (key: string): number => countIn(file('cpu.stat'), key);
  const current = Number(file('memory.current'));
  const [quota = 'max', period = ''] = file('cpu.max').trim().split(' ');
  return {
    counters: {
      'cpu_seconds_total user': cpu('user_usec') / 1e6,
      'cpu_seconds_total system': cpu('system_usec') / 1e6,
      cpu_periods_total: cpu('nr_periods'),
      cpu_throttled_periods_total: cpu('nr_throttled'),
      cpu_throttled_seconds_total: cpu('throttled_usec') / 1e6,
      oom_kills_total: countIn(file('memory.events'), 'oom_kill'),
      memory_peak_bytes: Number(file('memory.peak')),
      ...Object.fromEntries(
        ['low', 'high', 'max', 'oom'].map((event) => [
          `memory_events_total ${event}`,
          countIn(file('memory.events'), event),
        ]),
      ),
      io_read_bytes_total: ioSum(file('io.stat'), 'rbytes'),
      io_write_bytes_total: ioSum(file('io.stat'), 'wbytes'),
      io_reads_total: ioSum(file('io.stat'), 'rios'),
      io_writes_total: ioSum(file('io.stat'), 'wios'),
      ...Object.fromEntries(
        ['cpu', 'memory', 'io'].flatMap((resource) => [
          [`pressure_waiting_seconds_total ${resource}`, pressureSeconds(file(`${resource}.pressure`), 'some')],
          [`pressure_stalled_seconds_total ${resource}`, pressureSeconds(file(`${resource}.pressure`), 'full')],
        ]),
      ),
    },
    gauges: {
      memory_current_bytes: current,
      memory_anon_bytes: countIn(file('memory.stat'), 'anon'),
      memory_file_bytes: countIn(file('memory.stat'), 'file'),
      memory_working_set_bytes: current - countIn(file('memory.stat'), 'inactive_file'),
      tasks: Number(file('pids.current')),
    },
    systemdCounters: {
      'cpu_seconds_total user + cpu_seconds_total system': number('CPUUsageNSec') / 1e9,
      ...(propertyIn(shown, 'IOReadBytes') === NOT_COUNTED
        ? {}
        : { io_read_bytes_total: number('IOReadBytes'), io_write_bytes_total: number('IOWriteBytes') }),
    },
    systemdGauges: { memory_current_bytes: number('MemoryCurrent'), tasks: number('TasksCurrent') },
    limits: {
      // The machine has no swap, so this is 0 or not there at all.
      memory_swap_bytes: limit('memory.swap.current'),
      memory_limit_bytes: limit('memory.max'),
      memory_high_bytes: limit('memory.high'),
      tasks_limit: limit('pids.max'),
      cpu_limit_cores: quota === 'max' ? undefined : Number(quota) / Number(period),
    },
  };
}

function propertyIn(shown: string, property: string): string {
  return new RegExp(`^${property}=(.*)$`, 'm').exec(shown)?.[1] ?? '';
}

function ioSum(text: string, key: string): number {
  return [...text.matchAll(new RegExp(`\\b${key}=(\\d+)`, 'g'))].reduce((sum, [, digits]) => sum + Number(digits), 0);
}

function pressureSeconds(text: string, line: string): number {
  return Number(new RegExp(`^${line} .*total=(\\d+)$`, 'm').exec(text)?.[1]) / 1e6;
}
