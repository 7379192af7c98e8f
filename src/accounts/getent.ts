import type { CommandResult, CommandRunner } from '../command.ts';
import { type AccountKey, answersTo, parsePasswd } from './passwd.ts';
import type { AccountAnswer } from './types.ts';

/** Names given to one getent: a few kilobytes of arguments. */
const CHUNK_SIZE = 100;
/** All keys were found; some were not. @see getent(1) */
const FOUND = 0;
const SOME_MISSING = 2;

/** What can be asked. */
export type AskableKey = Exclude<AccountKey, { kind: 'impossible' }>;
export type Asked = ReadonlyMap<string, AskableKey>;

/**
 * Asks NSS for accounts through `getent passwd`, 100 to a process. Answers for every key; never rejects.
 *
 * A process and not a library call, because NSS modules (LDAP, SSSD, NIS) may hang, and then only getent hangs.
 * @param asked by the text that was asked for
 */
export async function askNss(
  asked: Asked,
  runner: CommandRunner,
  program: string,
): Promise<ReadonlyMap<string, AccountAnswer>> {
  const all = [...asked];
  const chunks = Array.from({ length: Math.ceil(all.length / CHUNK_SIZE) }, (_, n) =>
    all.slice(n * CHUNK_SIZE, (n + 1) * CHUNK_SIZE),
  );
  const answers = await Promise.all(chunks.map((chunk) => askChunk(chunk, runner, program)));
  return new Map(answers.flat());
}

type Chunk = readonly (readonly [text: string, key: AskableKey])[];
type Answers = readonly (readonly [text: string, answer: AccountAnswer])[];

async function askChunk(chunk: Chunk, runner: CommandRunner, program: string): Promise<Answers> {
  const result = await runner.run(program, ['passwd', '--', ...chunk.map(([text]) => text)]);
  const lines = readAnswer(result, program);
  if (typeof lines === 'string') return chunk.map(([text]) => [text, { kind: 'unknown', message: lines }]);
  const answers: Answers = chunk.map(([text, key]) => {
    const account = lines.find((line) => answersTo(line, key)) ?? renamed(chunk, key, lines);
    return [text, account === undefined ? { kind: 'missing' } : { kind: 'found', account }];
  });
  const strangers = lines.filter((line) => !chunk.some(([, key]) => answersTo(line, key)));
  if (strangers.length === 0 || chunk.length === 1) return answers;
  // A directory may answer to a name with another spelling of it, and a line doesn't say which name it answers: ask for
  // those without an answer one by one.
  const again = await Promise.all(
    answers.map(async ([text, answer], index): Promise<Answers> => {
      const entry = chunk[index];
      if (answer.kind !== 'missing' || entry === undefined || entry[1].kind !== 'name') return [[text, answer]];
      return askChunk([entry], runner, program);
    }),
  );
  return again.flat();
}

/** Asked for one name alone, the one line is its answer however the directory spells it (`Alice` -> `alice@example.org`). A uid must be equal. */
function renamed(
  chunk: Chunk,
  key: AccountKey,
  lines: ReturnType<typeof parsePasswd>,
): (typeof lines)[number] | undefined {
  return chunk.length === 1 && key.kind === 'name' && lines.length === 1 ? lines[0] : undefined;
}

/** The accounts that were printed, or why nothing is known. */
function readAnswer(result: CommandResult, program: string): ReturnType<typeof parsePasswd> | string {
  if (result.kind === 'failed') return `accounts could not be looked up: ${result.message}`;
  if (result.code === FOUND || result.code === SOME_MISSING) return parsePasswd(result.stdout);
  return `accounts could not be looked up: ${program} ended with ${result.code}: ${result.stderr.trim().slice(0, 300)}`;
}
