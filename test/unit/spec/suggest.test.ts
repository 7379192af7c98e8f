import { expect, it } from 'vitest';
import { editDistance, suggest } from '../../../src/spec/suggest.ts';

const fields = ['user', 'command', 'workingDirectory', 'environment', 'port', 'probes'];

it.each([
  ['comand', 'command'],
  ['prot', 'port'],
  ['working_directory', 'workingDirectory'],
  ['enviroment', 'environment'],
  ['USER', 'user'],
  ['Probe', 'probes'],
])('takes %s for %s', (word, meant) => {
  expect(suggest(word, fields)).toBe(meant);
});

it.each(['xyzzy', 'commandeer-everything', 'x'.repeat(10_000)])('has no idea what %s means', (word) => {
  expect(suggest(word, fields)).toBeUndefined();
});

it('counts a swap of neighbours as one change', () => {
  expect(editDistance('prot', 'port')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('kitten', 'sitting')).toBe(3);
});
