/**
 * Rules for names in a spec. Each answers what is wrong with a text, in words that follow the field's path, or undefined where nothing is.
 */

/** Longest name of a server in UTF-8 bytes. */
const MAX_NAME_BYTES = 128;

const CONTROL_CHARACTER = /\p{Cc}/u;
/** U+FDD0-FDEF, U+xxFFFE and U+xxFFFF: systemd takes no text with one of them. */
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;
const ACCOUNT_TEMPLATE = /\{NAME\}/g;
const LABEL_PART = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const LABEL_PREFIX = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;

/** A server's name: 1-128 bytes, no `/`, `~` or control characters, no leading `.`. */
export function serverNameProblem(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `must be at most ${MAX_NAME_BYTES} bytes long`;
  if (name.startsWith('.')) return 'must not begin with a dot';
  if (/[/~]/.test(name)) return "must not hold '/' or '~'";
  if (CONTROL_CHARACTER.test(name)) return 'must not hold control characters';
  if (!name.isWellFormed() || NONCHARACTER.test(name)) return 'must not hold code points that are no characters';
  return undefined;
}

/**
 * A Unix account by name or number, or a template of `{NAME}` (nothing else is known before the account is).
 *
 * @see systemd's docs/USER_NAMES.md: the relaxed rules, since NSS may serve names such as `dom+user@example`
 */
export function accountProblem(user: string): string | undefined {
  const plain = user.replaceAll(ACCOUNT_TEMPLATE, 'x');
  if (plain === '') return 'must not be empty';
  if (/[{}]/.test(plain)) return 'may use no template but {NAME}';
  if (plain === '.' || plain === '..' || plain.startsWith('-')) return 'is not the name of an account';
  if (/[:/\s]/.test(plain) || CONTROL_CHARACTER.test(plain)) {
    return "must not hold ':', '/', blanks or control characters";
  }
  return Buffer.byteLength(plain) > 256 ? 'must be at most 256 bytes long' : undefined;
}

/** The name of a profile or policy: a word as in file names. */
export function profileNameProblem(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name)
    ? undefined
    : 'must be 1-63 letters, digits, dashes and underscores, beginning with a letter or digit';
}

/** The key of a label or annotation, as Kubernetes has it: `team`, `example.org/team`. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== undefined && (prefix.length > 253 || !LABEL_PREFIX.test(prefix))) {
    return `has a prefix that is not a domain name in lower case`;
  }
  if (name.length > 63 || !LABEL_PART.test(name)) return `is not a key: ${LABEL_RULE}`;
  return undefined;
}

/** The value of a label, as Kubernetes has it; may be empty. */
export function labelValueProblem(value: string): string | undefined {
  return value === '' || (value.length <= 63 && LABEL_PART.test(value)) ? undefined : `must be ${LABEL_RULE}`;
}

const LABEL_RULE = 'at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends';
