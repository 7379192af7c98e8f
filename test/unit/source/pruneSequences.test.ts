import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pruneDigest } from '../../../src/source/prune.ts';
import { Desk, specText } from './desk.ts';

const NAMES = ['alice', 'bob', 'carol'] as const;
type Name = (typeof NAMES)[number];

type Deed =
  | { readonly kind: 'put' | 'vanish'; readonly name: Name; readonly isHinted: boolean }
  /** Says that exactly these may go, whether they are held or not. */
  | { readonly kind: 'confirm'; readonly names: readonly Name[] }
  | { readonly kind: 'confirmHeld' | 'forget' | 'restart' | 'hideDirectory' }
  | { readonly kind: 'wait'; readonly ms: number };

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('put' as const, 'vanish' as const),
      name: fc.constantFrom(...NAMES),
      isHinted: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('confirm' as const), names: fc.subarray([...NAMES]) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Deed>(
      { kind: 'confirmHeld' },
      { kind: 'forget' },
      { kind: 'restart' },
      { kind: 'hideDirectory' },
    ),
  },
);

async function act(desk: Desk, deed: Deed, confirmed: Set<string>): Promise<void> {
  const confirm = (digest: string | undefined) => {
    const answer = desk.set.releasePrune(digest ?? '');
    if (answer.kind === 'released') for (const name of answer.names) confirmed.add(name);
  };
  switch (deed.kind) {
    case 'put':
      desk.replace(deed.name, specText(deed.name));
      // Long enough for a source that was lost to be listed.
      desk.clock.advance(1_500);
      confirmed.delete(deed.name);
      return;
    case 'vanish':
      rmSync(desk.path(deed.name), { force: true });
      if (deed.isHinted) desk.watch.hint(`${deed.name}.yaml`);
      return;
    case 'confirm':
      return confirm(pruneDigest(deed.names));
    case 'confirmHeld':
      return confirm(desk.set.states()[0]?.pruneDigest);
    case 'forget':
      for (const name of desk.deleted()) desk.set.forget(name);
      return;
    case 'restart':
      await desk.restart();
      return;
    case 'hideDirectory':
      renameSync(desk.specs, join(desk.root, 'away'));
      desk.clock.advance(2_500);
      renameSync(join(desk.root, 'away'), desk.specs);
      return;
    case 'wait':
      return desk.clock.advance(deed.ms);
  }
}

test('where every loss is held, nothing is ever removed but what was confirmed since its file was last there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deeds, { maxLength: 30 }), async (sequence) => {
      const desk = new Desk({ settings: () => ({ rescanMs: 20_000, prune: { minCount: 1, maxFraction: 0 } }) });
      const confirmed = new Set<string>();
      try {
        await desk.start();
        for (const name of NAMES) desk.replace(name, specText(name));
        desk.clock.advance(1_500);
        for (const deed of sequence) {
          await act(desk, deed, confirmed);
          for (const name of desk.deleted()) expect(confirmed).toContain(name);
        }
        desk.clock.advance(60_000);
        for (const name of NAMES.filter((one) => !confirmed.has(one))) {
          expect(desk.command(name), name).toBe('sleep');
          const held = desk.set.states()[0]?.heldForPrune ?? [];
          expect(held.includes(name), name).toBe(!existsSync(desk.path(name)));
        }
      } finally {
        await desk.close();
      }
    }),
    { numRuns: 150 },
  );
});
