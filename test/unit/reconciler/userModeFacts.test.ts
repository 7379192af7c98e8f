import { describe, expect, it } from 'vitest';
import type { UserManagerFacts } from '../../../src/admission/userMode.ts';
import type { AdmissionPorts } from '../../../src/reconciler/ports.ts';
import { UserModeFacts } from '../../../src/reconciler/userModeFacts.ts';
import { makeSpec } from '../units/servers.ts';

const FACTS: UserManagerFacts = {
  uid: 7,
  userName: 'alice',
  controllers: new Set(['memory']),
  namespaceProblem: undefined,
  filesMax: undefined,
  niceMin: 0,
  oomScoreAdjustMin: 200,
};

function factsOf(current: () => UserManagerFacts | undefined): UserModeFacts {
  const userManager = { facts: current, problem: () => 'no answer', on: () => () => undefined };
  return new UserModeFacts({ userManager } as unknown as AdmissionPorts);
}

describe("in a user's own systemd", () => {
  it('a spec waits until it is known what can be carried out', () => {
    expect(factsOf(() => undefined).find(makeSpec())).toMatchObject({
      kind: 'waiting',
      message: 'what your systemd can carry out is not known: no answer',
    });
  });

  it('a spec that is the same is the same object, so that nothing is compiled again', () => {
    const facts = factsOf(() => FACTS);
    const spec = makeSpec();

    const first = facts.find(spec);
    expect(first).toMatchObject({ kind: 'spec', spec: { user: '7' } });
    expect(facts.find(spec)).toMatchObject({ spec: (first as { spec: unknown }).spec });
    expect((facts.find(spec) as { spec: unknown }).spec).toBe((first as { spec: unknown }).spec);
  });

  it('what is refused is looked at again, and taken once it was granted', () => {
    let current = FACTS;
    const facts = factsOf(() => current);
    const spec = makeSpec({ resources: { cpuLimitCores: 1 } });
    expect(facts.find(spec)).toMatchObject({
      kind: 'refused',
      condition: 'Accepted',
      reason: 'SchemaError',
      message: expect.stringContaining('spec.resources.cpu.limit'),
      retryAfterMs: 60_000,
    });

    current = { ...FACTS, controllers: new Set(['memory', 'cpu']) };
    expect(facts.find(spec)).toMatchObject({ kind: 'spec' });
  });
});

it("the system's systemd takes every spec as it is", () => {
  const spec = makeSpec({ user: 'bob' });

  expect(new UserModeFacts({} as AdmissionPorts).find(spec)).toEqual({ kind: 'spec', spec, note: undefined });
});
