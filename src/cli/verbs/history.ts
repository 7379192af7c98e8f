import { parseSpec } from '../../spec/parse.ts';
import type { Revision } from '../../store/revisionFile.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { deletionWords, loadRevisions, type ServerRevisions } from '../keptRevisions.ts';
import { toJson } from '../output.ts';
import { compareSpecs, type SpecChange } from '../specChange.ts';
import { readSpecText } from '../specFiles.ts';
import { printable, renderTable } from '../table.ts';

const HEADER = ['REVISION', 'ACCEPTED', 'CHANGED', 'SOURCE'];
/** Paths in one row of the table. */
const MOST_PATHS = 6;

interface Step {
  readonly revision: Revision;
  /** Since the one before; undefined: that is not kept. */
  readonly changes: readonly SpecChange[] | undefined;
  /** An earlier one that says the same, and is not the one before. */
  readonly sameAs: number | undefined;
}

/** `hublet history`: the specs of a server that were accepted, oldest first, and what changed with each: fields, no secret values. */
export async function runHistory(context: Context, name: string, format: 'table' | 'json'): Promise<number> {
  const config = await context.config();
  const kept = loadRevisions(context, config, name);
  if (kept === undefined) return EXIT.notFound;
  const steps = stepsOf(kept.revisions);
  if (format === 'json') printJson(context, name, kept, steps);
  else if (steps.length > 0)
    context.print(renderTable([HEADER.map((title) => context.style.bold(title)), ...steps.map(rowOf)]));
  if (steps.length === 0) context.warn(`${name}: no revisions are kept: its file was not accepted yet`);
  else tellOfPresent(context, name, kept);
  return EXIT.ok;
}

function stepsOf(revisions: readonly Revision[]): readonly Step[] {
  return revisions.map((revision, at) => {
    const before = revisions[at - 1];
    const earlier = revisions.slice(0, Math.max(0, at - 1)).findLast((one) => one.canonical === revision.canonical);
    return {
      revision,
      changes: before === undefined ? undefined : compareSpecs(before.canonical, revision.canonical),
      sameAs: earlier?.generation,
    };
  });
}

function rowOf({ revision, changes, sameAs }: Step): string[] {
  return [
    String(revision.generation),
    revision.at.replace(/\.[0-9]+Z$/, 'Z'),
    printable(`${sameAs === undefined ? '' : `as ${sameAs} was: `}${changeWords(changes, revision.generation)}`),
    printable(revision.source),
  ];
}

function changeWords(changes: readonly SpecChange[] | undefined, generation: number): string {
  if (changes === undefined) return generation === 1 ? 'first' : 'what was before is not kept';
  if (changes.length === 0) return 'nothing, written anew';
  const words = changes.slice(0, MOST_PATHS).map(({ path, kind }) => (kind === 'changed' ? path : `${path} ${kind}`));
  return [...words, ...(changes.length > MOST_PATHS ? [`${changes.length - MOST_PATHS} more`] : [])].join(', ');
}

/** What the list does not show by itself. */
function tellOfPresent(context: Context, name: string, { file, revisions, deletedMs }: ServerRevisions): void {
  if (file === undefined) {
    const words = deletedMs === undefined ? 'has no file now' : deletionWords(deletedMs, context);
    context.warn(`${name} ${words}: 'hublet rollback ${name}' writes its file again`);
    return;
  }
  const parsed = parseSpec(readSpecText(file.path), name);
  if (parsed.kind === 'valid' && parsed.canonical === revisions.at(-1)?.canonical) return;
  const why = parsed.kind === 'valid' ? 'has not been taken yet' : 'is no valid spec';
  context.warn(`${file.path} as it is now ${why}, so it is not in the list: 'hublet describe ${name}' says more`);
}

function printJson(context: Context, name: string, kept: ServerRevisions, steps: readonly Step[]): void {
  const revisions = steps.map(({ revision: { generation, at, source }, changes, sameAs }) => ({
    revision: generation,
    at,
    source,
    sameAs: sameAs ?? null,
    changes: changes?.map(({ path, kind }) => ({ path, kind })) ?? null,
  }));
  const deletedAt = kept.deletedMs === undefined ? null : new Date(kept.deletedMs).toISOString();
  context.print(toJson({ name, deletedAt, damaged: kept.damaged, revisions }));
}
