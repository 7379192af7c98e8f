import type { CommandResult } from '../command.ts';

export interface Unknown {
  readonly kind: 'unknown';
  /** Why nothing is known, in one line. */
  readonly message: string;
}

export interface Limits {
  readonly kind: 'known';
  readonly controllers: readonly string[];
  /** Undefined: as many as one likes. */
  readonly filesMax: number | undefined;
  /** The lowest nice level and OOM score that a unit was given which asked for the very lowest. */
  readonly niceMin: number;
  readonly oomScoreAdjustMin: number;
}

/** What a unit told of its limits: the most open files, its nice level, its OOM score, then the controllers of its cgroup. */
export function readLimits(result: CommandResult): Limits | Unknown {
  if (result.kind === 'failed' || result.code !== 0) return unknown(result);
  const [files = '', nice = '', oomScoreAdjust = '', controllers] = result.stdout.trimEnd().split('\n');
  const isWhole = /^(\d+|unlimited)$/.test(files) && [nice, oomScoreAdjust].every((text) => /^-?\d+$/.test(text));
  if (!isWhole) return unknown(result);
  return {
    kind: 'known',
    // Without any controller the last line is empty and was trimmed away.
    controllers: (controllers ?? '').split(' ').filter((name) => name !== ''),
    filesMax: files === 'unlimited' ? undefined : Number(files),
    niceMin: Number(nice),
    oomScoreAdjustMin: Number(oomScoreAdjust),
  };
}

export type Namespaces =
  | { readonly kind: 'known' /** Undefined: they work. */; readonly problem: string | undefined }
  | Unknown;

const HOST_FORBIDS =
  'this host lets users make no namespaces (look at the sysctls user.max_user_namespaces, kernel.unprivileged_userns_clone and ' +
  'kernel.apparmor_restrict_unprivileged_userns)';

/** systemd.exec(5), "Process Exit Codes": 217/USER where the user namespace, 226/NAMESPACE where a mount in it could not be made. */
const FORBIDDEN_CODES: readonly number[] = [217, 226];

/** Whether a unit with a sandbox had it. */
export function judgeNamespaces(result: CommandResult): Namespaces {
  if (result.kind === 'failed') return unknown(result);
  if (FORBIDDEN_CODES.includes(result.code)) return { kind: 'known', problem: HOST_FORBIDS };
  const word = result.stdout.trim();
  if (result.code === 0 && word === 'works') return { kind: 'known', problem: undefined };
  if (result.code === 0 && word === 'ignored')
    return {
      kind: 'known',
      problem: `your user manager takes sandboxing and leaves it undone; perhaps ${HOST_FORBIDS}`,
    };
  return unknown(result);
}

function unknown(result: CommandResult): Unknown {
  if (result.kind === 'failed') return { kind: 'unknown', message: result.message };
  const said = (result.stderr.trim() || result.stdout.trim()).replaceAll('\n', '; ').slice(0, 300);
  return { kind: 'unknown', message: `systemd-run --user ended with ${result.code}${said === '' ? '' : `: ${said}`}` };
}
