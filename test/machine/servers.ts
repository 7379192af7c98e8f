// hublet's servers in a machine as tests speak of them: specs dropped as files, and what status files, systemd, cgroups and a
// scrape say of them. Nothing here goes through hublet's own code or command line, so that these can be tested against it.
import type { ConditionType } from '../../src/status/reasons.ts';
import type { Condition, HostStatus, HubletEvent, Phase, ServerStatus } from '../../src/status/types.ts';
import { quote } from './command.ts';
import { type Machine, waitFor } from './machine.ts';

export const desiredState = '/etc/hublet/desired-state';

/** What stands below `spec:`. */
export type Spec = Readonly<Record<string, unknown>>;

export interface SpecMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Text of the file of a spec. */
export function specText(name: string, spec: Spec, metadata: SpecMetadata = {}): string {
  const document = { apiVersion: 'hublet/v1', kind: 'Server', metadata: { name, ...metadata }, spec };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Drops specs as people do: files that are written aside and moved in, all at once. Returns when they are there. */
export async function dropSpecs(
  machine: Machine,
  specs: Readonly<Record<string, Spec>>,
  metadata: SpecMetadata = {},
): Promise<void> {
  const files = Object.entries(specs).map(([name, spec]) => [`${name}.yaml`, specText(name, spec, metadata)]);
  await machine.put({ files: Object.fromEntries(files) }, '/etc/hublet/aside');
  await machine.run(`mv -f /etc/hublet/aside/*.yaml ${desiredState}/`);
}

/** Removes the files of these servers. */
export async function removeSpecs(machine: Machine, names: readonly string[]): Promise<void> {
  await machine.run(`cd ${desiredState} && rm ${names.map((name) => quote(`${name}.yaml`)).join(' ')}`);
}

/** All status files, by server. */
export async function readStatuses(machine: Machine): Promise<ReadonlyMap<string, ServerStatus>> {
  const text = await machine.run(
    'cd /run/hublet/status 2>/dev/null || exit 0; shopt -s nullglob; cat /dev/null ./*.json',
  );
  const statuses = text.split(/(?<=^\}\n)/m).filter((part) => part !== '');
  return new Map(
    statuses.map((part) => JSON.parse(part) as ServerStatus).map((status) => [status.metadata.name, status]),
  );
}

/** The status of the host. */
export async function readHostStatus(machine: Machine): Promise<HostStatus> {
  return JSON.parse(await machine.run('cat /run/hublet/status.json')) as HostStatus;
}

/** Waits until the status of each of these servers passes, and returns them in that order. */
export async function awaitStatuses(
  machine: Machine,
  names: readonly string[],
  what: string,
  passes: (status: ServerStatus['status'], name: string) => boolean,
  timeoutMs = 90_000,
): Promise<readonly ServerStatus['status'][]> {
  return waitFor(
    `${names.join(', ')}: ${what}`,
    async (saw) => {
      const statuses = await readStatuses(machine);
      const all = names.map((name) => statuses.get(name)?.status);
      saw(all.map((status, index) => (status === undefined ? `${names[index]}: no status` : brief(status))));
      const known = all.filter((status) => status !== undefined);
      return (
        known.length === names.length && known.every((status, index) => passes(status, names[index] ?? '')) && known
      );
    },
    timeoutMs,
  );
}

/** Waits until the status of one server passes. */
export async function awaitStatus(
  machine: Machine,
  name: string,
  what: string,
  passes: (status: ServerStatus['status']) => boolean,
  timeoutMs?: number,
): Promise<ServerStatus['status']> {
  const [status] = await awaitStatuses(machine, [name], what, passes, timeoutMs);
  if (status === undefined) throw new Error('unreachable: one status was asked for');
  return status;
}

/**
 * Waits until all of these servers are in that phase. Of those that are Ready also until it is known what they run in: where many
 * start at once that is read after all of them are up.
 */
export function awaitPhase(
  machine: Machine,
  names: readonly string[],
  phase: Phase,
  timeoutMs?: number,
): Promise<readonly ServerStatus['status'][]> {
  const isThere = (status: ServerStatus['status']): boolean =>
    status.phase === phase && (phase !== 'Ready' || status.controlGroup !== null);
  return awaitStatuses(machine, names, `phase ${phase}`, isThere, timeoutMs);
}

/** The condition of that type; undefined where it is not there. */
export function conditionOf(
  status: { readonly conditions: readonly Condition[] },
  type: ConditionType,
): Condition | undefined {
  return status.conditions.find((condition) => condition.type === type);
}

/** Waits until hublet keeps nothing of these servers any more: neither status nor unit. */
export async function awaitGone(machine: Machine, names: readonly string[], timeoutMs = 90_000): Promise<void> {
  await waitFor(
    `${names.join(', ')}: gone`,
    async (saw) => {
      const statuses = await readStatuses(machine);
      const units = await machine.run("systemctl list-units --all --plain --no-legend 'hublet-*.service'");
      const left = names.filter((name) => statuses.has(name) || units.includes(`hublet-${name}.service`));
      return saw(left).length === 0;
    },
    timeoutMs,
  );
}

/** Properties of a server's unit as `systemctl show` prints them. */
export async function showUnit(
  machine: Machine,
  name: string,
  properties: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const text = await machine.run(`systemctl show hublet-${name}.service -p ${properties.join(',')}`);
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** A file of a server's cgroup, such as `memory.max`, without the line end. */
export async function readCgroup(machine: Machine, controlGroup: string | null, file: string): Promise<string> {
  if (controlGroup === null) throw new Error(`no control group to read ${file} of`);
  return (await machine.run(`cat ${quote(`/sys/fs/cgroup${controlGroup}/${file}`)}`)).trimEnd();
}

/** The number behind a word in a cgroup file of the form `word number`, one a line. @throws where the word is not there */
export function countIn(text: string, word: string): number {
  const line = text.split('\n').find((row) => row.startsWith(`${word} `));
  if (line === undefined) throw new Error(`no ${word} in: ${text}`);
  return Number(line.slice(word.length + 1));
}

/** Events as the controller's file has them, oldest first; a count replaces the lower one before it. Without a name: all. */
export async function readEvents(machine: Machine, name?: string): Promise<readonly HubletEvent[]> {
  const rows = (await machine.run('cat /run/hublet/events.jsonl')).split('\n').filter((row) => row !== '');
  const lines = rows.map((row) => JSON.parse(row) as HubletEvent & { readonly id?: number });
  const latest = new Map(lines.filter(({ id }) => id !== undefined).map((line) => [line.id, line]));
  return [...latest.values()].filter(({ server }) => name === undefined || server === name);
}

/** How often that happened to the server, as its events say. */
export function countEvents(events: readonly HubletEvent[], reason: HubletEvent['reason']): number {
  return events.filter((event) => event.reason === reason).reduce((sum, { count }) => sum + count, 0);
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One scrape of /metrics, in the text format. */
export async function scrape(machine: Machine): Promise<readonly Sample[]> {
  const text = await machine.run('curl -sf --max-time 30 http://127.0.0.1:9810/metrics');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseSample);
}

/** The value of the one series with that name and at least these labels; undefined where there is none. @throws where there are several */
export function sampleValue(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} series ${name} with ${JSON.stringify(labels)}`);
  return found[0]?.value;
}

function parseSample(line: string): Sample {
  const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name = '', inside = '', value = ''] = match;
  const labels = [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']) => [
    label,
    text.replace(/\\(.)/g, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
  ]);
  return { name, labels: Object.fromEntries(labels), value: value === '+Inf' ? Infinity : Number(value) };
}

function brief({ phase, mainPid, restarts, lastExit, conditions, applied }: ServerStatus['status']): unknown {
  const told = conditions.filter(({ message, status }) => message !== '' || status !== 'True');
  const words = told.map(({ type, status, reason, message }) => `${type}=${status}/${reason} ${message}`.trimEnd());
  return { phase, mainPid, restarts, lastExit: lastExit?.message, applied, conditions: words };
}
