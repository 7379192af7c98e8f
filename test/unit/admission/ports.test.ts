import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePort, type PortRequest } from '../../../src/admission/ports.ts';

const request = (changes: Partial<PortRequest> = {}): PortRequest => ({
  wanted: 'auto',
  name: 'alice',
  assigned: new Map(),
  fixed: new Map(),
  range: { first: 20_000, last: 20_009 },
  isFree: () => true,
  ...changes,
});

const portOf = (changes: Partial<PortRequest> = {}): number | undefined => {
  const choice = choosePort(request(changes));
  return choice.kind === 'port' ? choice.port : undefined;
};

describe('an automatic port', () => {
  it('depends on the name alone where all are free', () => {
    expect(portOf()).toBe(portOf());
    expect(portOf()).toBeGreaterThanOrEqual(20_000);
    expect(portOf()).toBeLessThanOrEqual(20_009);
  });

  it('stays what it was, in use and out of the range that there is now', () => {
    expect(portOf({ assigned: new Map([['alice', 31_000]]), isFree: () => false })).toBe(31_000);
  });

  it('is another one where somebody listens on the old one while nothing of the server runs', () => {
    const held = { assigned: new Map([['alice', 20_003]]), isFree: (port: number) => port !== 20_003 };

    expect(portOf(held)).toBe(20_003);
    expect(portOf({ ...held, mayMove: true })).not.toBe(20_003);
    expect(portOf({ ...held, isFree: () => true, mayMove: true })).toBe(20_003);
  });

  it('is none that another has, wants, or a program listens on', () => {
    const first = portOf() ?? 0;

    expect(portOf({ assigned: new Map([['bob', first]]) })).not.toBe(first);
    expect(portOf({ fixed: new Map([['bob', first]]) })).not.toBe(first);
    expect(portOf({ isFree: (port) => port !== first })).not.toBe(first);
  });

  it('is refused only where none is left', () => {
    expect(portOf({ isFree: (port) => port === 20_007 })).toBe(20_007);
    expect(choosePort(request({ isFree: () => false }))).toEqual({ kind: 'exhausted' });
  });

  it('does not mind its own port among the fixed ones', () => {
    expect(portOf({ range: { first: 5, last: 5 }, fixed: new Map([['alice', 5]]) })).toBe(5);
  });
});

describe('a fixed port', () => {
  it('is given whether or not anybody listens: it may be the server itself', () => {
    expect(portOf({ wanted: 8888, isFree: () => false })).toBe(8888);
  });

  it('stays with the server that has it', () => {
    expect(choosePort(request({ wanted: 8888, assigned: new Map([['zoe', 8888]]) }))).toEqual({
      kind: 'conflict',
      owner: 'zoe',
    });
    expect(portOf({ wanted: 8888, assigned: new Map([['alice', 8888]]), fixed: new Map([['aaron', 8888]]) })).toBe(
      8888,
    );
  });

  it('goes to the first name of those that want it', () => {
    expect(portOf({ wanted: 8888, fixed: new Map([['zoe', 8888]]) })).toBe(8888);
    expect(choosePort(request({ wanted: 8888, fixed: new Map([['aaron', 8888]]) }))).toEqual({
      kind: 'conflict',
      owner: 'aaron',
    });
  });
});

it('no two servers ever get the same port, in whatever order they come, go and change their minds', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const wish = fc.oneof(
    fc.constant('auto' as const),
    fc.constant('gone' as const),
    fc.integer({ min: 20_000, max: 20_004 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, wish)), (steps) => {
      const assigned = new Map<string, number>();
      const fixed = new Map<string, number>();
      for (const [server, wanted] of steps) {
        if (typeof wanted === 'number') fixed.set(server, wanted);
        else fixed.delete(server);
        if (wanted === 'gone') {
          assigned.delete(server);
          continue;
        }
        const choice = choosePort(
          request({ name: server, wanted, assigned, fixed, range: { first: 20_000, last: 20_004 } }),
        );
        if (choice.kind === 'port') assigned.set(server, choice.port);
        expect(new Set(assigned.values()).size).toBe(assigned.size);
      }
    }),
  );
});

it('a damaged table that gives one port to two servers is mended by the second of them', () => {
  const assigned = new Map([
    ['alice', 20_003],
    ['bob', 20_003],
  ]);

  expect(portOf({ name: 'alice', assigned })).toBe(20_003);
  expect(portOf({ name: 'bob', assigned })).not.toBe(20_003);
});
