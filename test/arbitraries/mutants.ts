/**
 * Damaged and hostile texts of specs: what editors, disks, scripts and enemies leave where a spec was. Pure: the same dice
 * give the same mutants.
 */
import { bombs } from './bombs.ts';

/** Where the chances come from; `test/machine/dice.ts` has seeded ones. */
export interface Chances {
  below(count: number): number;
  pick<T>(from: readonly T[]): T;
}

/** One damaged text. */
export interface Mutant {
  /** How it was made, for messages. */
  readonly how: string;
  readonly bytes: Buffer;
}

/** A text with one to three kinds of damage, or something else in its place. */
export function mutate(text: string, chances: Chances): Mutant {
  let bytes: Buffer = Buffer.from(text);
  const how: string[] = [];
  for (let count = chances.pick([1, 1, 1, 2, 3]); count > 0; count -= 1) {
    const damage = chances.pick(damages);
    how.push(damage.name);
    bytes = Buffer.from(damage(bytes, chances)).subarray(0, 4 * MAX_BYTES);
  }
  return { how: how.join(', '), bytes };
}

type Damage = (bytes: Buffer, chances: Chances) => Buffer | string;

const MAX_BYTES = 64 * 1024;
const SPLINTERS = [
  ...[
    '[',
    ']',
    '{',
    '}',
    ': ',
    '- ',
    '? ',
    '&a ',
    '*a ',
    '!!js/function ',
    '!!binary ',
    '|\n',
    '>\n',
    '"',
    "'",
    '#',
    '%',
    '@',
  ],
  ...[
    '---\n',
    '...\n',
    '\t',
    '\0',
    '\r',
    '\u2028',
    '\ufeff',
    '\u{1f4a5}',
    '<<: *a\n',
    '__proto__: {x: 1}\n',
    '%YAML 1.1\n',
  ],
];
const VALUES = [
  ...[
    '',
    '~',
    'null',
    '[]',
    '{}',
    'true',
    'no',
    '0',
    '-1',
    '1e999',
    '.nan',
    '.inf',
    '0x7fffffffffffffff',
    '9'.repeat(400),
  ],
  ...['""', "'", '"', '*x', '&x', '!x y', '|', '>-', '{NAME}', '{{', '$(id)', '../../etc/passwd', '/'.repeat(5_000)],
  ...[
    '"\\ud800"',
    '"\\0"',
    '"\\ufffe"',
    '2026-01-01',
    '1:30',
    '0o777',
    'a: b: c',
    '[[[[[[[[',
    '{a: {a: {a: {',
    'x'.repeat(70_000),
  ],
];
const FIELDS = [
  ...['spce', 'comand', 'kind', 'apiVersion', 'metadata', 'resources', 'sandbox', 'enviroment', '"\\u0000"', '? [a]'],
  ...['x'.repeat(1_100), '__proto__', 'constructor', 'toString', '"a b"', '<<', '1', 'null', 'k'.repeat(60)],
];

const damages: readonly Damage[] = [
  function flippedBits(bytes, chances) {
    const copy = Buffer.from(bytes);
    for (let flips = 1 + chances.below(8); flips > 0 && copy.length > 0; flips -= 1) {
      const at = chances.below(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << chances.below(8));
    }
    return copy;
  },
  function oneFlippedBit(bytes, chances) {
    const copy = Buffer.from(bytes);
    const at = chances.below(Math.max(1, copy.length));
    copy[at] = (copy[at] ?? 0) ^ (1 << chances.below(8));
    return copy;
  },
  function cutOff(bytes, chances) {
    return bytes.subarray(0, chances.below(bytes.length + 1));
  },
  function cutOut(bytes, chances) {
    const [from, to] = range(bytes, chances);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function doubled(bytes, chances) {
    const [from, to] = range(bytes, chances);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  function filledWithZeros(bytes, chances) {
    const [from, to] = range(bytes, chances);
    return Buffer.concat([bytes.subarray(0, from), Buffer.alloc(to - from), bytes.subarray(to)]);
  },
  function splintered(bytes, chances) {
    let text = bytes.toString('latin1');
    for (let count = 1 + chances.below(4); count > 0; count -= 1) {
      const at = chances.below(text.length + 1);
      text = text.slice(0, at) + Buffer.from(chances.pick(SPLINTERS)).toString('latin1') + text.slice(at);
    }
    return Buffer.from(text, 'latin1');
  },
  function otherValue(bytes, chances) {
    return changeLine(bytes, chances, (line) => line.replace(/: .*$|$/, `: ${chances.pick(VALUES)}`));
  },
  function otherField(bytes, chances) {
    return changeLine(bytes, chances, (line) => line.replace(/[^\s:-]+:/, `${chances.pick(FIELDS)}:`));
  },
  function lostLine(bytes, chances) {
    return changeLine(bytes, chances, () => undefined);
  },
  function otherIndentation(bytes, chances) {
    return changeLine(
      bytes,
      chances,
      (line) => chances.pick(['', ' ', '   ', '\t', ' '.repeat(70)]) + line.trimStart(),
    );
  },
  function lostColonOrBlank(bytes, chances) {
    return changeLine(bytes, chances, (line) =>
      line.replace(chances.pick([': ', ':', '  ']), chances.pick(['', '=', ' '])),
    );
  },
  function repeatedLine(bytes, chances) {
    return changeLine(bytes, chances, (line) =>
      `${line}\n`.repeat(line.length > 200 ? 2 : chances.pick([2, 40, 3_000])),
    );
  },
  function shuffledLines(bytes, chances) {
    const lines = bytes.toString().split('\n');
    const [one, other] = [chances.below(lines.length), chances.below(lines.length)];
    [lines[one], lines[other]] = [lines[other] ?? '', lines[one] ?? ''];
    return lines.join('\n');
  },
  function otherEncoding(bytes, chances) {
    const text = bytes.toString();
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    return chances.pick([Buffer.from(text, 'utf16le'), Buffer.from(`${text}ü`, 'latin1'), marked]);
  },
  function otherLineEnds(bytes, chances) {
    return bytes.toString().replaceAll('\n', chances.pick(['\r\n', '\r', '\u0085', '', '\n\n']));
  },
  function binary(_bytes, chances) {
    return Buffer.from(Array.from({ length: chances.pick([1, 30, 3_000]) }, () => chances.below(256)));
  },
  function nothing(_bytes, chances) {
    return chances.pick(['', '\n', ' ', '# comment\n', '---\n', '...\n', '\0\0\0\0', '~\n', '[]\n', '"text"\n']);
  },
  function tooLarge(bytes, chances) {
    const filler = chances.pick(['# x\n', ' ', '\0', 'a: b\n']);
    return Buffer.concat([bytes, Buffer.alloc(Math.max(0, MAX_BYTES + chances.below(3) - 1 - bytes.length), filler)]);
  },
  function bomb(bytes, chances) {
    return chances.pick(bombs)(bytes.toString());
  },
];

function range(bytes: Buffer, chances: Chances): readonly [number, number] {
  const from = chances.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + chances.below(chances.pick([4, 60, 600])))];
}

function changeLine(bytes: Buffer, chances: Chances, change: (line: string) => string | undefined): string {
  const lines = bytes.toString().split('\n');
  const at = chances.below(lines.length);
  const changed = change(lines[at] ?? '');
  lines.splice(at, 1, ...(changed === undefined ? [] : [changed]));
  return lines.join('\n');
}
