import { dirname, join, resolve } from 'node:path';
import { ADMIN_POLICY, policyProblems } from '../../admission/policy.ts';
import type { Config } from '../../config/types.ts';
import { parseSpec } from '../../spec/parse.ts';
import type { Revision } from '../../store/revisionFile.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { loadRevisions, type ServerRevisions } from '../keptRevisions.ts';
import { compareSpecs, type SpecChange } from '../specChange.ts';
import { backupPath, keepBackup, newSpecPath, readSpecText, writeSpecText } from '../specFiles.ts';
import { requireValid } from '../specText.ts';
import { essenceOf, keepWishes } from '../specWishes.ts';
import { printable } from '../table.ts';

export interface RollbackOptions {
  readonly name: string;
  /** Number of a revision; undefined: the newest that says something else than the file does now. */
  readonly to: number | undefined;
  readonly isDryRun: boolean;
}

/** What counts now, as far as it is known. */
interface Present {
  /** Undefined: there is no file. */
  readonly text: string | undefined;
  /** Of the file, or where it is no valid spec of the newest revision. Undefined: there is no file. */
  readonly canonical: string | undefined;
  readonly isValid: boolean;
}

/**
 * `hublet rollback`: writes the text of an earlier revision into the source, where it is taken as a new one.
 *
 * What `restart`, `suspend` and `resume` wrote stays as it is now. Without a file it is written where it was. What the file says and
 * no revision has is kept beside it, as an editor would.
 */
export async function runRollback(context: Context, { name, to, isDryRun }: RollbackOptions): Promise<number> {
  const config = await context.config();
  const kept = loadRevisions(context, config, name);
  if (kept === undefined) return EXIT.notFound;
  const present = readPresent(kept, name);
  const target = chooseRevision(kept, present, name, to);
  const path = kept.file?.path ?? pathOf(kept, config, name);
  const text =
    present.canonical === undefined ? target.text : keepWishes(target.text, target.canonical, present.canonical);
  const wanted = text.endsWith('\n') ? text : `${text}\n`;
  const changes = requireAllowed(context, wanted, { name, path, config }, present);
  const words = `revision ${target.generation}`;
  if (present.text === wanted) {
    context.print(`${name} is as ${words} already\n`);
    return EXIT.ok;
  }
  const backup = isKept(kept, present) ? undefined : backupPath(path);
  if (isDryRun) {
    const lines = changes.map(changeLine);
    context.print(
      `${name} would be rolled back to ${words}: ${lines.length === 0 ? `${summary(changes, present)}\n` : `\n${lines.join('')}`}`,
    );
    if (backup !== undefined) context.warn(`${path} is no revision: it would be kept as ${backup}`);
    return EXIT.ok;
  }
  write(path, wanted, backup !== undefined);
  context.print(`${name} rolled back to ${words}: ${summary(changes, present)}\n`);
  if (backup !== undefined) context.warn(`${path} was no revision: it is kept as ${backup}`);
  return EXIT.ok;
}

/** Whether what the file says now can be had again: as it was never accepted, or its comments are newer, no revision may have it. */
function isKept({ file, revisions }: ServerRevisions, present: Present): boolean {
  return file === undefined || revisions.some(({ text }) => text === present.text);
}

function readPresent({ file, revisions }: ServerRevisions, name: string): Present {
  if (file === undefined) return { text: undefined, canonical: undefined, isValid: false };
  const text = textOf(file.path);
  const parsed = text === undefined ? undefined : parseSpec(text, name);
  if (parsed?.kind === 'valid') return { text, canonical: parsed.canonical, isValid: true };
  return { text, canonical: revisions.at(-1)?.canonical, isValid: false };
}

/** Undefined where what lies there is no text at all: it is replaced. */
function textOf(path: string): string | undefined {
  try {
    return readSpecText(path);
  } catch (error) {
    if (error instanceof CliError || errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws {CliError} notFound, where the one asked for is not kept; refused, where there is none to go back to */
function chooseRevision(
  { revisions }: ServerRevisions,
  present: Present,
  name: string,
  to: number | undefined,
): Revision {
  if (to !== undefined) {
    const asked = revisions.find(({ generation }) => generation === to);
    if (asked !== undefined) return asked;
    throw new CliError(
      EXIT.notFound,
      `revision ${to} of ${name} is not kept: 'hublet history ${name}' lists those that are`,
    );
  }
  const now = present.isValid && present.canonical !== undefined ? essenceOf(present.canonical) : undefined;
  const other = revisions.findLast(({ canonical }) => essenceOf(canonical) !== now);
  if (other !== undefined) return other;
  throw new CliError(
    EXIT.refused,
    `${name} has no earlier revision to go back to: 'hublet history ${name}' lists what is kept`,
  );
}

/** The directory it last came from, if that still is a source. */
function pathOf({ revisions }: ServerRevisions, config: Config, name: string): string {
  const last = revisions.at(-1)?.source;
  const source = config.sources.find(({ path }) => path === last);
  return source === undefined ? newSpecPath(config, name) : join(resolve(source.path), `${name}.yaml`);
}

/** Judges the text as the controller will, and says what it changes. @throws {CliError} invalid or denied */
function requireAllowed(
  context: Context,
  text: string,
  { name, path, config }: { readonly name: string; readonly path: string; readonly config: Config },
  present: Present,
): readonly SpecChange[] {
  const { document, spec, profile } = requireValid(text, name, path, config);
  const source = config.sources.find((one) => resolve(one.path) === dirname(path));
  const policy = source?.policy ?? ADMIN_POLICY;
  const problems = policyProblems(document, spec, profile, policy, undefined);
  if (problems.length > 0) {
    throw new CliError(EXIT.denied, problems.map((problem) => `${path}: policy ${policy.name}: ${problem}`).join('\n'));
  }
  if (present.text !== undefined && !present.isValid) {
    context.warn(`${path} is no valid spec now, so the changes are against its newest revision`);
  }
  const parsed = parseSpec(text, name);
  return parsed.kind === 'valid' && present.canonical !== undefined
    ? compareSpecs(present.canonical, parsed.canonical)
    : [];
}

function changeLine({ path, kind, before, after }: SpecChange): string {
  const values = [before, after].filter((value) => value !== undefined);
  return `   ${printable(path)}: ${values.length === 0 || kind !== 'changed' ? [kind, ...values].join(' ') : values.map(printable).join(' -> ')}\n`;
}

function summary(changes: readonly SpecChange[], present: Present): string {
  if (present.canonical === undefined) return 'its file is there again';
  if (changes.length === 0) return 'comments and layout only';
  return changes.map(({ path }) => printable(path)).join(', ');
}

/** @throws {CliError} refused, where the source can't be written */
function write(path: string, text: string, isBackedUp: boolean): void {
  try {
    if (isBackedUp) keepBackup(path);
    writeSpecText(path, text);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || !['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(code)) throw error;
    const advice = code === 'ENOENT' ? 'it is not there: mount or make it' : 'make it writable';
    throw new CliError(EXIT.refused, `${dirname(path)}: the source can't be written (${code}): ${advice}`, {
      cause: error,
    });
  }
}
