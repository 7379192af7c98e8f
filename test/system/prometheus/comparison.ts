import { type Machine, waitFor } from '../../machine/machine.ts';
import type { Prometheus } from '../../prometheus/server.ts';
import { controlGroupsOf, readTruths, type Subject, type Truth } from './truth.ts';

/** What was compared once: how many values, and what is wrong with which. */
export interface Comparison {
  readonly values: number;
  readonly faults: readonly string[];
}

export interface Compared extends Subject {
  /** Its memory does not move while it is compared: what is shown is what is, to the byte. */
  readonly isQuiet: boolean;
}

/** What a process that works may hold for a moment between two readings. */
const MOVING_BYTES = 2 ** 20;
/** The kernel rounds user and system time, each by itself, to microseconds. */
const ROUNDING_SECONDS = 0.000_01;
const PASSES = 'hublet_sample_duration_seconds_count';

/**
 * Reads the truth, lets hublet sample everything and Prometheus scrape it, and reads the truth again: each value that was scraped
 * lies between the two, so it is that of one sample taken meanwhile.
 */
export async function compare(
  machine: Machine,
  prometheus: Prometheus,
  subjects: readonly Compared[],
): Promise<Comparison> {
  const controlGroups = await controlGroupsOf(machine, subjects);
  const before = await readTruths(machine, subjects, controlGroups);
  const { passed } = await waitFor(
    'a scrape',
    async (saw) => {
      const passes = saw(await prometheus.value(PASSES));
      return passes === undefined ? undefined : { passed: passes };
    },
    90_000,
  );
  // The pass that ends next may have read some of them before we did.
  await waitFor('two passes', async (saw) => (saw(await prometheus.value(PASSES)) ?? 0) >= passed + 2, 90_000);
  const scraped = await prometheus.query('{__name__=~"hublet_(server|pool)_.+"}');
  const after = await readTruths(machine, subjects, controlGroups);

  const comparisons = subjects.map((subject, index): Comparison => {
    const shown = new Map(
      scraped
        .filter(({ labels }) => labels.__name__?.startsWith(`hublet_${subject.kind}_`))
        .filter(({ labels }) => labels[subject.kind] === subject.name)
        .map(({ labels, value }) => [seriesName(labels, subject), value]),
    );
    const [low, high] = [before[index], after[index]];
    if (low === undefined || high === undefined) throw new Error(`nothing was read of ${subject.name}`);
    const rows = rowsOf(low, high, subject.isQuiet);
    const faults = rows.flatMap((row) => faultsOf(row, shown));
    return { values: rows.length, faults: faults.map((fault) => `${subject.kind} ${subject.name}: ${fault}`) };
  });
  return {
    values: comparisons.reduce((sum, { values }) => sum + values, 0),
    faults: comparisons.flatMap(({ faults }) => faults),
  };
}

interface Row {
  /** Series that are added up. */
  readonly series: readonly string[];
  readonly of: 'the cgroup' | 'systemd';
  /** Undefined: there may be no series. */
  readonly between: readonly [number, number] | undefined;
  readonly slack: number;
}

function rowsOf(low: Truth, high: Truth, isQuiet: boolean): readonly Row[] {
  const pairs = (part: 'counters' | 'gauges' | 'systemdCounters' | 'systemdGauges') =>
    Object.entries(low[part]).map(([series, value]) => ({
      series: series.split(' + '),
      between: [value, high[part][series] ?? Number.NaN] as const,
    }));
  const slackOf = ([series = '']: readonly string[]) => (series.endsWith('_bytes') && !isQuiet ? MOVING_BYTES : 0);
  return [
    ...pairs('counters').map((row) => ({ ...row, of: 'the cgroup' as const, slack: 0 })),
    ...pairs('systemdCounters').map((row) => ({ ...row, of: 'systemd' as const, slack: ROUNDING_SECONDS })),
    ...pairs('gauges').map((row) => ({ ...row, of: 'the cgroup' as const, slack: slackOf(row.series) })),
    ...pairs('systemdGauges').map((row) => ({ ...row, of: 'systemd' as const, slack: slackOf(row.series) })),
    ...Object.entries(low.limits).map(([series, limit]): Row => {
      const between = limit === undefined ? undefined : ([limit, limit] as const);
      return { series: [series], of: 'the cgroup', between, slack: 0 };
    }),
  ];
}

/** What is wrong with a value that was shown between two readings of the truth; nothing where it lies between them. */
function faultsOf({ series, of, between, slack }: Row, shown: ReadonlyMap<string, number>): readonly string[] {
  const name = series.join(' + ');
  if (between === undefined) {
    const value = shown.get(name);
    return value === undefined ? [] : [`${name} is ${value}, but ${of} has none`];
  }
  const value = series.reduce((sum, each) => sum + (shown.get(each) ?? Number.NaN), 0);
  const isBetween = value >= Math.min(...between) - slack && value <= Math.max(...between) + slack;
  return isBetween ? [] : [`${name} is ${value}, ${of} has ${between.join(' and then ')}`];
}

/** The family after its prefix, then the values of what labels it has besides whose it is. */
function seriesName(labels: Readonly<Record<string, string>>, { kind }: Subject): string {
  const { __name__ = '', job, instance, [kind]: _whose, ...rest } = labels;
  return [__name__.slice(`hublet_${kind}_`.length), ...Object.values(rest)].join(' ');
}
