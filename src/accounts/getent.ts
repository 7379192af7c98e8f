import type { CommandResult, CommandRunner } from '../command.ts';
import { answersTo, type NssDatabase, type NssEntry, parseEntries } from './database.ts';
import type { NssKey } from './key.ts';
import type { NssAnswer } from './types.ts';

/** Names given to one getent: a few kilobytes of arguments. */
const CHUNK_SIZE = 100;
/** All keys were found; some were not. @see getent(1) */
const FOUND = 0;
const SOME_MISSING = 2;

/** What can be asked. */
export type AskableKey = Exclude<NssKey, { kind: 'impossible' }>;
export type Asked = ReadonlyMap<string, AskableKey>;

/**
 * Asks NSS through `getent passwd` or `getent group`, 100 names to a process. Answers for every key; never rejects.
 *
 * A process and not a library call, because NSS modules (LDAP, SSSD, NIS) may hang, and then only getent hangs.
 * @param asked by the text that was asked for
 */
export async function askNss<Entry extends NssEntry>(
  asked: Asked,
  database: NssDatabase<Entry>,
  runner: CommandRunner,
  program: string,
): Promise<ReadonlyMap<string, NssAnswer<Entry>>> {
  const all = [...asked];
  const chunks = Array.from({ length: Math.ceil(all.length / CHUNK_SIZE) }, (_, n) =>
    all.slice(n * CHUNK_SIZE, (n + 1) * CHUNK_SIZE),
  );
  const answers = await Promise.all(chunks.map((chunk) => askChunk(chunk, database, runner, program)));
  return new Map(answers.flat());
}

type Chunk = readonly (readonly [text: string, key: AskableKey])[];
type Answers<Entry> = readonly (readonly [text: string, answer: NssAnswer<Entry>])[];

async function askChunk<Entry extends NssEntry>(
  chunk: Chunk,
  database: NssDatabase<Entry>,
  runner: CommandRunner,
  program: string,
): Promise<Answers<Entry>> {
  const result = await runner.run(program, [database.name, '--', ...chunk.map(([text]) => text)]);
  const lines = readAnswer(result, database, program);
  if (typeof lines === 'string') return chunk.map(([text]) => [text, { kind: 'unknown', message: lines }]);
  const answers: Answers<Entry> = chunk.map(([text, key]) => {
    const entry = lines.find((line) => answersTo(line, key, database)) ?? renamed(chunk, key, lines);
    return [text, entry === undefined ? { kind: 'missing' } : { kind: 'found', entry }];
  });
  const strangers = lines.filter((line) => !chunk.some(([, key]) => answersTo(line, key, database)));
  if (strangers.length === 0 || chunk.length === 1) return answers;
  // A directory may answer to a name with another spelling of it, and a line doesn't say which name it answers: ask for
  // those without an answer one by one.
  const again = await Promise.all(
    answers.map(async ([text, answer], index): Promise<Answers<Entry>> => {
      const one = chunk[index];
      if (answer.kind !== 'missing' || one === undefined || one[1].kind !== 'name') return [[text, answer]];
      return askChunk([one], database, runner, program);
    }),
  );
  return again.flat();
}

/** Asked for one name alone, the one line is its answer however the directory spells it (`Alice` -> `alice@example.org`). A number must be equal. */
function renamed<Entry>(chunk: Chunk, key: NssKey, lines: readonly Entry[]): Entry | undefined {
  return chunk.length === 1 && key.kind === 'name' && lines.length === 1 ? lines[0] : undefined;
}

/** The entries that were printed, or why nothing is known. */
function readAnswer<Entry extends NssEntry>(
  result: CommandResult,
  database: NssDatabase<Entry>,
  program: string,
): readonly Entry[] | string {
  const failure = `${database.words} could not be looked up`;
  if (result.kind === 'failed') return `${failure}: ${result.message}`;
  if (result.code === FOUND || result.code === SOME_MISSING) return parseEntries(result.stdout, database);
  return `${failure}: ${program} ended with ${result.code}: ${result.stderr.trim().slice(0, 300)}`;
}
