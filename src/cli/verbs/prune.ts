import type { Config } from '../../config/types.ts';
import {
  isPruneDigest,
  parsePruneAnswer,
  pruneAnswerPath,
  pruneRequestDirectory,
  pruneRequestPath,
} from '../../source/pruneFiles.ts';
import type { PruneAnswer } from '../../source/pruneRelease.ts';
import type { HostStatus } from '../../status/types.ts';
import { readFileIfPresent, removeFile, writeFileAtomic } from '../../store/files.ts';
import type { Context } from '../context.ts';
import { readControllerState, warnWhenStopped } from '../controllerState.ts';
import { DirectoryWatch } from '../directoryWatch.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { toJson } from '../output.ts';
import { printable } from '../table.ts';

/** The controller hears of a request at once, or where it can't watch its directory some seconds later. */
const ANSWER_MS = 30_000;

/** `hublet prune`: which servers are kept though their files vanished, because so many vanished at once. */
export async function runPrune(context: Context, format: 'text' | 'json'): Promise<number> {
  const config = await context.config();
  const state = readControllerState(config);
  warnWhenStopped(context, config, state);
  const held = (state.host?.sources ?? []).filter(({ pruneDigest }) => pruneDigest !== null);
  if (format === 'json') {
    const sources = held.map(({ path, message, pruneHeld, pruneDigest }) => ({
      path,
      digest: pruneDigest,
      servers: pruneHeld,
      message,
    }));
    context.print(toJson({ held: sources }));
  } else if (held.length === 0) context.print('nothing is held\n');
  else context.print(held.map(heldText).join('\n'));
  return EXIT.ok;
}

function heldText({ path, message, pruneHeld, pruneDigest }: HostStatus['sources'][number]): string {
  const count = `${pruneHeld.length} ${pruneHeld.length === 1 ? 'server' : 'servers'}`;
  return [
    `${printable(path)}: ${count} kept, whose files vanished at once or with their source:`,
    ...pruneHeld.map((name) => `   ${printable(name)}`),
    ...(message === '' ? [] : [printable(message)]),
    'to keep them, put their files back; to remove them all:',
    `   hublet prune --confirm ${pruneDigest}`,
    '',
  ].join('\n');
}

/**
 * `hublet prune --confirm`: says to the controller that what the digest names may go, and waits for its answer.
 *
 * @throws {CliError} usage; refused, where that is not what is held now; unreachable, where no controller answers
 */
export async function runConfirm(context: Context, digest: string): Promise<number> {
  if (!isPruneDigest(digest)) {
    throw new CliError(EXIT.usage, `--confirm '${digest}' is no digest: copy it from 'hublet prune', 64 characters`);
  }
  const config = await context.config();
  if (!readControllerState(config).isRunning) {
    throw new CliError(
      EXIT.unreachable,
      'the controller does not run, so nothing can be confirmed to it: start it and try again',
    );
  }
  const answer = await ask(context, config, digest);
  switch (answer.kind) {
    case 'released':
      context.print(
        `${answer.names.length} released in ${printable(answer.source)}: ${answer.names.map(printable).join(', ')}\n`,
      );
      return EXIT.ok;
    case 'already':
      context.print(`released before in ${printable(answer.source)}: nothing more is held by this digest\n`);
      return EXIT.ok;
    case 'refused':
      throw new CliError(EXIT.refused, `${answer.message}: 'hublet prune' lists what is held`);
  }
}

async function ask(context: Context, { runtimeDirectory }: Config, digest: string): Promise<PruneAnswer> {
  const [request, answer] = [pruneRequestPath(runtimeDirectory, digest), pruneAnswerPath(runtimeDirectory, digest)];
  const watch = new DirectoryWatch([pruneRequestDirectory(runtimeDirectory)], context.clock);
  try {
    // An answer from before is not the answer to this.
    removeFile(answer);
    place(request);
    const endMs = context.clock.monotonicMs() + ANSWER_MS;
    for (let leftMs = ANSWER_MS; leftMs > 0 && !context.signal.aborted; leftMs = endMs - context.clock.monotonicMs()) {
      const text = readFileIfPresent(answer);
      if (text !== undefined) return parsePruneAnswer(text);
      await watch.next(leftMs, context.signal);
    }
  } finally {
    watch.close();
  }
  // Nobody is there any more to hear the answer.
  removeFile(request);
  throw new CliError(
    EXIT.unreachable,
    "the controller does not answer: 'hublet prune' shows whether it heard, its journal why",
  );
}

function place(request: string): void {
  try {
    writeFileAtomic(request, '', { mode: 0o600 });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new CliError(
      EXIT.unreachable,
      'the controller that runs takes no confirmations: restart it with this version',
    );
  }
}
