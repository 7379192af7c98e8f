import type { Config } from '../../config/types.ts';
import { statusDirectory } from '../../status/statusFile.ts';
import type { ServerStatus } from '../../status/types.ts';
import type { Context } from '../context.ts';
import { readControllerState, warnWhenStopped } from '../controllerState.ts';
import { DirectoryWatch } from '../directoryWatch.ts';
import { EXIT } from '../errors.ts';
import { readServers } from '../knownServers.ts';
import { matchesSelector, parseSelector } from '../selector.ts';
import { type ServerFormat, ServerPrinter } from '../serverPrinter.ts';
import { requireName } from '../specFiles.ts';

export interface GetOptions {
  /** None: all servers. */
  readonly names: readonly string[];
  readonly selector?: string | undefined;
  readonly format: ServerFormat;
  readonly isWatching: boolean;
}

type Servers = ReadonlyMap<string, ServerStatus>;
type Filter = (server: ServerStatus) => boolean;

/** `hublet get`: what the status files, the spec files and the cgroups say, whether or not a controller runs. */
export async function runGet(context: Context, options: GetOptions): Promise<number> {
  for (const name of options.names) requireName(name);
  const selector = parseSelector(options.selector ?? '');
  const isChosen: Filter = ({ metadata }) =>
    (options.names.length === 0 || options.names.includes(metadata.name)) && matchesSelector(metadata.labels, selector);
  const config = await context.config();
  warnWhenStopped(context, config, readControllerState(config));
  const { servers, missingSources } = await readServers(context, config);
  for (const path of missingSources) {
    context.warn(`${path}: no such directory: make it, or name another with --desired-state`);
  }
  const chosen = choose(servers, isChosen);
  const unknown = options.names.filter((name) => !servers.has(name));
  const printer = new ServerPrinter(context, options.format);
  const isTable = options.format === 'table' || options.format === 'wide';
  if (chosen.size > 0 || (!isTable && unknown.length === 0)) {
    await printer.print([...chosen.values()], options.names.length === 1);
  } else if (unknown.length === 0) {
    context.warn(
      servers.size === 0 ? "there are no servers yet: 'hublet apply -f FILE' adds one" : 'no server matches',
    );
  }
  for (const name of unknown) context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
  if (unknown.length > 0) return EXIT.notFound;
  if (options.isWatching) await watchServers(context, config, printer, chosen, isChosen);
  return EXIT.ok;
}

function choose(servers: Servers, isChosen: Filter): Servers {
  return new Map([...servers].filter(([, server]) => isChosen(server)));
}

/** Prints each server anew whose status changed, until the caller no longer waits. */
async function watchServers(
  context: Context,
  config: Config,
  printer: ServerPrinter,
  printed: Servers,
  isChosen: Filter,
): Promise<void> {
  const directories = [statusDirectory(config.runtimeDirectory), ...config.sources.map(({ path }) => path)];
  const watch = new DirectoryWatch(directories, context.clock);
  let known = printed;
  try {
    while (!context.signal.aborted) {
      await watch.next(Number.POSITIVE_INFINITY, context.signal);
      const now = choose((await readServers(context, config)).servers, isChosen);
      const changed = [...now].filter(([name, server]) => differs(known.get(name), server));
      const gone = [...known.keys()].filter((name) => !now.has(name));
      known = now;
      if (changed.length + gone.length > 0)
        await printer.printChanges(
          changed.map(([, server]) => server),
          gone,
        );
    }
  } finally {
    watch.close();
  }
}

function differs(before: ServerStatus | undefined, after: ServerStatus): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}
