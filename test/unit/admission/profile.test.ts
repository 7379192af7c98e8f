import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseProfile, completeSpec, mergeFields } from '../../../src/admission/profile.ts';
import type { Profile, ServerDocument } from '../../../src/spec/schema.ts';

const NOTEBOOK: Profile = {
  command: ['jupyterhub-singleuser', '--debug'],
  environment: { A: 'profile', B: 'profile' },
  resources: { memory: { limit: '2G', high: '1G' }, tasks: 100 },
  probes: { readiness: { http: { path: '/api' }, periodSeconds: 5 } },
};

function documentOf(spec: ServerDocument['spec']): ServerDocument {
  return { apiVersion: 'hublet/v1', kind: 'Server', metadata: { name: 'alice' }, spec };
}

function complete(spec: ServerDocument['spec'], fields: Profile | undefined = NOTEBOOK) {
  return completeSpec(documentOf(spec), { name: 'notebook', fields }, ['notebook', 'gpu']);
}

describe('a profile', () => {
  it('gives what the document leaves open, and the document wins field by field', () => {
    const whole = complete({ profile: 'notebook', environment: { B: 'own' }, resources: { memory: { limit: '4G' } } });

    expect(whole).toMatchObject({
      kind: 'whole',
      spec: {
        command: ['jupyterhub-singleuser', '--debug'],
        environment: { A: 'profile', B: 'own' },
        resources: { memoryMaxBytes: 4 * 1024 ** 3, memoryHighBytes: 1024 ** 3, tasksMax: 100 },
      },
    });
  });

  it('has its lists replaced whole', () => {
    expect(complete({ command: ['sleep', '1'] })).toMatchObject({ spec: { command: ['sleep', '1'] } });
  });

  it('is asked in one way: the way that a document writes takes the place of the other', () => {
    expect(complete({ probes: { readiness: { tcp: {} } } })).toMatchObject({
      kind: 'whole',
      spec: { readinessProbe: { check: { kind: 'tcp' }, periodMs: 5_000 } },
    });
  });

  it('has variables called as ways to ask merged like all others', () => {
    const merged = mergeFields<object>({ environment: { tcp: 'a' } }, { environment: { http: 'b' } });
    expect(merged).toEqual({ environment: { tcp: 'a', http: 'b' } });
  });

  it('that is not there is named, with the one that was meant', () => {
    expect(completeSpec(documentOf({}), { name: 'notbook', fields: undefined }, ['notebook', 'gpu'])).toMatchObject({
      kind: 'unknownProfile',
      problem: { message: 'the configuration has no profile "notbook": did you mean notebook?' },
    });
    expect(completeSpec(documentOf({}), { name: 'x', fields: undefined }, [])).toMatchObject({
      problem: { message: 'the configuration has no profile "x": it has none' },
    });
  });

  it('and a document that contradict each other are refused by field, and the profile is named', () => {
    expect(complete({ resources: { memory: { limit: '512M' } } })).toMatchObject({
      kind: 'invalid',
      problems: [
        {
          path: ['spec', 'resources', 'memory', 'high'],
          message: 'must not be more than the limit, 512M (together with the profile notebook)',
        },
      ],
    });
  });

  it('without a command leaves the document to have one', () => {
    expect(complete({}, { environment: {} })).toMatchObject({
      kind: 'invalid',
      problems: [{ path: ['spec', 'command'] }],
    });
  });
});

describe('which profile counts', () => {
  const set = { profiles: { notebook: NOTEBOOK }, defaultProfile: 'notebook' };

  it('is the one that is named, else the default, else none', () => {
    expect(chooseProfile(documentOf({ profile: 'gpu' }), set)).toEqual({ name: 'gpu', fields: undefined });
    expect(chooseProfile(documentOf({}), set)).toEqual({ name: 'notebook', fields: NOTEBOOK });
    expect(chooseProfile(documentOf({}), { profiles: set.profiles })).toBeUndefined();
  });

  it('is none that only JavaScript knows', () => {
    expect(chooseProfile(documentOf({ profile: 'constructor' }), set)?.fields).toBeUndefined();
  });
});

describe('merging', () => {
  const tree = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.array(fc.integer(), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'probes', 'http', 'tcp'), tie('tree'), { maxKeys: 3 }),
    ),
  })).tree;
  const map = fc.dictionary(fc.constantFrom('a', 'b', 'probes'), tree);

  it('keeps all that is written on top, and nothing on top leaves the base as it is', () => {
    fc.assert(
      fc.property(map, map, (base, over) => {
        expect(mergeFields<object>(base, {})).toEqual(base);
        expect(mergeFields<object>({}, over)).toEqual(over);
        const merged = mergeFields<object>(base, over);
        expect(mergeFields<object>(merged, over)).toEqual(merged);
        expect(merged).toMatchObject(over);
      }),
    );
  });
});
