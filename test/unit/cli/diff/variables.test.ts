import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvironment, variableDifferences } from '../../../../src/cli/diff/variables.ts';
import { encodeEnvironment } from '../../../../src/units/environment.ts';

function environment(variables: Readonly<Record<string, string>>, liveNames: readonly string[] = []) {
  return { variables: new Map(Object.entries(variables)), liveNames: new Set(liveNames) };
}

function fileOf(variables: Readonly<Record<string, string>>): string {
  return encodeEnvironment(new Map(Object.entries(variables)));
}

describe('variables that differ', () => {
  it('are named, their values never shown', () => {
    const file = fileOf({ TOKEN: 'old-secret', GONE: 'x', SAME: 'same' });
    const wanted = environment({ TOKEN: 'new-secret', NEW: 'y', SAME: 'same' });

    const found = variableDifferences(file, wanted, { TOKEN: 'new-secret', NEW: 'y', SAME: 'same' });

    expect(found).toEqual([
      { field: 'spec.environment.GONE', effect: 'restart' },
      { field: 'spec.environment.NEW', effect: 'restart' },
      { field: 'spec.environment.TOKEN', effect: 'restart' },
    ]);
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  it('are told under the field that makes them, once', () => {
    const file = fileOf({ HOME: '/home/a', USER: 'a', LOGNAME: 'a', PORT: '1', PATH: '/bin' });
    const wanted = environment({ HOME: '/home/b', USER: 'b', LOGNAME: 'b', PORT: '2', PATH: '/x:/bin' });

    expect(variableDifferences(file, wanted, {}).map(({ field }) => field)).toEqual([
      'spec.user',
      'spec.extraPaths',
      'spec.port',
    ]);
    expect(variableDifferences(file, wanted, { PATH: '/x:/bin' }).map(({ field }) => field)).toContain(
      'spec.environment.PATH',
    );
  });

  it('are not those that tell a limit', () => {
    const file = fileOf({ MEM_LIMIT: '1', CPU_LIMIT: '2' });

    expect(variableDifferences(file, environment({ MEM_LIMIT: '2' }, ['MEM_LIMIT']), {})).toEqual([]);
  });

  it('are read back as they were written, whatever they hold', () => {
    const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !/[\0\ufffe\uffff\ufdd0-\ufdef]/.test(text));
    fc.assert(
      fc.property(fc.dictionary(name, value), (variables) => {
        expect(Object.fromEntries(decodeEnvironment(fileOf(variables)))).toEqual({ ...variables });
      }),
    );
  });
});
