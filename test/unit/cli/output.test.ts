import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { editSpec, readSpecName, toJson, toYaml } from '../../../src/cli/output.ts';

const RESTARTED = ['metadata', 'annotations', 'hublet/restartedAt'];
const SUSPEND = ['spec', 'suspend'];

const HAND_WRITTEN = `# kept at the top
apiVersion: hublet/v1
kind: Server
metadata:
  name:   alice   # odd blanks stay
  labels: {team: physics}
spec:

  command: ['sh', "-c", "true"]   # quotes stay
  resources:
      memory: {limit: 1G}         # so does the indentation
# kept at the end
`;

describe('editSpec', () => {
  it('adds a nested field and leaves every other line as it was', () => {
    const edited = editSpec(HAND_WRITTEN, RESTARTED, '2026-01-01T00:00:00Z');

    expect(edited).toBe(
      HAND_WRITTEN.replace(
        '  labels: {team: physics}\n',
        '  labels: {team: physics}\n  annotations:\n    hublet/restartedAt: "2026-01-01T00:00:00Z"\n',
      ),
    );
  });

  it('replaces a value in its place, keeping the comment behind it', () => {
    const text = 'metadata:\n  annotations:\n    hublet/restartedAt: old # by hand\n    b: 1\nspec: {}\n';

    expect(editSpec(text, RESTARTED, 'new')).toBe(text.replace('old', '"new"'));
  });

  it('adds to the last map of the file, before the comment that ends it', () => {
    expect(editSpec(HAND_WRITTEN, SUSPEND, true)).toBe(
      HAND_WRITTEN.replace('# kept at the end', '  suspend: true\n# kept at the end'),
    );
  });

  it('takes away what it added', () => {
    const suspended = editSpec(HAND_WRITTEN, SUSPEND, { reason: 'exam: "room 2"', until: '2026-01-02T00:00:00Z' });

    expect(parse(suspended).spec.suspend).toEqual({ reason: 'exam: "room 2"', until: '2026-01-02T00:00:00Z' });
    expect(editSpec(suspended, SUSPEND, undefined)).toBe(HAND_WRITTEN);
  });

  it.each([
    ['an empty flow map', 'metadata: {annotations: {}}\n', 'metadata: {annotations: {hublet/restartedAt: "t"}}\n'],
    [
      'a flow map with fields',
      'metadata: {name: a}\n',
      'metadata: {name: a, annotations: {hublet/restartedAt: "t"}}\n',
    ],
    [
      'windows line ends',
      'metadata:\r\n  name: a\r\n',
      'metadata:\r\n  name: a\r\n  annotations:\r\n    hublet/restartedAt: "t"\r\n',
    ],
    [
      'no line break at the end',
      'metadata:\n  name: a',
      'metadata:\n  name: a\n  annotations:\n    hublet/restartedAt: "t"\n',
    ],
    [
      'a block scalar before it',
      'metadata:\n  annotations:\n    note: |\n      two\n      lines\n  name: a\n',
      'metadata:\n  annotations:\n    note: |\n      two\n      lines\n    hublet/restartedAt: "t"\n  name: a\n',
    ],
  ])('writes into %s', (_, before, after) => {
    expect(editSpec(before, RESTARTED, 't')).toBe(after);
  });

  it('sets a field that is there without a value', () => {
    const edited = editSpec('metadata:\n  annotations: # none yet\nspec: {a: 1}\n', RESTARTED, 't');

    expect(parse(edited)).toEqual({ metadata: { annotations: { 'hublet/restartedAt': 't' } }, spec: { a: 1 } });
    expect(edited).toContain('  annotations: # none yet\n    hublet/restartedAt');
  });

  it.each([
    ['a block map', 'spec:\n  suspend:\n    reason: exam\n    until: x\n  user: a\n'],
    ['a flow map', 'spec:\n  suspend: {reason: exam}\n  user: a\n'],
    ['nothing', 'spec:\n  suspend:\n  user: a\n'],
  ])('replaces %s by a plain value', (_, before) => {
    expect(editSpec(before, SUSPEND, true)).toBe('spec:\n  suspend: true\n  user: a\n');
  });

  it.each([
    ['first', 'spec: {suspend: true, user: a}\n'],
    ['last', 'spec: {user: a, suspend: true}\n'],
  ])('removes the %s field of a flow map', (_, before) => {
    expect(editSpec(before, SUSPEND, undefined)).toBe('spec: {user: a}\n');
  });

  it('changes nothing where the field to remove is not there', () => {
    expect(editSpec(HAND_WRITTEN, SUSPEND, undefined)).toBe(HAND_WRITTEN);
  });

  it('prints the document anew where splicing could not mean the same, comments included', () => {
    const edited = editSpec('# top\n? metadata\n: name: a\n  labels: {}\n', RESTARTED, 't');

    expect(parse(edited)).toEqual({ metadata: { name: 'a', labels: {}, annotations: { 'hublet/restartedAt': 't' } } });
    expect(edited).toContain('# top');
  });
});

it('reads the name of a spec, or nothing', () => {
  expect(readSpecName(HAND_WRITTEN)).toBe('alice');
  expect(readSpecName('metadata: {name: 12}')).toBeUndefined();
  expect(readSpecName('- a list')).toBeUndefined();
  expect(readSpecName('')).toBeUndefined();
});

it('prints JSON and YAML that end in one line break', () => {
  expect(toJson({ a: 1 })).toBe('{\n  "a": 1\n}\n');
  expect(toYaml({ a: ['x'.repeat(200)] })).toBe(`a:\n  - ${'x'.repeat(200)}\n`);
});
