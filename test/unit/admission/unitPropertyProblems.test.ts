import { describe, expect, it } from 'vitest';
import { chooseProfile, completeSpec } from '../../../src/admission/profile.ts';
import { unitPropertyProblems } from '../../../src/admission/unitPropertyProblems.ts';
import { locateInText, parseSpec } from '../../../src/spec/parse.ts';

const messages = (properties: Readonly<Record<string, string | readonly string[]>>) =>
  unitPropertyProblems(properties).map(({ path, message }) => `${path.at(-1)}: ${message}`);

describe('a property of the unit is refused as it is written', () => {
  it('where its name is unknown, of a field, or of hublet', () => {
    expect(messages({ MemoryMn: '1G', LimitNOFILE: '5', Type: 'simple' })).toEqual([
      expect.stringMatching(/^MemoryMn: is no setting .*did you mean MemoryMin\?$/),
      'LimitNOFILE: is spec.resources.files in a spec: write it there',
      expect.stringMatching(/^Type: belongs to hublet: /),
    ]);
  });

  it('where its text is not what a unit file has', () => {
    expect(messages({ MemoryMin: 'lots', Nice: '5', MemoryMax: '1G' })).toHaveLength(2);
  });

  it('but not for a percentage of a host that is not known, nor for a template', () => {
    expect(messages({ MemoryMin: '10%', CacheDirectory: '{NAME}', Nice: '{UID}' })).toEqual([]);
  });

  it('with the line where it stands', () => {
    const text =
      'apiVersion: hublet/v1\nkind: Server\nmetadata: {name: a}\nspec:\n  command: [/x]\n  unitProperties:\n    Nise: "5"\n';
    const parsed = parseSpec(text, 'a');
    if (parsed.kind !== 'valid') throw new Error('not valid');
    const whole = completeSpec(parsed.document, chooseProfile(parsed.document, { profiles: {} }), []);

    const problems = whole.kind === 'invalid' ? locateInText(whole.problems, text) : [];

    expect(problems).toMatchObject([{ line: 7, column: 5, path: 'spec.unitProperties.Nise' }]);
  });
});

it('tells of no more than a screenful', () => {
  const names = Array.from({ length: 4_000 }, (_, at) => `MemoryMaxx${at}`);
  expect(unitPropertyProblems(Object.fromEntries(names.map((name) => [name, '1'])))).toHaveLength(25);
});
