import { parseDurationMs, QuantityError } from '../../spec/quantities.ts';
import { parseMomentMs } from '../../spec/times.ts';
import { readServerStatus } from '../../status/statusFile.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import type { EditValue } from '../output.ts';
import { editServers } from '../specEdit.ts';

const FIELD = ['spec', 'suspend'];
/** Another spec, and so another start, for a server that its spec does not keep down. */
const RESUMED_AT = ['metadata', 'annotations', 'hublet/resumedAt'];

export interface SuspendOptions {
  readonly names: readonly string[];
  readonly reason?: string | undefined;
  /** A moment, or a duration from now. */
  readonly until?: string | undefined;
}

/** `hublet suspend`: writes the wish to keep servers down into their specs. */
export async function runSuspend(context: Context, { names, reason, until }: SuspendOptions): Promise<number> {
  const fields = {
    ...(reason === undefined ? {} : { reason }),
    ...(until === undefined ? {} : { until: momentOf(until, context.clock.wallMs()) }),
  };
  const value: EditValue = Object.keys(fields).length === 0 ? true : fields;
  return editServers(context, names, () => ({ kind: 'edit', edit: { path: FIELD, value, done: 'suspended' } }));
}

/** `hublet resume`: takes that wish away, and wakes a server that was stopped for another reason than a closed window. */
export async function runResume(context: Context, names: readonly string[]): Promise<number> {
  const { runtimeDirectory } = await context.config();
  const now = new Date(context.clock.wallMs()).toISOString();
  return editServers(context, names, ({ spec, document }) => {
    if (spec.suspend === undefined) {
      const status = readServerStatus(runtimeDirectory, spec.name)?.status;
      if (status?.phase !== 'Stopped') return { kind: 'unchanged', words: 'is not suspended' };
      const window = status.conditions.find(({ type }) => type === 'WindowOpen');
      if (window?.status === 'False')
        return { kind: 'unchanged', words: `waits for its window, which ${window.message}` };
      return { kind: 'edit', edit: { path: RESUMED_AT, value: now, done: 'resumed' } };
    }
    // Without a wish of its own, that of its profile would count again.
    const isByProfile = document.spec.suspend === undefined;
    return { kind: 'edit', edit: { path: FIELD, value: isByProfile ? false : undefined, done: 'resumed' } };
  });
}

function momentOf(text: string, nowMs: number): string {
  const atMs = parseMomentMs(text) ?? nowMs + durationMs(text);
  if (atMs <= nowMs) throw new CliError(EXIT.usage, `--until ${text} is in the past`);
  return new Date(atMs).toISOString();
}

function durationMs(text: string): number {
  try {
    return parseDurationMs(text);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new CliError(EXIT.usage, `--until '${text}' is neither a time (2027-01-31T18:00:00Z) nor a duration (2h)`);
  }
}
