import { expect, it } from 'vitest';
import { type HttpState, hostStatus } from '../../../src/reconciler/hostView.ts';
import type { LoopPorts } from '../../../src/reconciler/ports.ts';
import type { SourceState } from '../../../src/source/types.ts';
import { FakeClock } from '../../fakes/clock.ts';

const SOURCE: SourceState = {
  path: '/specs',
  isReady: true,
  isWatched: true,
  message: '',
  files: 2,
  invalid: 0,
  ignored: [],
  heldForPrune: [],
  pruneDigest: undefined,
};

/** The host's conditions by type, as `True ReasonOfIt`. */
function conditions(states: readonly SourceState[], http: HttpState | null = null): Record<string, string> {
  const ports = {
    clock: new FakeClock(),
    source: { states: () => states, quotas: () => [] },
    systemd: { version: () => '252', isConnected: () => true },
  } as unknown as LoopPorts;
  const { conditions: all } = hostStatus(ports, {
    version: '1',
    pid: 1,
    startedAtMs: 0,
    phases: [],
    reconnects: 0,
    http,
    config: undefined,
    clockJump: undefined,
    previous: [],
  });
  return Object.fromEntries(all.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}

it('all is well where all is well', () => {
  expect(conditions([SOURCE], { address: '127.0.0.1:9810', problem: undefined })).toEqual({
    SourceReady: 'True Listed',
    PruneHeld: 'False NoneHeld',
    BusConnected: 'True Connected',
    WatchDegraded: 'False Watching',
    ClockSane: 'True Steady',
    HttpReady: 'True Listening',
  });
});

it('a directory that is only listed is told of; one that is gone is told of as that', () => {
  expect(conditions([SOURCE, { ...SOURCE, isWatched: false }]).WatchDegraded).toBe('True PollingOnly');
  const gone = conditions([{ ...SOURCE, isReady: false, isWatched: false, reason: 'Missing' }]);
  expect(gone).toMatchObject({ WatchDegraded: 'False Watching', SourceReady: 'False Missing' });
});

it('a removal that waits for a person is told with its digest', () => {
  const held = conditions([{ ...SOURCE, heldForPrune: ['alice', 'bob'], pruneDigest: 'abc' }]);
  expect(held.PruneHeld).toBe('True TooMany');
});

it('an address that is taken and one that can’t be had are told apart', () => {
  const problem = 'it does not listen';
  expect(conditions([SOURCE], { address: 'x', problem, reason: 'AddressInUse' }).HttpReady).toBe('False AddressInUse');
  expect(conditions([SOURCE], { address: 'x', problem, reason: 'Failed' }).HttpReady).toBe('False Failed');
});
