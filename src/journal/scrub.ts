/**
 * Log lines on their way to status files and terminals: secrets out, control characters out, cut to a bearable length.
 *
 * This catches what servers print by habit (Jupyter's `?token=`, authorization headers, JSON Web Tokens, passwords in
 * URLs). It cannot know a secret that looks like any other word: status files stay readable for the group alone.
 */

const HIDDEN = '[hidden]';
const MAX_LINE_LENGTH = 500;

/** Words after which a value is a secret; also as a part of a longer one, such as `JPY_API_TOKEN`. */
const SECRET_WORD = String.raw`[\w.-]{0,64}(?:token|secret|passw(?:or)?d|passwd|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential|cookie|_xsrf|signature)s?[\w.-]{0,64}`;
/** A bare or quoted value that is not hidden yet. It ends where a URL's parameter, a word or a quoted string ends. */
const VALUE = String.raw`(?!\[hidden\])(?:"(?:[^"\\]|\\.){1,4096}"?|'(?:[^'\\]|\\.){1,4096}'?|[^\s"'&,;)\]}<>]+)`;

const RULES: readonly (readonly [RegExp, string])[] = [
  // Authorization: Bearer x; Authorization: token x; Authorization: Basic x (also in JSON and Python's dicts).
  [
    /(\b(?:proxy-)?authorization["']?\s{0,8}[:=]\s{0,8}["']?)(?:(?:bearer|basic|digest|token|negotiate)\s{1,8})?[^\s"',;]+/gi,
    `$1${HIDDEN}`,
  ],
  // Cookie headers hold several values: all of the line goes.
  [/(\b(?:set-)?cookie["']?\s{0,8}:\s{0,8}).+/gi, `$1${HIDDEN}`],
  [/(\bbearer\s{1,8})[\w.~+/=-]{6,}/gi, `$1${HIDDEN}`],
  // A JSON Web Token: three parts, the first an encoded `{"`.
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, HIDDEN],
  // https://user:password@host
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,256}:)[^\s/@]{1,1024}(?=@)/gi, `$1${HIDDEN}`],
  // token=x, "api_key": "x", --password=x, password: x
  [new RegExp(`(\\b${SECRET_WORD}["']?\\s{0,8}(?:=>|:=|=|:)\\s{0,8})${VALUE}`, 'gi'), `$1${HIDDEN}`],
  // --password x, "generated token 0123abcd...": a word of its own, then something long or an option's value.
  [new RegExp(`(--${SECRET_WORD}\\s{1,8})${VALUE}`, 'gi'), `$1${HIDDEN}`],
  [/(\b(?:key|token|secret|passw(?:or)?d)s?\b[^\w\n]{1,4}(?:is\s)?)[\w+/=-]{16,}/gi, `$1${HIDDEN}`],
  // What is left of long hexadecimal (a token of 16 bytes or more), wherever it stands in a URL's query.
  [/([?&][\w.-]{1,64}=)[0-9a-f]{32,}/gi, `$1${HIDDEN}`],
];

/** One line without secrets, colours and control characters; at most 500 characters, ending in `…` where it was longer. */
export function scrubLine(line: string): string {
  // Cut first, so that no rule ever works on megabytes; a secret that the cut goes through is still found by its beginning.
  const plain = stripControls(line.slice(0, 4 * MAX_LINE_LENGTH));
  const clean = RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), plain);
  return clean.length > MAX_LINE_LENGTH || line.length > 4 * MAX_LINE_LENGTH
    ? `${clean.slice(0, MAX_LINE_LENGTH - 1)}…`
    : clean;
}

const ESCAPE = '\u001b';
/** Colours and cursor movements (CSI), and titles and links (OSC). */
const TERMINAL_SEQUENCE = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\u0007${ESCAPE}]{0,256}(?:\u0007|${ESCAPE}\\\\)?|[@-Z\\\\-_])`,
  'g',
);
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** Removed before secrets are looked for, because a colour in the middle of one would hide it from the patterns. */
function stripControls(text: string): string {
  return text.replace(TERMINAL_SEQUENCE, '').replace(CONTROL, ' ').trimEnd();
}
