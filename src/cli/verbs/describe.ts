import type { Config } from '../../config/types.ts';
import { readEvents } from '../../status/eventFile.ts';
import type { ServerStatus } from '../../status/types.ts';
import { formatAge, formatBytes } from '../amounts.ts';
import type { Context } from '../context.ts';
import { readControllerState, warnWhenStopped } from '../controllerState.ts';
import { CliError, EXIT, errorCode, judgeError } from '../errors.ts';
import { explainStatus } from '../explanation.ts';
import { readServers } from '../knownServers.ts';
import { type LiveUsage, measureRunning } from '../liveUsage.ts';
import { formatCpu, formatMemory } from '../serverTable.ts';
import { findSpecFile, readSpecText, requireName } from '../specFiles.ts';
import { summariseSpec } from '../specSummary.ts';
import { checkSpec } from '../specText.ts';
import { stylePhase } from '../style.ts';
import { printable, renderTable } from '../table.ts';
import { eventRow } from './events.ts';

const RECENT_EVENTS = 10;

type Row = readonly string[];

/** `hublet describe`: why a server isn't up, then everything that is known of it. */
export async function runDescribe(context: Context, name: string): Promise<number> {
  requireName(name);
  const config = await context.config();
  warnWhenStopped(context, config, readControllerState(config));
  const server = (await readServers(context, config)).servers.get(name);
  if (server === undefined) {
    context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
    return EXIT.notFound;
  }
  const live = (await measureRunning(context, [server])).get(name);
  const path = findSpecFile(config, name)?.path;
  const events = readEvents(config.runtimeDirectory)
    .filter((event) => event.server === name)
    .slice(-RECENT_EVENTS)
    .map((event) => eventRow(event, context).filter((_, column) => column !== 3));
  context.print(headline(context, server));
  printSection(
    context,
    'Spec',
    path === undefined ? [['File', 'gone: the server is being deleted']] : specRows(name, path, config),
  );
  printSection(context, 'Unit', unitRows(server, live, context.clock.wallMs()));
  printSection(context, 'Limits in force', appliedRows(server));
  printSection(context, 'Conditions', conditionRows(server, context.clock.wallMs()));
  printSection(context, 'Last exit', exitRows(server, context.clock.wallMs()));
  printSection(context, 'Events', events);
  return EXIT.ok;
}

function headline(context: Context, server: ServerStatus): string {
  const { style } = context;
  const nowMs = context.clock.wallMs();
  const { phase, readyAt, address } = server.status;
  const since = phase === 'Ready' && readyAt !== null ? ` for ${formatAge(nowMs - Date.parse(readyAt))}` : '';
  const place = phase === 'Ready' && address?.url !== undefined ? `, ${address.url}` : '';
  const causes = explainStatus(server, nowMs).flatMap((cause) => cause.split('\n'));
  return [
    `${style.bold(printable(server.metadata.name))}: ${stylePhase(phase, style)}${since}${place}\n`,
    ...causes.map((cause) => `  ${printable(cause)}\n`),
  ].join('');
}

/** Nothing for a section without rows. */
function printSection(context: Context, title: string, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  const body = renderTable(rows.map((row) => row.map((cell, column) => (column === 0 ? `  ${cell}` : cell))));
  context.print(`\n${context.style.bold(title)}\n${body}`);
}

function specRows(name: string, path: string, config: Config): Row[] {
  const file = ['File', printable(path)];
  try {
    const checked = checkSpec(readSpecText(path), name, path, config);
    if (checked.kind !== 'valid') return [file, ...checked.lines.map((line) => ['Problem', printable(line)])];
    const profile = checked.profile === undefined ? [] : [['Profile', checked.profile]];
    return [file, ...profile, ...summariseSpec(checked.spec).map(([title, words]) => [title, printable(words)])];
  } catch (error) {
    // Whoever may read the status need not be allowed to read the spec.
    if (!(error instanceof CliError) && errorCode(error) === undefined) throw error;
    return [file, ['Problem', printable(judgeError(error).message)]];
  }
}

function unitRows({ status }: ServerStatus, live: LiveUsage | undefined, nowMs: number): Row[] {
  const rows: (Row | undefined)[] = [
    ['Name', status.unit],
    status.user === null ? undefined : ['User', status.user],
    status.pool === null ? undefined : ['Pool', status.pool],
    status.mainPid === null ? undefined : ['PID', String(status.mainPid)],
    status.startedAt === null ? undefined : ['Started', `${formatAge(nowMs - Date.parse(status.startedAt))} ago`],
    ['Restarts', String(status.restarts)],
    status.address === null
      ? undefined
      : ['Address', status.address.url ?? `${status.address.host}:${status.address.port}`],
    status.controlGroup === null ? undefined : ['Cgroup', status.controlGroup],
    status.invocationId === null ? undefined : ['Invocation', status.invocationId],
    live === undefined ? undefined : ['CPU', formatCpu(live)],
    live === undefined ? undefined : ['Memory', formatMemory(live)],
    live?.usage.tasks === undefined ? undefined : ['Tasks', String(live.usage.tasks)],
  ];
  return rows.filter((row) => row !== undefined);
}

function appliedRows({ status }: ServerStatus): Row[] {
  return Object.entries(status.applied).map(([name, value]) => [
    name,
    name.endsWith('Bytes') && typeof value === 'number' ? formatBytes(value) : String(value),
  ]);
}

function conditionRows({ status }: ServerStatus, nowMs: number): Row[] {
  return status.conditions.map(({ type, status: state, reason, message, lastTransitionTime }) => [
    type,
    state,
    reason,
    formatAge(nowMs - Date.parse(lastTransitionTime)),
    printable(message.replaceAll('\n', '; ')),
  ]);
}

function exitRows({ status: { lastExit } }: ServerStatus, nowMs: number): Row[] {
  if (lastExit === null) return [];
  const code = lastExit.code === 'none' ? '' : `, ${lastExit.code} ${lastExit.status}`;
  return [
    ['What', printable(lastExit.message)],
    ['Result', `${lastExit.result}${code}, ${formatAge(nowMs - Date.parse(lastExit.at))} ago`],
    ...lastExit.log.map((line, index) => [index === 0 ? 'Log' : '', printable(line)]),
  ];
}
