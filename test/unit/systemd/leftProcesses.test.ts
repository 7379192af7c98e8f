import { expect, it } from 'vitest';
import { untilProcessesAreGone } from '../../../src/systemd/leftProcesses.ts';
import type { UnitState } from '../../../src/systemd/port.ts';

const failed: UnitState = {
  name: 'hublet-alice.service',
  loaded: true,
  loadState: 'loaded',
  activeState: 'failed',
  subState: 'failed',
  hasJob: false,
  invocationId: 'a'.repeat(32),
  mainPid: 0,
  controlGroup: '/hublet.slice/hublet-alice.service',
  result: 'timeout',
  execMainCode: 2,
  execMainStatus: 9,
  activeSinceMs: undefined,
  stopRequestedBy: 'hublet',
  marks: undefined,
  live: undefined,
};

it.each(['failed', 'inactive'] as const)(
  'a unit that is %s with processes left is still being stopped',
  (activeState) => {
    expect(untilProcessesAreGone({ ...failed, activeState }, () => true)?.activeState).toBe('deactivating');
    expect(untilProcessesAreGone({ ...failed, activeState }, () => false)?.activeState).toBe(activeState);
  },
);

it('a unit that is up, about to start or gone is as systemd says, and nobody looks', () => {
  const look = () => {
    throw new Error('looked');
  };
  for (const change of [
    { activeState: 'active' },
    { hasJob: true },
    { loaded: false },
    { controlGroup: '' },
  ] as const) {
    const unit = { ...failed, ...change };
    expect(untilProcessesAreGone(unit, look)).toBe(unit);
  }
  expect(untilProcessesAreGone(undefined, look)).toBeUndefined();
});
