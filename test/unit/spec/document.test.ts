import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DOCUMENT_BYTES, readDocument } from '../../../src/spec/document.ts';
import type { PathPart } from '../../../src/spec/schemaWalk.ts';

function readValue(text: string): unknown {
  const read = readDocument(text);
  if (read.kind !== 'document') throw new Error(`not a document: ${JSON.stringify(read)}`);
  return read.value;
}

function refusalOf(text: string) {
  const read = readDocument(text);
  if (read.kind !== 'failed') throw new Error(`not refused: ${JSON.stringify(read)}`);
  const { line, column, path, message, code } = read.problem;
  return { at: `${line}:${column}`, path, message, code, isAtEnd: read.isAtEnd };
}

describe('values', () => {
  it('follow the core schema of YAML 1.2', () => {
    const text = 'a: yes\nb: 0x1F\nc: 1e3\nd: ~\ne: 2027-01-01\nf: 017\ng: "8"\nh: off\n<<: x\n';
    expect(readValue(text)).toEqual({
      a: 'yes',
      b: 31,
      c: 1000,
      d: null,
      e: '2027-01-01',
      f: 17,
      g: '8',
      h: 'off',
      '<<': 'x',
    });
  });

  it('keep keys as texts', () => {
    expect(readValue('1: a\ntrue: b\n')).toEqual({ 1: 'a', true: 'b' });
  });

  it('take a file with a byte order mark and Windows line ends', () => {
    expect(readValue('\ufeffa: 1\r\nb: [x,\r\n y]\r\n')).toEqual({ a: 1, b: ['x', 'y'] });
  });

  it('follow a few aliases', () => {
    expect(readValue('a: &x [1, 2]\nb: *x\n')).toEqual({ a: [1, 2], b: [1, 2] });
  });

  it.each(['', '  \n\n', '# only this\n', '---\n', '\ufeff'])('are absent in %j', (text) => {
    expect(readDocument(text).kind).toBe('empty');
  });
});

describe('refusals', () => {
  it.each([
    ['a: 1\na: 2\n', { at: '2:1', path: 'a', message: 'is written twice, first on line 1' }],
    ['s:\n  b: 1\n  c: 1\n  b: 2\n', { at: '4:3', path: 's.b', message: 'is written twice, first on line 2' }],
    ['a: 1\n---\nb: 2\n', { at: '2:1', path: '', message: 'has a second document (---): one file holds one' }],
    [
      'a: !secret x\nb: 1\n',
      { at: '1:4', message: 'has a tag (!name) that means nothing here: put the text in quotes' },
    ],
    ['%YAML 1.1\n---\na: yes\n', { at: '1:1', message: 'must not have a %YAML line: it is YAML 1.2' }],
    ['a:\n\tb: 1\nc: 2\n', { at: '2:1' }],
    ['a: "\\0"\nb: 1\n', { at: '1:4', path: 'a', message: "holds the character U+0000, which systemd can't take" }],
    ['a: "\\ud800"\nb: 1\n', { message: "holds the character U+D800, which systemd can't take" }],
    ['a: "\\U0001fffe"\nb: 1\n', { message: "holds the character U+1FFFE, which systemd can't take" }],
    ['a: "\\ufdd0"\nb: 1\n', { message: "holds the character U+FDD0, which systemd can't take" }],
    ['__proto__: {x: 1}\nb: 1\n', { at: '1:1', message: 'is not a possible name' }],
    ['? [a]\n: b\nc: 1\n', { code: 'ParseError' }],
    ['a: &x [*x]\nb: 1\n', { message: 'is nested too deeply' }],
    [
      'a: {TOKEN, hunter2}\nb: 1\n',
      { at: '1:5', path: 'a', message: 'has a name without a value: is a colon missing?' },
    ],
    [
      `a: &a [${'1,'.repeat(100)}]\nb: [${'*a,'.repeat(31)}]\nc: &c [${'*a,'.repeat(9)}]\n`,
      { message: 'uses more than 32 aliases' },
    ],
    [
      `a: &a [${'1,'.repeat(200)}]\nb: [${'*a,'.repeat(31)}]\n`,
      { message: 'is one of more than 4000 values that aliases stand for' },
    ],
    [`a: ${'['.repeat(40)}${']'.repeat(40)}\nb: 1\n`, { message: 'is nested too deeply' }],
  ])('%j', (text, expected) => {
    expect(refusalOf(text)).toMatchObject({ code: 'ParseError', ...expected });
  });

  it('never repeat the text, which may be secret', () => {
    expect(refusalOf('a: "hunter2\\q"\nb: 1\n').message).not.toContain('hunter2');
    expect(refusalOf('a: [hunter2\nb: 1}\n').message).not.toContain('hunter2');
  });

  it('take 64 KiB and not a byte more, counted in UTF-8', () => {
    const full = `a: ${'x'.repeat(MAX_DOCUMENT_BYTES - 4)}\n`;
    expect(readDocument(full).kind).toBe('document');
    expect(refusalOf(`${full}#`)).toMatchObject({ code: 'TooLarge', at: '1:1', isAtEnd: false });
    expect(refusalOf(`a: ${'é'.repeat(MAX_DOCUMENT_BYTES / 2)}\n`).code).toBe('TooLarge');
  });

  it.each(['a: "x', "a: 'x\n", 'a: [x,\n', 'a: {x: 1,', 'a: 1\nb'])('know a text that is only cut off: %j', (text) => {
    expect(refusalOf(text).isAtEnd).toBe(true);
  });

  it.each(['a: [x\nb: 1\n', 'a: b: c\nd: 1\n', 'a: 1\n---\nb: 1\n'])('know a text that is wrong: %j', (text) => {
    expect(refusalOf(text).isAtEnd).toBe(false);
  });
});

describe('positions', () => {
  const text = 'a:\n  b: [x, {c: 1}]\n  empty:\n# comment\nd: &anchor {e: 5}\nf: *anchor\n';
  const read = readDocument(text);
  const at = (path: PathPart[], part: 'key' | 'value') => {
    if (read.kind !== 'document') throw new Error('not a document');
    const { line, column } = read.locate(path, part);
    return `${line}:${column}`;
  };

  it('are those of the key or the value', () => {
    expect(at(['a', 'b'], 'key')).toBe('2:3');
    expect(at(['a', 'b'], 'value')).toBe('2:6');
    expect(at(['a', 'b', 0], 'value')).toBe('2:7');
    expect(at(['a', 'b', 1, 'c'], 'key')).toBe('2:11');
    expect(at(['a', 'b', 1, 'c'], 'value')).toBe('2:14');
    expect(at([], 'value')).toBe('1:1');
  });

  it('are those of the key where the value is empty', () => {
    expect(at(['a', 'empty'], 'value')).toBe('3:3');
  });

  it('are those of the parent where the field is missing', () => {
    expect(at(['a', 'nothing'], 'value')).toBe('1:1');
    expect(at(['a', 'b', 7], 'value')).toBe('2:3');
    expect(at(['d', 'nothing', 'at', 'all'], 'key')).toBe('5:1');
  });

  it('go through aliases', () => {
    expect(at(['f'], 'value')).toBe('6:4');
    expect(at(['f', 'e'], 'value')).toBe('5:16');
  });
});

describe('robustness', () => {
  const n = MAX_DOCUMENT_BYTES;
  const fill = (piece: string) => piece.repeat(Math.floor(n / Buffer.byteLength(piece)));
  const hostile = [
    '[',
    '{',
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
    ']',
    '[{',
    '\t',
    '\0',
    'a:\n',
  ];

  it.each(hostile)('reads 64 KiB of %j to an end', (piece) => {
    expect(['empty', 'failed', 'document']).toContain(readDocument(fill(piece)).kind);
  });

  it('says the same of a text however deep it is nested and whenever it is asked', () => {
    const answers = new Set([0, 1, 2, 3].map(() => JSON.stringify(refusalOf(fill('[')))));
    expect([...answers]).toHaveLength(1);
  });

  it('leaves stack traces of errors as they were', () => {
    const before = Error.stackTraceLimit;
    readDocument(fill('}'));
    expect(Error.stackTraceLimit).toBe(before);
  });

  it('does not unfold a bomb of aliases', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 20; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(refusalOf(lines.join('\n')).message).toBe('uses more than 32 aliases');
  });

  it('never throws, whatever the text', () => {
    const yamlish = fc.stringMatching(/^[ \n\t:[\]{},&*!|>'"%@`#?a\\-]*$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish), (text) => {
        const read = readDocument(text);
        if (read.kind === 'failed') expect(read.problem.line).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});
