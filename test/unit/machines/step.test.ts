import fc from 'fast-check';
import { expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { DEFAULT_BACKOFF } from '../../../src/machines/backoff.ts';
import { type ServerEvent, serverMachine } from '../../../src/machines/server.machine.ts';
import { createStep } from '../../../src/machines/step.ts';

const observed = fc.record({
  type: fc.constant('OBSERVED' as const),
  nowMs: fc.nat(1_000_000),
  wish: fc.constantFrom('run' as const, 'down' as const, 'gone' as const),
  isBlocked: fc.boolean(),
  unit: fc.constantFrom(
    'absent' as const,
    'starting' as const,
    'active' as const,
    'stopping' as const,
    'failed' as const,
  ),
  isReady: fc.boolean(),
  isRestartAsked: fc.boolean(),
  exit: fc.constantFrom(null, 'asked', 'foreign', 'clean', 'failed', 'configuration'),
  policy: fc.record({
    restart: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
    backoff: fc.constant(DEFAULT_BACKOFF),
  }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const event: fc.Arbitrary<ServerEvent> = fc.oneof(
  { weight: 8, arbitrary: observed as fc.Arbitrary<ServerEvent> },
  { weight: 1, arbitrary: fc.constantFrom({ type: 'FORGIVEN' } as const, { type: 'HELD' } as const) },
);

it('goes through any events as xstate does', () => {
  const step = createStep();
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      let [expected] = initialTransition(serverMachine, {});
      let actual = expected;
      for (const next of events) {
        [expected] = transition(serverMachine, expected, next);
        actual = step(actual, next);
        expect([actual.value, actual.status, actual.context]).toEqual([
          expected.value,
          expected.status,
          expected.context,
        ]);
      }
    }),
  );
});

it('leaves the snapshot it was given as it was', () => {
  const [before] = initialTransition(serverMachine, { restarts: 3 });
  const context = { ...before.context };

  createStep()(before, { type: 'FORGIVEN' });

  expect(before.context).toEqual(context);
});
