import { describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/status/types.ts';
import type { Facts } from '../../chaos/facts.ts';
import { firstFiles } from '../../chaos/files.ts';
import { judge } from '../../chaos/judge.ts';
import { judgeLog } from '../../chaos/log.ts';
import { modelAfter, settledModel } from '../../chaos/model.ts';
import { FIRST_WISH, SUBJECTS } from '../../chaos/servers.ts';
import type { Action, Wish } from '../../chaos/steps.ts';

const begun = settledModel(firstFiles());
const well = factsOf({});

describe('a look at the machine', () => {
  it('finds nothing where everything is as the files say', () => {
    const { problems, found } = judge(begun, well, well);
    expect(problems).toEqual([]);
    expect(found.size).toBe(SUBJECTS.length);
  });

  it('finds a run that nobody asked for, whether it is counted or seen', () => {
    const another = factsOf({ s0: { invocationId: 'other' } });
    expect(judge(begun, well, another).problems).toEqual([
      { kind: 'wrong', about: 's0', text: 'run run-of-s0 became other, and nobody asked for that' },
    ]);
    const counted = { ...well, starts: new Map([['hublet-s0.service', 1]]) };
    expect(judge(begun, well, counted).problems).toEqual([
      { kind: 'wrong', about: 's0', text: '1 runs have begun, 0 were asked for' },
    ]);
    const killed = doing({ kind: 'kill server', name: 's0', signal: 'KILL' });
    expect(judge(killed, well, { ...another, starts: counted.starts }).problems).toEqual([]);
  });

  it('waits for the journal to have a run that was asked for', () => {
    const killed = doing({ kind: 'kill server', name: 's0', signal: 'KILL' });
    const another = factsOf({ s0: { invocationId: 'other' } });
    expect(judge(killed, well, another).problems).toMatchObject([{ kind: 'unsettled', about: 's0' }]);
  });

  it('finds a server that goes by a spec that was never written', () => {
    const odd = factsOf({ s0: { wish: { ...FIRST_WISH, edit: 44 } } });
    expect(judge(begun, well, odd).problems).toEqual([
      { kind: 'wrong', about: 's0', text: 'goes by edit 44; it may be one of 0' },
    ]);
  });

  it('waits for a limit, a run and a spec on disk that are on their way', () => {
    const wish = { ...FIRST_WISH, edit: 5, memoryMebibytes: 128 };
    const wanted = doing({ kind: 'write', name: 's0', wish, manner: 'renamed' });
    expect(judge(wanted, well, well).problems).toContainEqual({
      kind: 'unsettled',
      about: 's0',
      text: 'goes by edit 0, not by 5',
    });
    expect(judge(wanted, well, factsOf({ s0: { wish, generation: 2 } })).problems).toEqual([]);
    const unstored = factsOf({ s0: { wish, generation: 2, storedEdit: 0 } });
    expect(judge(wanted, well, unstored).problems).toEqual([
      { kind: 'unsettled', about: 's0', text: 'edit 0 is stored as its last good spec, it goes by 5' },
    ]);
    const unlimited = factsOf({ s0: { wish, generation: 2, memoryMaxBytes: `${64 * 2 ** 20}` } });
    expect(judge(wanted, well, unlimited).problems).toHaveLength(1);
  });

  it('finds a spec that was taken more often than it was written', () => {
    expect(judge(begun, well, factsOf({ s0: { generation: 2 } })).problems).toMatchObject([
      { kind: 'wrong', about: 's0' },
    ]);
  });

  it('finds units, processes and files that belong to nobody, and one that runs twice', () => {
    const unit = well.units.get('hublet-s0.service');
    if (unit === undefined) throw new Error('no unit of s0');
    const process = { pid: 9, server: 's0', version: 0, controlGroup: '/elsewhere' };
    const odd: Facts = {
      ...well,
      units: new Map([...well.units, ['hublet-stranger.service', unit]]),
      processes: [...well.processes, process],
      kept: new Map([['/run/hublet/status', 21]]),
    };
    const problems = judge(begun, well, odd).problems.map(({ about, text }) => `${about}: ${text}`);
    expect(problems).toEqual([
      's0: process 9 is in /elsewhere: another run',
      'leftovers: nobody asked for hublet-stranger.service, it is active',
      'leftovers: /run/hublet/status has 21 files, there are 20 servers',
    ]);
  });

  it('finds what is left of a deleted server', () => {
    const problems = judge(doing({ kind: 'delete', name: 's0' }), well, well).problems;
    expect(problems).toContainEqual({ kind: 'unsettled', about: 's0', text: 'its file is gone, its unit is active' });
    expect(problems.filter(({ about }) => about === 'leftovers').length).toBeGreaterThan(0);
  });

  it('waits for a controller that is up and says that all is well around it', () => {
    const away = { ...well, controller: { ...well.controller, state: 'activating' } };
    expect(judge(begun, well, away).problems).toMatchObject([{ kind: 'unsettled', about: 'controller' }]);
  });
});

describe("the controller's log", () => {
  it('may hold no error and no stack', () => {
    const rows = ['{"level":"info","msg":"fine"}', '{"level":"error","msg":"bad"}', 'TypeError: x', '    at y.ts:1:1'];
    expect(judgeLog(begun, rows, []).map(({ text }) => text)).toEqual(rows.slice(1));
  });

  it('may tell of full disks while disks are full', () => {
    const row = '{"level":"error","msg":"not stored","err":{"code":"ENOSPC","message":"no space"}}';
    expect(judgeLog(begun, [row], [])).toHaveLength(1);
    expect(judgeLog(doing({ kind: 'disk full', which: 'both', seconds: 1 }), [row], [])).toEqual([]);
  });

  it('may tell of kills alone as ends of the controller', () => {
    const killed = 'hublet.service: Main process exited, code=killed, status=9/KILL';
    const failed = 'hublet.service: Main process exited, code=exited, status=1/FAILURE';
    expect(judgeLog(begun, [], [killed, failed])).toEqual([{ kind: 'wrong', about: 'controller', text: failed }]);
  });
});

function doing(action: Action) {
  return modelAfter(begun, { number: 1, pauseMs: 0, action });
}

interface Oddity {
  readonly wish?: Wish;
  readonly generation?: number;
  readonly storedEdit?: number;
  readonly invocationId?: string;
  readonly memoryMaxBytes?: string;
}

/** What a look shows where all is well but these. */
function factsOf(oddities: Readonly<Record<string, Oddity>>): Facts {
  const servers = SUBJECTS.map(({ name }, index) => ({
    name,
    pid: 100 + index,
    group: `/hublet.slice/hublet-${name}.service`,
    generation: 1,
    wish: FIRST_WISH,
    invocationId: `run-of-${name}`,
    ...oddities[name],
  }));
  const conditions = [
    { type: 'Accepted', status: 'True' },
    { type: 'UpdatePending', status: 'False' },
  ];
  return {
    controller: { state: 'active', pid: 7, memoryBytes: 1 },
    host: {
      pid: 7,
      conditions: [
        { type: 'BusConnected', status: 'True' },
        { type: 'PruneHeld', status: 'False' },
        { type: 'WatchDegraded', status: 'False' },
      ],
    } as unknown as Facts['host'],
    statuses: new Map(
      servers.map(({ name, pid, generation, wish, invocationId }) => [
        name,
        {
          metadata: { name, generation, labels: { edit: `${wish.edit}` } },
          status: {
            phase: 'Ready',
            mainPid: pid,
            invocationId,
            applied: { memoryMaxBytes: wish.memoryMebibytes * 2 ** 20 },
            conditions,
          },
        } as unknown as ServerStatus,
      ]),
    ),
    units: new Map(
      servers.map(({ name, pid, group, wish, invocationId, memoryMaxBytes }) => [
        `hublet-${name}.service`,
        {
          state: 'active',
          invocationId,
          mainPid: pid,
          memoryMaxBytes: memoryMaxBytes ?? `${wish.memoryMebibytes * 2 ** 20}`,
          controlGroup: group,
        },
      ]),
    ),
    processes: servers.map(({ name, pid, group, wish }) => ({
      pid,
      server: name,
      version: wish.version,
      controlGroup: group,
    })),
    kept: new Map([['/run/hublet/status', SUBJECTS.length]]),
    lastGoods: new Map(servers.map(({ name, wish, storedEdit }) => [name, storedEdit ?? wish.edit])),
    starts: new Map(),
    ends: [],
    log: [],
    cursor: '',
  };
}
