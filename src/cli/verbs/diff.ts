import type { Config } from '../../config/types.ts';
import { positionOf } from '../../reconciler/plan.ts';
import { readBootId } from '../../store/boot.ts';
import { readReleased } from '../../store/released.ts';
import type { UnitState } from '../../systemd/port.ts';
import { unitName } from '../../units/name.ts';
import type { Context } from '../context.ts';
import { compareServer } from '../diff/compare.ts';
import { readLiveState } from '../diff/live.ts';
import { type KnownInstance, planServers, readKnownInstance, type WantedServer } from '../diff/planning.ts';
import { differencesDocument, renderDifferences, type ServerDifference } from '../diff/report.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { readSpecName, toJson } from '../output.ts';
import { listSpecFiles, readSpecText, requireName } from '../specFiles.ts';
import { readInputs } from '../specInputs.ts';
import { checkSpec } from '../specText.ts';

export interface DiffOptions {
  /** None: all servers, those that only run among them. */
  readonly names: readonly string[];
  /** Spec files to compare instead of the source's. */
  readonly files: readonly string[];
  readonly format: 'text' | 'json';
}

/** What is asked for, and whether something of it could not be judged. */
interface Wanted {
  readonly servers: readonly WantedServer[];
  /** Names of those whose file is there, right or wrong. */
  readonly known: ReadonlySet<string>;
  readonly exitCode: number;
}

/**
 * `hublet diff`: what the controller would change: specs, under the profiles of the configuration, against what systemd runs.
 *
 * Exit code 0: nothing; 1: something; more: an error, and then what is printed may not be all.
 */
export async function runDiff(context: Context, { names, files, format }: DiffOptions): Promise<number> {
  for (const name of names) requireName(name);
  if (names.length > 0 && files.length > 0) throw new CliError(EXIT.usage, 'give names or files, not both');
  const config = await context.config();
  const wanted = files.length > 0 ? await readGiven(context, config, files) : readSources(context, config, names);
  const instance = readKnownInstance(config);
  const live = await readLiveState(context, config);
  const { units } = live;
  const admissions = await planServers(context, config, instance, live, wanted.servers);
  const found: ServerDifference[] = [];
  for (const { name, path, spec } of wanted.servers) {
    const admission = admissions.get(name);
    if (admission === undefined) continue;
    const unit = units.get(unitName(name));
    const isHashComparable = instance.instance !== undefined;
    const difference = compareServer(context, config, { name, path, spec, admission, unit, isHashComparable });
    if (difference !== undefined) found.push(difference);
  }
  const isAll = files.length === 0;
  const left = readLeft(config);
  const orphans = isAll
    ? findOrphans(units, wanted.known, instance).filter(({ name }) => isChosen(name, names) && !left.has(name))
    : [];
  const unknown = names.filter((name) => !wanted.known.has(name) && !orphans.some((one) => one.name === name));
  for (const name of unknown) context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
  const all = [...found, ...orphans].sort((a, b) => (a.name < b.name ? -1 : 1));
  context.print(format === 'json' ? toJson(differencesDocument(all)) : renderDifferences(all, context.style));
  if (unknown.length > 0) return EXIT.notFound;
  if (wanted.exitCode !== EXIT.ok) return wanted.exitCode;
  return all.length > 0 ? EXIT.failure : EXIT.ok;
}

/** The files of the sources; what is wrong with one is told, and the others are compared all the same. */
function readSources(context: Context, config: Config, names: readonly string[]): Wanted {
  const { files, missing } = listSpecFiles(config);
  for (const path of missing) context.warn(`${path}: no such directory, so nothing that runs from it would be stopped`);
  const chosen = files.filter(({ name }) => isChosen(name, names));
  return judge(
    context,
    config,
    chosen.map(({ name, path }) => ({ name, path, read: () => readSpecText(path) })),
  );
}

async function readGiven(context: Context, config: Config, files: readonly string[]): Promise<Wanted> {
  const inputs = await readInputs(context, files);
  return judge(
    context,
    config,
    inputs.map(({ label, text, stem }) => ({ name: readSpecName(text) ?? stem, path: label, read: () => text })),
  );
}

interface SpecText {
  readonly name: string;
  readonly path: string;
  /** @throws {CliError} where it is no text, or no file */
  read(): string;
}

function judge(context: Context, config: Config, texts: readonly SpecText[]): Wanted {
  const servers: WantedServer[] = [];
  let exitCode: number = EXIT.ok;
  const refuse = (lines: readonly string[]): void => {
    exitCode = EXIT.invalid;
    for (const line of lines) context.warn(line);
  };
  for (const { name, path, read } of texts) {
    try {
      const checked = checkSpec(read(), name, path, config);
      if (checked.kind === 'valid') servers.push({ name, path, spec: checked.spec });
      else refuse(checked.lines);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      refuse([error.message]);
    }
  }
  return { servers, known: new Set(texts.map(({ name }) => name)), exitCode };
}

/** Names of servers that run on without hublet, which nobody will stop; none where they may not be read. */
function readLeft({ stateDirectory }: Config): ReadonlySet<string> {
  try {
    return readReleased(stateDirectory, readBootId());
  } catch (error) {
    if (errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM') return new Set();
    throw error;
  }
}

/** Units of ours that run and that no file asks for. */
function findOrphans(
  units: ReadonlyMap<string, UnitState>,
  known: ReadonlySet<string>,
  { instance }: KnownInstance,
): ServerDifference[] {
  return [...units.values()].flatMap((unit) => {
    const { marks } = unit;
    if (marks === null || marks === undefined || known.has(marks.server)) return [];
    const isOurs = instance === undefined || marks.instance === instance.id;
    const isDown = positionOf(unit) === 'absent' || positionOf(unit) === 'failed';
    return isOurs && !isDown ? [{ kind: 'stop' as const, name: marks.server, reason: 'no spec asks for it' }] : [];
  });
}

function isChosen(name: string, names: readonly string[]): boolean {
  return names.length === 0 || names.includes(name);
}
