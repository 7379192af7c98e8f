/** Texts of at most 64 KiB that are small to write and would be large, or long, to read. */

const MAX_BYTES = 64 * 1024;

/** What becomes of a spec's text; the name says what is to blow up. */
export type Bomb = (text: string) => string;

function fill(piece: string, head = '', tail = ''): string {
  const room = MAX_BYTES - Buffer.byteLength(head) - Buffer.byteLength(tail);
  return head + piece.repeat(Math.max(0, Math.floor(room / Buffer.byteLength(piece)))) + tail;
}

/** The text with a field of `spec` in place of the line that begins so, or at its end. */
function withField(text: string, line: string): string {
  const name = line.slice(0, line.indexOf(':') + 1);
  const kept = text.split('\n').filter((one) => !one.startsWith(name));
  return `${kept.join('\n').trimEnd()}\n${line}\n`;
}

const PIECES = [
  ...[
    '[',
    '{',
    ']',
    '}',
    '- ',
    '? ',
    '{a: ',
    '&a ',
    '*a ',
    '! ',
    '"',
    "'",
    '|\n',
    ': ',
    '%a\n',
    '---\n',
    '[{',
    '\t',
    '- - ',
  ],
  ...[
    '{\n',
    '|2\n',
    '? - ',
    '[,',
    '# \n',
    '\n',
    '!<a> ',
    "'' ",
    '{}: ',
    'a: &a\n',
    'a: b\n',
    '<<: ',
    'é: \n',
    '\\',
    '\r',
    'a:\n',
  ],
];

const repeated: readonly Bomb[] = PIECES.flatMap((piece): Bomb[] => [
  () => fill(piece),
  () => fill(piece, 'a: '),
  (text) => fill(piece, `${text.trimEnd()}\n  environment: `),
]);

const made: readonly Bomb[] = [
  function laughs(text) {
    const lines = Array.from({ length: 30 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1}, `.repeat(9)}x]`);
    return `${text}a-1: &a-1 x\n${lines.join('\n')}\n`;
  },
  function fewWideAliases(text) {
    return `${text}\nx: &x [${'1,'.repeat(20_000)}]\ny: [${'*x,'.repeat(30)}]\n`;
  },
  function recursion(text) {
    return `${text}\nx: &x {x: *x}\n`;
  },
  function indentation(text) {
    return text + Array.from({ length: 350 }, (_, at) => `${' '.repeat(at)}a:`).join('\n');
  },
  (text) => withField(text, `  environment: {${Array.from({ length: 6_000 }, (_, at) => `V${at}: ""`).join()}}`),
  (text) => withField(text, `  environment: {${Array.from({ length: 6_000 }, (_, at) => `"-${at}": `).join()}}`),
  (text) => withField(text, `  ${'k'.repeat(60_000)}: 1`),
  (text) => withField(text, `  ? ${'k'.repeat(60_000)}\n  : 1`),
  (text) => text + Array.from({ length: 5_000 }, (_, at) => `  comand${at}: 1`).join('\n'),
  (text) => withField(text, `  supplementaryGroups: [${'[],'.repeat(18_000)}]`),
  (text) => withField(text, `  sandbox: {capabilities: [${'q,'.repeat(28_000)}]}`),
  (text) => withField(text, `  sandbox: {capabilities: [${'CAP_NET_RAV,'.repeat(4_500)}]}`),
  (text) => withField(text, `  sandbox: {systemCallFilter: [${'"@netvork-i",'.repeat(4_000)}]}`),
  (text) => withField(text, `  sandbox: {ipAddressAllow: ["${'1:'.repeat(25_000)}"]}`),
  (text) => withField(text, `  resources: {cpu: {cpus: "${'0-8191,'.repeat(8_000)}0"}}`),
  (text) => withField(text, `  resources: {memory: {limit: "${'1'.repeat(50_000)}"}}`),
  (text) => withField(text, `  unitProperties: {AllowedCPUs: "${'0-8191 '.repeat(8_000)}"}`),
  (text) => withField(text, `  unitProperties: {CPUAffinity: "${'0-8191 '.repeat(8_000)}"}`),
  (text) => withField(text, `  port: ${'9'.repeat(60_000)}`),
  (text) => withField(text, `  user: "${'{NAME}'.repeat(9_000)}"`),
  (text) => withField(text, `  workingDirectory: "/${'a/'.repeat(28_000)}"`),
  ...['0-999999999 * * * *', '99999999-1 * * * *', `${'0-59,'.repeat(5_000)}0 ${'0-23,'.repeat(5_000)}0 * * *`].map(
    (cron): Bomb =>
      (text) =>
        withField(text, `  schedule: {windows: [{start: "${cron}", stop: "* * * * *"}]}`),
  ),
];

/** All of them. */
export const bombs: readonly Bomb[] = [...repeated, ...made];
