import { dirname } from 'node:path';
import type { Config } from '../../config/types.ts';
import { type EventLine, eventPath, readEventFile } from '../../status/eventFile.ts';
import type { HubletEvent } from '../../status/types.ts';
import { formatAge } from '../amounts.ts';
import type { Context } from '../context.ts';
import { readControllerState, warnWhenStopped } from '../controllerState.ts';
import { DirectoryWatch } from '../directoryWatch.ts';
import { EXIT } from '../errors.ts';
import { readStatus } from '../knownServers.ts';
import { findSpecFile } from '../specFiles.ts';
import type { Style } from '../style.ts';
import { columnWidths, printable, renderTable } from '../table.ts';

export interface EventsOptions {
  /** Undefined: of all servers and the host. */
  readonly name?: string | undefined;
  readonly isWatching: boolean;
  readonly format: 'table' | 'json';
}

const HEADER = ['AGE', 'TYPE', 'REASON', 'SERVER', 'MESSAGE'];

/** `hublet events`: what happened since the host started, newest last, from the controller's event file. */
export async function runEvents(context: Context, options: EventsOptions): Promise<number> {
  const config = await context.config();
  warnWhenStopped(context, config, readControllerState(config));
  const lines = readLines(config, options.name);
  if (options.name !== undefined && lines.length === 0 && !isKnown(context, config, options.name)) {
    context.warn(`${options.name}: not found: 'hublet get' lists the servers there are`);
    return EXIT.notFound;
  }
  const rows = lines.map(({ event }) => eventRow(event, context));
  const widths = columnWidths([HEADER, ...rows]);
  if (options.format === 'json') printJson(context, lines);
  else if (rows.length > 0) context.print(renderTable([HEADER.map((title) => context.style.bold(title)), ...rows]));
  else if (!options.isWatching) context.warn('there are no events');
  if (options.isWatching) await watchEvents(context, config, options, lines, widths);
  return EXIT.ok;
}

function readLines(config: Config, name: string | undefined): readonly EventLine[] {
  const { lines } = readEventFile(config.runtimeDirectory);
  return name === undefined ? lines : lines.filter(({ event }) => event.server === name);
}

function isKnown(context: Context, config: Config, name: string): boolean {
  return findSpecFile(config, name) !== undefined || readStatus(context, config, name) !== undefined;
}

/** An event as a table's row; repeated ones say how often. */
export function eventRow(event: HubletEvent, context: Pick<Context, 'clock' | 'style'>): string[] {
  const times = event.count > 1 ? ` (${event.count} times)` : '';
  return [
    formatAge(context.clock.wallMs() - Date.parse(event.at)),
    styleType(event.type, context.style),
    event.reason,
    event.server === undefined ? '-' : printable(event.server),
    printable(event.message) + times,
  ];
}

function styleType(type: HubletEvent['type'], style: Style): string {
  return type === 'Warning' ? style.busy(type) : type;
}

function printJson(context: Context, lines: readonly EventLine[]): void {
  context.print(lines.map(({ event }) => `${JSON.stringify(event)}\n`).join(''));
}

async function watchEvents(
  context: Context,
  config: Config,
  options: EventsOptions,
  printed: readonly EventLine[],
  widths: readonly number[],
): Promise<void> {
  const watch = new DirectoryWatch([dirname(eventPath(config.runtimeDirectory))], context.clock);
  let counts = countsOf(printed);
  try {
    while (!context.signal.aborted) {
      await watch.next(Number.POSITIVE_INFINITY, context.signal);
      const lines = readLines(config, options.name);
      const fresh = lines.filter(({ id, event }) => counts.get(id) !== event.count);
      counts = countsOf(lines);
      if (options.format === 'json') printJson(context, fresh);
      else
        context.print(
          renderTable(
            fresh.map(({ event }) => eventRow(event, context)),
            { minWidths: widths },
          ),
        );
    }
  } finally {
    watch.close();
  }
}

function countsOf(lines: readonly EventLine[]): ReadonlyMap<number, number> {
  return new Map(lines.map(({ id, event }) => [id, event.count]));
}
