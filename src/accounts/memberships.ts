import type { Clock } from '../clock.ts';
import { type CommandResult, type CommandRunner, createCommandRunner } from '../command.ts';
import type { NssAnswer } from './types.ts';

/** The gids of the groups that an account belongs to, its primary one among them. Answers are kept for 60 s. */
export interface Memberships {
  /** A kept answer, at once; undefined where it must be looked up. `account`: a name as NSS spells it. */
  cached(account: string): NssAnswer<readonly number[]> | undefined;
  /** Never rejects; asked twice at the same time, one process answers. */
  lookup(account: string): Promise<NssAnswer<readonly number[]>>;
}

export interface MembershipsOptions {
  readonly clock: Clock;
  /** The program; by default `id`, from PATH. */
  readonly program?: string;
}

const KEPT_MS = { found: 60_000, missing: 10_000, unknown: 5_000 } as const;
const LIMITS = { concurrency: 4, timeoutMs: 5_000, maxOutputBytes: 1024 * 1024 } as const;

/**
 * Memberships from NSS through `id -G`, one process an account: the group database alone doesn't tell them, since a
 * directory may know an account's groups without listing their members.
 *
 * @see id(1), getgrouplist(3)
 */
export function createMemberships({ clock, program = 'id' }: MembershipsOptions): Memberships {
  const runner = createCommandRunner(clock, LIMITS);
  const kept = new Map<string, { readonly answer: NssAnswer<readonly number[]>; readonly untilMs: number }>();
  const asked = new Map<string, Promise<NssAnswer<readonly number[]>>>();

  const cached = (account: string) => {
    const one = kept.get(account);
    if (one === undefined || one.untilMs > clock.monotonicMs()) return one?.answer;
    kept.delete(account);
    return undefined;
  };
  const ask = async (account: string) => {
    const answer = await askId(account, runner, program);
    kept.set(account, { answer, untilMs: clock.monotonicMs() + KEPT_MS[answer.kind] });
    asked.delete(account);
    return answer;
  };
  return {
    cached,
    lookup(account) {
      const known = cached(account);
      if (known !== undefined) return Promise.resolve(known);
      const under = asked.get(account) ?? ask(account);
      asked.set(account, under);
      return under;
    },
  };
}

async function askId(account: string, runner: CommandRunner, program: string): Promise<NssAnswer<readonly number[]>> {
  const result = await runner.run(program, ['-G', '--', account]);
  const gids = gidsIn(result);
  if (gids !== undefined) return { kind: 'found', entry: gids };
  const why = result.kind === 'failed' ? result.message : `${program} ended with ${result.code}`;
  return { kind: 'unknown', message: `the groups of ${account} could not be looked up: ${why}` };
}

/** Undefined where it is no list of numbers: half an answer must not let anybody in or out. */
function gidsIn(result: CommandResult): readonly number[] | undefined {
  if (result.kind === 'failed' || result.code !== 0) return undefined;
  const words = result.stdout.trim().split(/\s+/);
  return words.every((word) => /^\d+$/.test(word)) ? words.map(Number) : undefined;
}
