/**
 * Rules for paths and programs. Each answers what is wrong with a text, or undefined where nothing is.
 *
 * They hold for a spec's text, in which templates are not expanded yet, and for the expanded text too.
 */

/** Templates that stand for an absolute path. */
const STARTS_ABSOLUTE = /^(?:\/|\{(?:HOME|RUNTIME_DIR|STATE_DIR)\}(?:\/|$))/;

/** systemd 252 writes these wrongly when it stores a transient unit, so that a later start by systemd fails. */
const UNSAFE_CHARACTERS = /[\s$%'"\\;#]/;

const MAX_PATH_BYTES = 4095;
const MAX_FILE_NAME_BYTES = 255;

/** An absolute path, or one that begins with `{HOME}`, `{RUNTIME_DIR}` or `{STATE_DIR}`. */
export function pathProblem(path: string): string | undefined {
  if (path === '~' || path.startsWith('~/')) return 'must be an absolute path: write {HOME} instead of ~';
  if (!STARTS_ABSOLUTE.test(path)) return 'must be an absolute path: begin it with / or {HOME}';
  if (path.split('/').some((part) => part === '..' || part === '.')) return "must not hold '.' or '..' as a part";
  return Buffer.byteLength(path) > MAX_PATH_BYTES ? `must be at most ${MAX_PATH_BYTES} bytes long` : undefined;
}

/** A path that becomes part of a unit's properties: without characters that systemd can't store. */
export function unitPathProblem(path: string): string | undefined {
  const unsafe = UNSAFE_CHARACTERS.exec(path)?.[0];
  if (unsafe !== undefined) {
    return `must not hold ${/\s/.test(unsafe) ? 'blanks' : unsafe}: systemd can't store such a path in a unit`;
  }
  return pathProblem(path);
}

/** A unit's path with systemd's optional prefix `-`: a path that is absent is then no error. */
export function optionalUnitPathProblem(path: string): string | undefined {
  return unitPathProblem(path.startsWith('-') ? path.slice(1) : path);
}

/** A directory for PATH. */
export function searchPathProblem(path: string): string | undefined {
  return path.includes(':') ? "must not hold ':', which parts the entries of PATH" : unitPathProblem(path);
}

/** The program of a command: an absolute path, or a bare name that systemd finds on the server's PATH. */
export function programProblem(program: string): string | undefined {
  if (program === '') return 'must not be empty';
  if (STARTS_ABSOLUTE.test(program)) return pathProblem(program);
  if (program.includes('/')) return 'must be an absolute path or a bare name, not a relative path';
  if (program === '.' || program === '..') return 'must be the name of a program';
  // Not to systemd on D-Bus, but where it stores a unit and reads it again with a daemon-reload, as root.
  if (/^[-@:+!|;]/.test(program)) return `must not begin with ${program[0]}, which means something else to systemd`;
  return Buffer.byteLength(program) > MAX_FILE_NAME_BYTES
    ? `must be at most ${MAX_FILE_NAME_BYTES} bytes long`
    : undefined;
}

/** The path and query of a request. */
export function requestPathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must begin with /';
  return /[\s#\p{Cc}]/u.test(path)
    ? "must not hold blanks, '#' or control characters: write them as %20, %23"
    : undefined;
}
