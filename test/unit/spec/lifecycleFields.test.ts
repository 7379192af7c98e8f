import { describe, expect, it } from 'vitest';
import { parseSpec } from '../../../src/spec/parse.ts';
import { formatProblem } from '../../../src/spec/problems.ts';
import { wholeSpec } from '../../fakes/wholeSpec.ts';

function text(...lines: string[]): string {
  const body = lines.map((line) => `  ${line}\n`).join('');
  return `apiVersion: hublet/v1\nkind: Server\nmetadata:\n  name: alice\nspec:\n  command: [sleep]\n${body}`;
}

function messages(...lines: string[]): readonly string[] {
  const parsed = parseSpec(text(...lines), 'alice');
  if (parsed.kind !== 'invalid') throw new Error(`it is ${parsed.kind}`);
  return parsed.problems.map((problem) => formatProblem('alice.yaml', problem));
}

describe('schedule, idle and maxAge', () => {
  it('are read, with what they mean where nothing is written', () => {
    const spec = wholeSpec(
      text(
        'schedule: {timeZone: Europe/Berlin, windows: [{start: "0 8 * * mon-fri", stop: "30 17 * * mon-fri"}]}',
        'idle: {timeout: 2m}',
        'maxAge: 1h30m',
      ),
      'alice',
    );
    expect(spec.schedule).toMatchObject({ timeZone: 'Europe/Berlin', overrun: 'stop' });
    expect(spec.schedule?.windows[0]?.stop).toMatchObject({ text: '30 17 * * mon-fri', minutesOfDay: [1050] });
    expect(spec.idle).toEqual({
      timeoutMs: 120_000,
      checks: ['cpu', 'connections'],
      cpuCores: 0.05,
      warnBeforeMs: 120_000,
    });
    expect(spec.maxAgeMs).toBe(5_400_000);
  });

  it('measure by CPU alone what nobody can connect to', () => {
    expect(wholeSpec(text('port: none', 'idle: {timeout: 1h}'), 'alice').idle?.checks).toEqual(['cpu']);
    const alone = text('sandbox: {privateNetwork: true}', 'idle: {timeout: 1h}');
    expect(wholeSpec(alone, 'alice').idle?.checks).toEqual(['cpu']);
  });

  it('tell when it is idle enough to be started anew for a change: as its owner says, and no later than its stop', () => {
    expect(wholeSpec(text(), 'alice')).toMatchObject({ updateStrategy: 'OnRestart' });
    const idleOf = (...lines: string[]) => wholeSpec(text('updateStrategy: WhenIdle', ...lines), 'alice').updateIdle;
    expect(idleOf()).toEqual({ checks: ['cpu', 'connections'], cpuCores: 0.05, quietMs: 600_000 });
    expect(idleOf('port: none')?.checks).toEqual(['cpu']);
    const own = { checks: ['http'], cpuCores: 0.1, quietMs: 120_000 };
    expect(idleOf('idle: {timeout: 2m, check: [http], cpuCores: 100m}')).toEqual(own);
    expect(idleOf('idle: {timeout: 2h}')?.quietMs).toBe(600_000);
    expect(wholeSpec(text('updateStrategy: Immediate'), 'alice').updateIdle).toBeUndefined();
  });

  it.each<[string[], string[]]>([
    [
      ['schedule: {windows: [{start: "0 8 * *", stop: "0 25 * * *"}]}'],
      [
        'alice.yaml:7:32: spec.schedule.windows[0].start: must have five fields: write minute, hour, day of the month, month and weekday, such as "0 8 * * mon-fri"',
        'alice.yaml:7:49: spec.schedule.windows[0].stop: has "25" in it, which is no hour (0-23): write minute, hour, day of the month, month and weekday, such as "0 8 * * mon-fri"',
      ],
    ],
    [['schedule: {windows: []}'], ['alice.yaml:7:23: spec.schedule.windows: must not be an empty list']],
    [
      ['schedule: {timeZone: Mars/Base, windows: [{start: "0 8 * * *", stop: "0 9 * * *"}]}'],
      [
        'alice.yaml:7:24: spec.schedule.timeZone: is not a time zone: write one such as Europe/Berlin or UTC (timedatectl list-timezones)',
      ],
    ],
    [['idle: {timeout: 59s}'], ['alice.yaml:7:19: spec.idle.timeout: must be at least 60s']],
    [['maxAge: 0'], ['alice.yaml:7:11: spec.maxAge: must be more than zero']],
    [
      ['port: none', 'idle: {timeout: 1h, check: [cpu, http]}'],
      ["alice.yaml:8:36: spec.idle.check[1]: can't be measured: spec.port is none"],
    ],
    [
      ['sandbox: {privateNetwork: true}', 'idle: {timeout: 1h, check: [connections]}'],
      [
        "alice.yaml:8:31: spec.idle.check[0]: can't be measured: with sandbox.privateNetwork nobody outside can reach the server",
      ],
    ],
  ])('%j', (lines, expected) => {
    expect(messages(...lines)).toEqual(expected);
  });
});
