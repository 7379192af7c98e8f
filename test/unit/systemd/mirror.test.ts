import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { UnitMirror } from '../../../src/systemd/mirror.ts';
import type { SystemdSignal, UnitFacts } from '../../../src/systemd/signals.ts';
import { hasEnded, type UnitRow } from '../../../src/systemd/units.ts';

const unit = 'hublet-a.service';
const first = '1'.repeat(32);
const second = '2'.repeat(32);

let mirror: UnitMirror;

beforeEach(() => {
  mirror = new UnitMirror(['MemoryMax']);
});

describe('a start', () => {
  it('is not an end, though its first snapshot says inactive', () => {
    tell(jobNew(1), changed({ activeState: 'inactive', subState: 'dead', job: 1, invocationId: '' }));

    expect(state()).toMatchObject({ activeState: 'inactive', hasJob: true });
    expect(hasEnded(state())).toBe(false);
  });

  it('takes the process from the Service snapshot that came before the invocation was known', () => {
    startup(1, first, 100);

    expect(state()).toMatchObject({ activeState: 'active', invocationId: first, mainPid: 100, hasJob: false });
  });

  it('that fails was not stopped by anybody', () => {
    tell(
      jobNew(1),
      changed({ activeState: 'activating', job: 1, invocationId: first }),
      service({ mainPid: 0, result: 'exit-code', execMainCode: 1, execMainStatus: 203 }),
      changed({ activeState: 'failed', job: 1, invocationId: first }),
    );
    expect(hasEnded(state())).toBe(false);
    tell(jobRemoved(1, 'failed'));

    expect(hasEnded(state())).toBe(true);
    expect(state()).toMatchObject({ result: 'exit-code', execMainStatus: 203, stopRequestedBy: undefined });
  });

  it('of a unit that is gone begins with nothing of the old invocation', () => {
    startup(1, first, 100);
    mirror.applyServiceProperties(unit, serviceProperties());
    tell(service({ result: 'oom-kill', mainPid: 0 }), changed({ activeState: 'failed', job: 0, invocationId: first }));
    tell({ kind: 'unitRemoved', unit });
    expect(state()).toMatchObject({ loaded: false, result: 'oom-kill', marks: { server: 'a' } });

    startup(2, second, 200);

    expect(state()).toMatchObject({
      loaded: true,
      result: 'success',
      mainPid: 200,
      controlGroup: '',
      marks: undefined,
      live: undefined,
      stopRequestedBy: undefined,
    });
  });
});

describe('who stopped it while it started', () => {
  beforeEach(() => tell(jobNew(1)));

  it('is us where the stop is told before its job is', () => {
    tell(changed({ activeState: 'activating', job: 1, invocationId: first }));
    mirror.expectStop(unit, true);
    tell(jobRemoved(1, 'canceled'), changed({ activeState: 'deactivating', job: 2, invocationId: first }));
    tell(jobNew(2), changed({ activeState: 'inactive', job: 2 }), jobRemoved(2, 'done'), { kind: 'unitRemoved', unit });

    expect(state()).toMatchObject({ loaded: false, stopRequestedBy: 'hublet' });
  });

  it('is us where the first that is heard of it is that it is over', () => {
    mirror.expectStop(unit, true);
    tell(jobRemoved(1, 'canceled'), changed({ activeState: 'inactive', job: 0, invocationId: first }));
    tell({ kind: 'unitRemoved', unit });

    expect(state()).toMatchObject({ loaded: false, stopRequestedBy: 'hublet' });
  });

  it('is nobody where it fails before anybody asks', () => {
    tell(changed({ activeState: 'activating', job: 1, invocationId: first }));
    tell(changed({ activeState: 'failed', job: 1, invocationId: first }), jobRemoved(1, 'failed'));

    expect(state().stopRequestedBy).toBeUndefined();
  });
});

describe('who stopped it', () => {
  beforeEach(() => startup(1, first, 100));

  it('is nobody where there is no job', () => {
    tell(changed({ activeState: 'deactivating', job: 0 }), changed({ activeState: 'inactive', job: 0 }));

    expect(state().stopRequestedBy).toBeUndefined();
  });

  it('is somebody else where a job came that is not ours', () => {
    tell(jobNew(2), changed({ activeState: 'deactivating', job: 2 }));

    expect(state().stopRequestedBy).toBe('other');
  });

  it('is us where we expected one', () => {
    mirror.expectStop(unit, true);
    tell(jobNew(2), changed({ activeState: 'deactivating', job: 2 }), changed({ activeState: 'inactive', job: 2 }));
    tell(jobRemoved(2, 'done'), { kind: 'unitRemoved', unit });

    expect(state()).toMatchObject({ loaded: false, stopRequestedBy: 'hublet' });
  });

  it('stays the first who did', () => {
    tell(jobNew(2), changed({ activeState: 'deactivating', job: 2 }));
    mirror.expectStop(unit, true);
    tell(changed({ activeState: 'inactive', job: 2 }));

    expect(state().stopRequestedBy).toBe('other');
  });

  it('is nobody after `systemctl start` of a running unit, which queues a job that changes nothing', () => {
    tell(jobNew(2), changed({ activeState: 'active', job: 2 }), jobRemoved(2, 'done'));
    tell(changed({ activeState: 'failed', job: 0 }));

    expect(state().stopRequestedBy).toBeUndefined();
  });

  it('is nobody when our stop was taken back', () => {
    mirror.expectStop(unit, true);
    tell(jobNew(2), jobRemoved(2, 'canceled'));
    tell(jobNew(3), changed({ activeState: 'deactivating', job: 3 }));

    expect(state().stopRequestedBy).toBe('other');
  });

  it("is forgotten with the next invocation of a restart, whose own failure is nobody's", () => {
    tell(jobNew(2), changed({ activeState: 'deactivating', job: 2 }), changed({ activeState: 'inactive', job: 2 }));
    expect(hasEnded(state())).toBe(false);
    tell(service({ mainPid: 200 }), changed({ activeState: 'activating', job: 2, invocationId: second }));
    expect(state()).toMatchObject({ stopRequestedBy: undefined, mainPid: 200 });

    tell(changed({ activeState: 'failed', job: 2, invocationId: second }), jobRemoved(2, 'failed'));

    expect(state().stopRequestedBy).toBeUndefined();
  });

  it('is us where it vanished unseen after we had asked', () => {
    mirror.expectStop(unit, true);
    mirror.applyList([]);

    expect(state()).toMatchObject({ loaded: false, stopRequestedBy: 'hublet' });
  });

  it('is read from a listing that finds it under a stop job', () => {
    mirror.applyList([row({ activeState: 'deactivating', subState: 'stop-sigterm', job: 9, jobType: 'stop' })]);

    expect(state()).toMatchObject({ activeState: 'deactivating', stopRequestedBy: 'other' });
  });
});

describe('a reload', () => {
  it('removes no unit, and removals count again after it', () => {
    startup(1, first, 100);
    const names = tell({ kind: 'reloading', isActive: true }, { kind: 'unitRemoved', unit });
    expect(names).toEqual([]);
    expect(state().loaded).toBe(true);

    tell({ kind: 'reloading', isActive: false }, { kind: 'unitRemoved', unit });

    expect(state().loaded).toBe(false);
  });
});

describe('a listing', () => {
  it('that says nothing new names no unit', () => {
    startup(1, first, 100);

    expect(mirror.applyList([row({})])).toEqual([]);
    expect(mirror.applyList([row({})])).toEqual([]);
  });

  it('finds units that are new, changed and gone', () => {
    startup(1, first, 100);
    mirror.applyServiceProperties(unit, serviceProperties());
    const other = row({ name: 'hublet-b.service' });

    expect(mirror.applyList([row({}), other])).toEqual(['hublet-b.service']);
    expect(mirror.unread()).toEqual(['hublet-b.service']);
    expect(mirror.applyList([row({ activeState: 'failed', subState: 'failed' })])).toEqual(['hublet-b.service', unit]);
    expect(mirror.unit('hublet-b.service')?.loaded).toBe(false);
  });

  it('of a unit that looks the same proves nothing after signals were missed', () => {
    startup(1, first, 100);
    mirror.applyServiceProperties(unit, serviceProperties());
    expect(mirror.unread()).toEqual([]);

    mirror.markStale();
    mirror.applyList([row({})]);

    expect(mirror.unread()).toEqual([unit]);
    expect(mirror.confirm(unit, second)).toBe(false);
    expect(mirror.confirm(unit, first)).toBe(true);
    expect(mirror.unread()).toEqual([]);
  });
});

describe('a reading', () => {
  it('of a unit that is gone gives nothing, and takes nothing away', () => {
    startup(1, first, 100);
    tell(service({ result: 'signal', mainPid: 0 }), changed({ activeState: 'failed', job: 0 }), {
      kind: 'unitRemoved',
      unit,
    });

    mirror.applyUnitProperties(unit, { LoadState: 'not-found', ActiveState: 'inactive' });
    mirror.applyServiceProperties(unit, { Result: 'success' });

    expect(state()).toMatchObject({ loaded: false, result: 'signal', activeState: 'failed' });
  });

  it('is no news of the unit by itself', () => {
    startup(1, first, 100);

    expect(mirror.applyServiceProperties(unit, serviceProperties())).toEqual([]);

    expect(state()).toMatchObject({
      controlGroup: '/hublet.slice/a',
      marks: { server: 'a', instance: 'i', hash: 'h' },
      live: { MemoryMax: 5n },
    });
  });
});

describe('forgetting', () => {
  it('has no effect on a loaded unit', () => {
    startup(1, first, 100);
    mirror.forget(unit);
    expect(state().loaded).toBe(true);

    tell({ kind: 'unitRemoved', unit });
    mirror.forget(unit);

    expect(mirror.unit(unit)).toBeUndefined();
  });
});

it('any signals in any order, doubled or lost, end where the last snapshot and listing say', () => {
  const states = ['inactive', 'activating', 'active', 'deactivating', 'failed'] as const;
  const noise = fc.oneof(
    fc.record({ kind: fc.constant('jobNew' as const), unit: fc.constant(unit), job: fc.nat(3) }),
    fc.record({
      kind: fc.constant('jobRemoved' as const),
      unit: fc.constant(unit),
      job: fc.nat(3),
      result: fc.constant('done'),
    }),
    fc.record({ kind: fc.constant('unitRemoved' as const), unit: fc.constant(unit) }),
    fc.record({ kind: fc.constant('reloading' as const), isActive: fc.boolean() }),
    fc
      .record({
        activeState: fc.constantFrom(...states),
        job: fc.nat(3),
        invocationId: fc.constantFrom('', first, second),
      })
      .map((facts) => changed(facts)),
    fc.record({ mainPid: fc.nat(9) }).map((facts) => service(facts)),
  );
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 30 }), fc.constantFrom(...states), (signals, activeState) => {
      mirror = new UnitMirror([]);
      for (const signal of signals) mirror.apply(signal);
      tell(
        service({ mainPid: 42, result: 'success' }),
        changed({ activeState, subState: 'x', job: 0, invocationId: first }),
      );
      mirror.applyList([row({ activeState, subState: 'x' })]);

      expect(state()).toMatchObject({ loaded: true, activeState, hasJob: false, mainPid: 42, invocationId: first });

      mirror.applyList([]);
      expect(state()).toMatchObject({ loaded: false, hasJob: false });
      expect(hasEnded(state())).toBe(true);
    }),
  );
});

function state() {
  const now = mirror.unit(unit);
  if (now === undefined) throw new Error('the unit is not known');
  return now;
}

function tell(...signals: readonly SystemdSignal[]): readonly string[] {
  return signals.flatMap((signal) => mirror.apply(signal));
}

/** The signals of a start, as measured: Service before Unit, JobRemoved before the last pair. */
function startup(job: number, invocationId: string, pid: number): void {
  tell(
    jobNew(job),
    service({ mainPid: 0, result: 'success', execMainCode: 0, execMainStatus: 0 }),
    changed({ activeState: 'inactive', subState: 'dead', job, invocationId: '' }),
    service({ mainPid: pid, result: 'success', execMainCode: 0, execMainStatus: 0 }),
    changed({ activeState: 'activating', subState: 'start', job, invocationId }),
    changed({ activeState: 'active', subState: 'running', job, invocationId, activeSinceMs: 5 }),
    jobRemoved(job, 'done'),
    changed({ activeState: 'active', subState: 'running', job: 0, invocationId, activeSinceMs: 5 }),
  );
}

function jobNew(job: number): SystemdSignal {
  return { kind: 'jobNew', unit, job };
}

function jobRemoved(job: number, result: string): SystemdSignal {
  return { kind: 'jobRemoved', unit, job, result };
}

function changed(facts: UnitFacts): SystemdSignal {
  return { kind: 'unitChanged', unit, facts: { invocationId: first, ...facts } };
}

function service(facts: (SystemdSignal & { kind: 'serviceChanged' })['service']): SystemdSignal {
  return { kind: 'serviceChanged', unit, service: facts };
}

function row(more: Partial<UnitRow>): UnitRow {
  return { name: unit, loadState: 'loaded', activeState: 'active', subState: 'running', job: 0, jobType: '', ...more };
}

function serviceProperties(): Record<string, unknown> {
  const marks = ['HUBLET_SERVER=a', 'HUBLET_INSTANCE=i', 'HUBLET_UNIT_HASH=h'];
  return {
    MainPID: 100,
    ControlGroup: '/hublet.slice/a',
    MemoryMax: 5n,
    LogExtraFields: marks.map((mark) => new TextEncoder().encode(mark)),
  };
}
