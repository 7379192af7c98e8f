import { isoTime } from '../../clock.ts';
import type { Context } from '../context.ts';
import { readControllerState, warnWhenStopped } from '../controllerState.ts';
import { EXIT } from '../errors.ts';
import { readServers } from '../knownServers.ts';
import { UsageMeter } from '../liveUsage.ts';
import { matchesSelector, parseSelector } from '../selector.ts';
import { requireName } from '../specFiles.ts';
import { columnWidths, renderTable } from '../table.ts';
import { sortByUsage, type UsageOrder, type UsedServer, usageRows } from '../usageTable.ts';

export interface TopOptions {
  /** None: all servers that run. */
  readonly names: readonly string[];
  readonly selector?: string | undefined;
  readonly order: UsageOrder;
  /** Time over which rates are measured, and between two tables. */
  readonly periodMs: number;
  readonly isWatching: boolean;
  readonly format: 'table' | 'json';
}

/** Back to the top left, and nothing of the last table left. @see ECMA-48, CUP and ED */
const CLEAR_SCREEN = '\x1b[H\x1b[2J';

/** `hublet top`: what servers use now, read from their cgroups, whether or not a controller runs. */
export async function runTop(context: Context, options: TopOptions): Promise<number> {
  for (const name of options.names) requireName(name);
  const config = await context.config();
  warnWhenStopped(context, config, readControllerState(config));
  const known = (await readServers(context, config)).servers;
  const unknown = options.names.filter((name) => !known.has(name));
  for (const name of unknown) context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
  if (unknown.length > 0) return EXIT.notFound;

  const selector = parseSelector(options.selector ?? '');
  const chosen = async () =>
    [...(await readServers(context, config)).servers.values()].filter(
      ({ metadata }) =>
        (options.names.length === 0 || options.names.includes(metadata.name)) &&
        matchesSelector(metadata.labels, selector),
    );
  const meter = new UsageMeter(context, { isDetailed: true });
  const printer = new UsagePrinter(context, options);
  try {
    meter.read(await chosen());
    do {
      await pause(context, options.periodMs);
      const servers = await chosen();
      const live = meter.read(servers);
      if (context.signal.aborted) break;
      printer.print(
        servers.flatMap((server) => {
          const used = live.get(server.metadata.name);
          return used === undefined ? [] : [{ server, live: used }];
        }),
      );
    } while (options.isWatching && !context.signal.aborted);
  } finally {
    meter.close();
  }
  return EXIT.ok;
}

/** Prints one table after the other: in place of the last one on a terminal, below it elsewhere. */
class UsagePrinter {
  readonly #context: Context;
  readonly #options: TopOptions;
  #widths: readonly number[] = [];

  constructor(context: Context, options: TopOptions) {
    this.#context = context;
    this.#options = options;
  }

  print(servers: readonly UsedServer[]): void {
    const { context, options } = { context: this.#context, options: this.#options };
    const sorted = sortByUsage(servers, options.order);
    if (options.format === 'json') {
      const items = sorted.map(({ server, live: { usage, ...rates } }) => ({
        name: server.metadata.name,
        ...usage,
        sampledAtMs: undefined,
        ...rates,
      }));
      context.print(`${JSON.stringify({ at: isoTime(context.clock.wallMs()), items })}\n`);
      return;
    }
    if (sorted.length === 0 && !options.isWatching) {
      context.warn("no server runs: 'hublet get' says why");
      return;
    }
    const rows = usageRows(sorted, context.style);
    const isRepeated = options.isWatching && this.#widths.length > 0;
    const before = options.isWatching && context.isOutputTerminal ? CLEAR_SCREEN : isRepeated ? '\n' : '';
    context.print(before + renderTable(rows, { minWidths: this.#widths }));
    this.#widths = columnWidths(rows).map((width, index) => Math.max(width, this.#widths[index] ?? 0));
  }
}

/** Resolves after that time, or when the caller no longer waits. */
async function pause({ clock, signal }: Context, ms: number): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const cancel = clock.after(ms, end);
  signal.addEventListener('abort', end, { once: true });
  await promise;
  cancel();
  signal.removeEventListener('abort', end);
}
