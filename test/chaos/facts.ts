import { parseLastGood } from '../../src/source/lastgoodFile.ts';
import type { HostStatus, ServerStatus } from '../../src/status/types.ts';
import type { Machine } from '../machine/machine.ts';

/** What one look at the machine shows, by systemd's, the kernel's and hublet's own word. */
export interface Facts {
  readonly controller: {
    readonly state: string;
    readonly pid: number;
    readonly memoryBytes: number;
  };
  readonly host: HostStatus | undefined;
  readonly statuses: ReadonlyMap<string, ServerStatus>;
  /** Every loaded service of hublet's, by unit name. */
  readonly units: ReadonlyMap<string, Unit>;
  /** Processes of the servers, wherever they are. */
  readonly processes: readonly Process[];
  /** How many files hublet keeps in each of its directories. */
  readonly kept: ReadonlyMap<string, number>;
  /** Edits that the specs come from which hublet keeps as last good ones on disk, by server. */
  readonly lastGoods: ReadonlyMap<string, number>;
  /** Since the look before: runs that systemd began, by unit. */
  readonly starts: ReadonlyMap<string, number>;
  /** Since the look before: how the controller's main process ended, in systemd's words. */
  readonly ends: readonly string[];
  /** Since the look before: what the controller logged. */
  readonly log: readonly string[];
  /** Where the next look begins in the journal. */
  readonly cursor: string;
}

export interface Unit {
  readonly state: string;
  readonly invocationId: string;
  readonly mainPid: number;
  readonly memoryMaxBytes: string;
  readonly controlGroup: string;
}

export interface Process {
  readonly pid: number;
  readonly server: string;
  readonly version: number;
  readonly controlGroup: string;
}

const MARK = '=====';
const KEPT = ['/run/hublet/env', '/run/hublet/state', '/run/hublet/status', '/var/lib/hublet/specs'];

/** @param cursor where the journal was at the look before; empty: its start */
function script(cursor: string): string {
  // --after-cursor leaves out the first entry that matches, also where that is not the cursor's own (systemd 252).
  const [from, rest] = cursor === '' ? ['', 'cat'] : [`--cursor='${cursor}'`, `grep -vF '${cursor}'`];
  const journal = `journalctl -q -b --no-pager --all -o json ${from}`;
  const started = '39f53479d3a045ac8e11786248231fbf';
  return `shopt -s nullglob
part() { echo '${MARK}' "$1"; }
part controller; systemctl show hublet.service -p ActiveState,MainPID
part memory; grep -s VmRSS: /proc/$(systemctl show hublet.service -p MainPID --value)/status
part units; systemctl show 'hublet-*.service' -p Id,ActiveState,InvocationID,MainPID,MemoryMax,ControlGroup
part statuses; cat /dev/null /run/hublet/status/*.json
part host; cat /run/hublet/status.json
part environments; grep -sazHE '^(CHAOS|VERSION)=' /proc/[0-9]*/environ | tr '\\0' '\\n'
part groups; grep -sH '^0::/hublet' /proc/[0-9]*/cgroup
part kept; for directory in ${KEPT.join(' ')}; do set -- $directory/*; echo $# $directory; done
part goods; cat /dev/null /var/lib/hublet/specs/*
part cursor; journalctl -q -b -n 0 --show-cursor
part starts; ${journal} --output-fields=UNIT _PID=1 JOB_TYPE=start JOB_RESULT=done MESSAGE_ID=${started} | ${rest}
part ends; ${journal} --output-fields=MESSAGE _PID=1 UNIT=hublet.service | ${rest} | grep 'Main process exited'
part log; ${journal} --output-fields=MESSAGE _SYSTEMD_UNIT=hublet.service | ${rest}
part end`;
}

/** Looks at the machine. @throws what the machine throws, and where an answer makes no sense */
export async function lookAt(machine: Pick<Machine, 'exec'>, cursor: string): Promise<Facts> {
  const { stdout } = await machine.exec('bash -s', { input: script(cursor), timeoutMs: 180_000 });
  return parseFacts(stdout);
}

/** What the look's output says. @throws where a part is missing or makes no sense */
export function parseFacts(output: string): Facts {
  const parts = new Map(
    output.split(new RegExp(`^${MARK} `, 'm')).map((part): [string, string] => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), part.slice(end + 1)];
    }),
  );
  if (!parts.has('end')) throw new Error(`a look at the machine ended early: ${output.slice(-500)}`);
  const part = (name: string): string => parts.get(name) ?? '';
  const rows = (name: string): readonly string[] => part(name).split('\n').filter(Boolean);
  const controller = pairsOf(part('controller'));
  const statuses = part('statuses')
    .split(/(?<=^\}\n)/m)
    .filter(Boolean)
    .map((text) => JSON.parse(text) as ServerStatus);
  return {
    controller: {
      state: controller.ActiveState ?? '',
      pid: Number(controller.MainPID),
      memoryBytes: 1024 * Number(/\d+/.exec(part('memory'))?.[0] ?? 0),
    },
    host: part('host') === '' ? undefined : (JSON.parse(part('host')) as HostStatus),
    statuses: new Map(statuses.map((status) => [status.metadata.name, status])),
    units: new Map(part('units').split('\n\n').filter(Boolean).map(toUnit)),
    processes: processesOf(rows('environments'), rows('groups')),
    kept: new Map(rows('kept').map((row) => [row.split(' ')[1] ?? '', Number(row.split(' ')[0])])),
    lastGoods: lastGoodsOf(rows('goods')),
    starts: countOf(
      rows('starts')
        .map((row) => (JSON.parse(row) as { UNIT: string }).UNIT)
        .filter((unit) => unit.startsWith('hublet-') && unit.endsWith('.service')),
    ),
    ends: rows('ends').flatMap(linesOf),
    log: rows('log').flatMap(linesOf),
    cursor: part('cursor').replace('-- cursor: ', '').trim(),
  };
}

/** The lines of an entry of the journal, which gives what is no printable text as bytes. */
function linesOf(row: string): readonly string[] {
  const { MESSAGE } = JSON.parse(row) as { readonly MESSAGE?: string | readonly number[] | null };
  const text = typeof MESSAGE === 'string' ? MESSAGE : Buffer.from(MESSAGE ?? []).toString();
  return text.split('\n').filter(Boolean);
}

function toUnit(text: string): [string, Unit] {
  const { Id = '', ActiveState = '', InvocationID = '', MainPID, MemoryMax = '', ControlGroup = '' } = pairsOf(text);
  return [
    Id,
    {
      state: ActiveState,
      invocationId: InvocationID,
      mainPid: Number(MainPID),
      memoryMaxBytes: MemoryMax,
      controlGroup: ControlGroup,
    },
  ];
}

/** Those that have both marks in their environment; the controller's helpers have none. */
function processesOf(environments: readonly string[], groups: readonly string[]): readonly Process[] {
  const marks = new Map<number, { server?: string; version?: number }>();
  for (const row of environments) {
    const [, pid, key, value] = /^\/proc\/(\d+)\/environ:(\w+)=(.*)$/.exec(row) ?? [];
    if (key === undefined || value === undefined) continue;
    const known = marks.get(Number(pid));
    marks.set(Number(pid), { ...known, ...(key === 'CHAOS' ? { server: value } : { version: Number(value) }) });
  }
  const groupOf = new Map(
    groups.map((row) => [Number(/^\/proc\/(\d+)/.exec(row)?.[1]), row.slice(row.indexOf(':0::') + 4)]),
  );
  return [...marks].flatMap(([pid, { server, version }]) =>
    server === undefined || version === undefined
      ? []
      : [{ pid, server, version, controlGroup: groupOf.get(pid) ?? '' }],
  );
}

/** The number of the edit that each kept spec comes from; a spec that hublet itself would not take for whole is left out. */
function lastGoodsOf(rows: readonly string[]): ReadonlyMap<string, number> {
  const stored = rows.map(parseLastGood).filter((spec) => spec !== undefined);
  return new Map(stored.map(({ name, text }) => [name, Number(JSON.parse(text).metadata.labels.edit)]));
}

function countOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function pairsOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
