import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { readPlainYaml } from '../../../src/spec/plainYaml.ts';

/** What the parser makes of a text; undefined where it has anything against it. */
function parsed(text: string): unknown {
  const document = parseDocument(text, { version: '1.2', schema: 'core', stringKeys: true, logLevel: 'silent' });
  return document.errors.length > 0 || document.warnings.length > 0 ? undefined : document.toJS();
}

const examples = readdirSync('desired-state')
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => readFileSync(`desired-state/${file}`, 'utf8'));

const PLAIN = `# a comment
apiVersion: hublet/v1
kind: Server
metadata:
  name: alice
  labels:
    course: physics-101
spec:
  user: alice

  command: [/bin/sleep, infinity, --port=80, "{{ port }}", '']
  environment:
    URL: http://localhost:8080/path
    WORDS: one two three
    ANSWER: "42"
  resources:
    memory:
      limit: 1.5G
    cpu:
      limit: 0.5
    tasks: 100
  extraPaths:
  - /opt/bin
  - /opt/other bin
  sandbox:
    privateTmp: true
    readOnlyPaths:
      # indented
      - /srv
    readWritePaths: []
  terminationGracePeriod: 30s
`;

const words = [
  'a',
  'b1',
  'true',
  'null',
  'True',
  'Inf',
  '-',
  '- ',
  '~',
  '1',
  '0',
  '01',
  '1.5',
  '1e3',
  '1E3',
  '0x1F',
  '0xA',
]
  .concat(['0o7', '0o', '1_000', '.5', '5.', '.inf', '1.5G', '64M', '50%', '30s', '1d', '1x', '+1', '-1', '"q"', "'s'"])
  .concat([
    '"',
    "'",
    '[',
    ']',
    '[]',
    '{}',
    '[a, b]',
    '[a,b]',
    '[ a]',
    '[a, ]',
    ':',
    ': ',
    ':a',
    'a:',
    'a: b',
    '#',
    ' #c',
    '# c',
  ])
  .concat([
    '|',
    '>',
    '&x',
    '*x',
    '!t',
    '@',
    '`',
    '%',
    '---',
    '...',
    '? a',
    '<<',
    '\t',
    '\r',
    'é',
    '\u2028',
    '=',
    'y',
    'no',
  ]);
const values = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...words) },
  fc.array(fc.constantFrom(...words, ' '), { maxLength: 3 }).map((parts) => parts.join('')),
);
const lines = fc
  .tuple(fc.constantFrom('', '', '  ', '  ', '    ', ' '), fc.constantFrom('k: ', 'l: ', 'm: ', 'n:', '- ', ''), values)
  .map(([indent, start, value]) => indent + start + (start === 'n:' ? '' : value));

it('reads a plain spec', () => {
  expect(readPlainYaml(PLAIN)).toEqual(parsed(PLAIN));
  expect(readPlainYaml(PLAIN)).toMatchObject({
    spec: { command: ['/bin/sleep', 'infinity', '--port=80', '{{ port }}', ''] },
  });
});

it('whatever it reads is what the parser reads', () => {
  let read = 0;
  fc.assert(
    fc.property(fc.array(lines, { minLength: 1, maxLength: 6 }), (texts) => {
      const text = `${texts.join('\n')}\n`;
      const plain = readPlainYaml(text);
      if (plain === undefined) return;
      read += 1;
      expect({ text, value: plain }).toEqual({ text, value: parsed(text) });
    }),
    { numRuns: 10_000 },
  );
  expect(read).toBeGreaterThan(50);
});

it('every word in every place is what the parser reads there', () => {
  const inner = words.flatMap((word) => [word, `a${word}`, `${word}a`]);
  for (const word of inner) {
    const places = [
      `k: ${word}`,
      `k: [${word}]`,
      `k: [a, ${word}, b]`,
      `k:\n- ${word}`,
      `k:\n  l: ${word}`,
      `${word}: a`,
      `k: a\n${word}`,
    ];
    for (const place of places) {
      const plain = readPlainYaml(`${place}\n`);
      if (plain !== undefined) expect({ place, value: plain }).toEqual({ place, value: parsed(`${place}\n`) });
    }
  }
});

it('a spec that is cut off, or wrong at any byte, is never read as another than the parser reads', () => {
  for (const whole of [PLAIN, ...examples]) {
    for (let at = 0; at < whole.length; at += 1) {
      const texts = [whole.slice(0, at), `${whole.slice(0, at)}\n`, whole.slice(0, at) + whole.slice(at + 1)];
      for (const character of [' ', '\n', ':', '-', '#', '[', '"', ','])
        texts.push(whole.slice(0, at) + character + whole.slice(at));
      for (const text of texts) {
        const plain = readPlainYaml(text);
        if (plain !== undefined) expect({ text, value: plain }).toEqual({ text, value: parsed(text) });
      }
    }
  }
});

it('leaves to the parser what is more than plain', () => {
  for (const text of [
    '',
    'a',
    'a: b',
    'a:\n',
    'a: |\n  b\n',
    'a: &x b\n',
    'a: b # c\n',
    'a: b\na: c\n',
    'a: b\n  c\n',
    'a: ü\n',
    '- a\n',
  ]) {
    expect(readPlainYaml(text)).toBeUndefined();
  }
});
