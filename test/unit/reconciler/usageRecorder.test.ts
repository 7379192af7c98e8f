import { expect, test } from 'vitest';
import type { Gauges } from '../../../src/cgroup/types.ts';
import { type Measured, UsageRecorder } from '../../../src/reconciler/usageRecorder.ts';

const PASS_MS = 10_000;

/** The last points of a series, oldest first. */
function last(values: Float32Array | undefined, count: number): readonly number[] {
  return [...(values ?? [])].slice(-count);
}

function measured(samples: Readonly<Record<string, Partial<Gauges> | undefined>>): Measured {
  const unknown = {
    sampledAtMs: 0,
    cpuCores: undefined,
    memoryCurrentBytes: undefined,
    memoryWorkingSetBytes: undefined,
  };
  return {
    names: Object.keys(samples),
    gauges: (name) => (samples[name] === undefined ? undefined : { ...unknown, ...samples[name] }),
  };
}

test('notes what each server, each pool and all servers together use, pass by pass', () => {
  const recorder = new UsageRecorder();
  for (const [at, cpuCores] of [1, 2].entries()) {
    const sampledAtMs = at * PASS_MS;
    recorder.take(
      measured({
        alice: { sampledAtMs, cpuCores, memoryWorkingSetBytes: 100 },
        bob: { sampledAtMs, cpuCores: 0.5, memoryCurrentBytes: 50 },
        carol: undefined,
      }),
      measured({ gpu: { sampledAtMs, cpuCores: 7 } }),
      sampledAtMs,
    );
  }
  expect(last(recorder.servers.recent('alice')?.cpuCores, 2)).toEqual([1, 2]);
  expect(last(recorder.servers.recent('carol')?.cpuCores, 1)).toEqual([Number.NaN]);
  expect(last(recorder.pools.recent('gpu')?.cpuCores, 1)).toEqual([7]);
  expect(last(recorder.host.recent('')?.cpuCores, 2)).toEqual([1.5, 2.5]);
  expect(last(recorder.host.recent('')?.memoryBytes, 1)).toEqual([150]);
});

test('a server that went down uses nothing from the next pass on, though its last reading is still there', () => {
  const recorder = new UsageRecorder();
  const reading = { sampledAtMs: PASS_MS + 5, cpuCores: 1, memoryCurrentBytes: 1 };
  for (let pass = 1; pass <= 4; pass += 1) recorder.take(measured({ alice: reading }), measured({}), pass * PASS_MS);
  expect(last(recorder.servers.recent('alice')?.cpuCores, 4)).toEqual([1, 1, Number.NaN, Number.NaN]);
});

test('forgets a server that is no more', () => {
  const recorder = new UsageRecorder();
  recorder.take(measured({ alice: { sampledAtMs: 0, cpuCores: 1 } }), measured({}), 0);
  recorder.take(measured({}), measured({}), PASS_MS);
  expect(recorder.servers.recent('alice')).toBeUndefined();
});
