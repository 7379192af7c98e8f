import { describe, expect, test } from 'vitest';
import {
  parseCpuMax,
  parseCpuStat,
  parseIoStat,
  parseMemoryEvents,
  parseMemoryStat,
  parsePressure,
  parseSingle,
  toUsage,
} from '../../../src/cgroup/parse.ts';
import { FULL_CGROUP } from './tree.ts';

describe('cpu.stat', () => {
  test('is seconds and counts', () => {
    expect(parseCpuStat(FULL_CGROUP['cpu.stat'] ?? '')).toEqual({
      cpuUserSeconds: 2,
      cpuSystemSeconds: 1,
      cpuPeriods: 40,
      cpuThrottledPeriods: 4,
      cpuThrottledSeconds: 0.5,
    });
  });

  test('has no periods and no throttling where the cpu controller is off', () => {
    const usage = parseCpuStat('usage_usec 3\nuser_usec 2\nsystem_usec 1\nnice_usec 0\n');
    expect(Object.keys(usage)).toEqual(['cpuUserSeconds', 'cpuSystemSeconds']);
  });

  test('of nothing is nothing', () => {
    expect(parseCpuStat('')).toEqual({});
  });
});

describe('cpu.max', () => {
  test.each([
    ['50000 100000\n', 0.5],
    ['115000 100000\n', 1.15],
    ['max 100000\n', undefined],
    ['max\n', undefined],
    ['', undefined],
  ])('%j is %s cores', (text, cores) => {
    expect(parseCpuMax(text)).toBe(cores);
  });
});

test('a limit of "max" is absent and a number is itself', () => {
  expect(parseSingle('max\n')).toBeUndefined();
  expect(parseSingle('2147483648\n')).toBe(2147483648);
  expect(parseSingle('0\n')).toBe(0);
});

test('memory.stat keys are whole words at the start of a line', () => {
  const text = 'anon_thp 5\nanon 1\nfile_mapped 6\nfile 2\nactive_file 7\ninactive_file 3\nworkingset_refault_file 8';
  expect(parseMemoryStat(text)).toEqual({ anonBytes: 1, fileBytes: 2, inactiveFileBytes: 3 });
});

test('memory.events tells oom_kill from oom and oom_group_kill', () => {
  expect(parseMemoryEvents('low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n')).toEqual({
    low: 1,
    high: 2,
    max: 3,
    oom: 4,
    oomKill: 5,
  });
});

test('memory.events with a count missing is absent as a whole', () => {
  expect(parseMemoryEvents('low 1\nhigh 2\nmax 3\noom 4\n')).toBeUndefined();
});

describe('io.stat', () => {
  test('is summed over the devices', () => {
    expect(parseIoStat(FULL_CGROUP['io.stat'] ?? '')).toEqual({
      ioReadBytes: 5096,
      ioWriteBytes: 8192,
      ioReads: 4,
      ioWrites: 2,
    });
  });

  test('without a device is nothing read and nothing written', () => {
    expect(parseIoStat('')).toEqual({ ioReadBytes: 0, ioWriteBytes: 0, ioReads: 0, ioWrites: 0 });
  });

  test('has devices of which nothing is known', () => {
    expect(parseIoStat('8:0 \n8:16 rbytes=1 wbytes=2 rios=3 wios=4 cost.usage=5\n')).toEqual({
      ioReadBytes: 1,
      ioWriteBytes: 2,
      ioReads: 3,
      ioWrites: 4,
    });
  });
});

describe('pressure', () => {
  test('is the total of both lines, in seconds', () => {
    expect(parsePressure(FULL_CGROUP['memory.pressure'] ?? '')).toEqual({ waitingSeconds: 2.5, stalledSeconds: 0.25 });
  });

  test('of the CPU has no second line before Linux 5.13', () => {
    expect(parsePressure('some avg10=0.00 avg60=0.00 avg300=0.00 total=7000000\n')).toEqual({ waitingSeconds: 7 });
  });

  test('is absent where the file says nothing', () => {
    expect(parsePressure('')).toBeUndefined();
  });
});

describe('usage', () => {
  test('leaves out limits that are not set', () => {
    const usage = toUsage(FULL_CGROUP, 5);
    expect(usage).toMatchObject({
      sampledAtMs: 5,
      memoryCurrentBytes: 104857600,
      tasks: 7,
      memoryPeakBytes: 209715200,
    });
    for (const limit of ['cpuLimitCores', 'memoryLimitBytes', 'memoryHighBytes', 'tasksLimit']) {
      expect(usage).not.toHaveProperty(limit);
    }
  });

  test('has the limits that are set', () => {
    const limits = { 'cpu.max': '200000 100000\n', 'memory.max': '512\n', 'memory.high': '256\n', 'pids.max': '9\n' };
    expect(toUsage({ ...FULL_CGROUP, ...limits }, 0)).toMatchObject({
      cpuLimitCores: 2,
      memoryLimitBytes: 512,
      memoryHighBytes: 256,
      tasksLimit: 9,
    });
  });

  test('counts the working set as what is in use less inactive file cache', () => {
    expect(toUsage(FULL_CGROUP, 0).memoryWorkingSetBytes).toBe(104857600 - 31457280);
  });

  test('never has a working set below 0', () => {
    const texts = { 'memory.current': '10\n', 'memory.stat': 'anon 0\nfile 20\ninactive_file 20\n' };
    expect(toUsage(texts, 0).memoryWorkingSetBytes).toBe(0);
  });

  test('of no files is a time only', () => {
    expect(toUsage({}, 1)).toEqual({ sampledAtMs: 1 });
  });
});
