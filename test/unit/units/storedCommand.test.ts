import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedCommand } from '../../../src/units/storedCommand.ts';

describe('a command that systemd keeps', () => {
  it('is itself where nothing in it comes back as something else', () => {
    const command = ['rm', '-f', 'a b', '%n', '"', "'", '\\', 'ü'];
    expect(storedCommand(command)).toBe(command);
  });

  it('has neither $ nor ; and runs with the very same arguments', () => {
    const text = fc
      .string({
        unit: fc.constantFrom('$', ';', "'", '"', '\\', '`', '%', '\n', ' ', '0', '7', 'a', 'ü', '\u0081', '*', '!'),
      })
      .filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        const args = ['$;', ...texts];
        const [program = '', ...stored] = storedCommand(['/usr/bin/printf', '%s\\0', ...args]);

        expect(stored.join('')).not.toMatch(/[$;]/);
        expect(spawnSync(program, stored).stdout.toString()).toBe(args.map((arg) => `${arg}\0`).join(''));
      }),
      { numRuns: 60 },
    );
  });
});
