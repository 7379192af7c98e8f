import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Desk, specText } from './desk.ts';

const NAMES = ['alice', 'bob', 'carol'] as const;

type Edit =
  | { readonly kind: 'replace' | 'inPlace'; readonly name: string; readonly text: string; readonly isHinted: boolean }
  | { readonly kind: 'remove'; readonly name: string; readonly isHinted: boolean }
  | { readonly kind: 'hideDirectory' | 'restart' }
  | { readonly kind: 'wait'; readonly ms: number };

const names = fc.constantFrom(...NAMES);
const versions = fc.constantFrom('v1', 'v2', 'v3');

/** Whole, without its last newline, cut off, wrong, or empty. */
const texts = (name: string) =>
  fc.tuple(versions, fc.constantFrom('whole', 'open', 'cut', 'wrong', 'empty')).map(([version, shape]) => {
    const text = specText(name, version);
    if (shape === 'cut') return text.slice(0, 40);
    if (shape === 'open') return text.trimEnd();
    if (shape === 'wrong') return `${text}  nonsense: 1\n`;
    return shape === 'empty' ? '' : text;
  });

const edits: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: names.chain((name) => texts(name).chain((text) => written(name, text))) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), name: names, isHinted: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.constantFrom<Edit>({ kind: 'hideDirectory' }, { kind: 'restart' }) },
);

function written(name: string, text: string): fc.Arbitrary<Edit> {
  const kind = fc.constantFrom('replace' as const, 'inPlace' as const);
  return fc.record({ kind, name: fc.constant(name), text: fc.constant(text), isHinted: fc.boolean() });
}

async function apply(desk: Desk, edit: Edit): Promise<void> {
  switch (edit.kind) {
    case 'wait':
      return desk.clock.advance(edit.ms);
    case 'replace':
      return desk.replace(edit.name, edit.text);
    case 'inPlace':
      desk.writeInPlace(edit.name, edit.text);
      if (edit.isHinted) desk.watch.hint(`${edit.name}.yaml`);
      return;
    case 'remove':
      if (existsSync(desk.path(edit.name))) desk.remove(edit.name);
      return;
    case 'hideDirectory':
      renameSync(desk.specs, join(desk.root, 'away'));
      desk.clock.advance(2_500);
      renameSync(join(desk.root, 'away'), desk.specs);
      return;
    case 'restart':
      await desk.restart();
      return;
  }
}

/** What is known once everything has come to rest. A deleted name that never had a spec is as good as one never heard of. */
function settled(desk: Desk) {
  desk.clock.advance(120_000);
  const known = NAMES.flatMap((name) => desk.set.record(name) ?? []);
  return known.filter(({ isDeleted, generation }) => !isDeleted || generation > 0);
}

test('any sequence of edits, losses and restarts ends in what a controller started at the end would know', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edits, { maxLength: 25 }), async (sequence) => {
      const desk = new Desk({ settings: () => ({ rescanMs: 20_000, prune: { minCount: 1_000, maxFraction: 1 } }) });
      try {
        await desk.start();
        for (const edit of sequence) await apply(desk, edit);
        const lived = settled(desk);
        await desk.restart();
        expect(settled(desk)).toEqual(lived);
      } finally {
        await desk.close();
      }
    }),
    { numRuns: 100 },
  );
});

test('a server is never marked deleted while its file has not been away for a second', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edits, { maxLength: 25 }), async (sequence) => {
      const desk = new Desk();
      try {
        await desk.start();
        const wrong: string[] = [];
        desk.set.on((name) => {
          if (name !== undefined && desk.set.record(name)?.isDeleted === true && existsSync(desk.path(name)))
            wrong.push(name);
        });
        for (const edit of sequence) await apply(desk, edit);
        desk.clock.advance(60_000);
        expect(wrong).toEqual([]);
      } finally {
        await desk.close();
      }
    }),
    { numRuns: 40 },
  );
});

test('the spec in force is always one that was once written whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edits, { maxLength: 25 }), async (sequence) => {
      const desk = new Desk();
      try {
        await desk.start();
        const whole = new Set<string>();
        for (const edit of sequence) {
          if ('text' in edit) whole.add(edit.text.trimEnd());
          await apply(desk, edit);
          for (const name of NAMES) {
            const version = desk.command(name);
            if (version !== undefined) expect(whole).toContain(specText(name, version).trimEnd());
          }
        }
      } finally {
        await desk.close();
      }
    }),
    { numRuns: 40 },
  );
});
