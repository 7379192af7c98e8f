import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readAdminSettings } from '../../../src/systemd/dropIns.ts';
import { FakeLog } from '../../fakes/log.ts';

let directory: string;
let log: FakeLog;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-drop-ins-'));
  log = new FakeLog();
});

afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

it('finds what drop-ins set for a service or a slice, and which file does', () => {
  const one = write('a.conf', '# made by hand\n[Service]\nMemoryMax=1G\n  CPUQuota = 50%\n; TasksMax=4\n');
  const two = write('b.conf', '[Unit]\nDescription=x\n[Slice]\nTasksMax=\n[Install]\nAlias=y\n');
  expect([...readAdminSettings([one, two], log)]).toEqual([
    ['MemoryMax', one],
    ['CPUQuota', one],
    ['TasksMax', two],
  ]);
});

it('takes what came with the system or ends with the boot for nobody’s wish, without reading it', () => {
  const paths = [
    '/run/systemd/system.control/hublet-a.service.d/50-MemoryMax.conf',
    '/run/user/1000/systemd/user.control/hublet-a.service.d/50-MemoryMax.conf',
    '/usr/lib/systemd/system/service.d/10-timeout.conf',
  ];
  expect(readAdminSettings(paths, log).size).toBe(0);
  expect(log.complaints()).toEqual([]);
});

it('says that a drop-in could not be read, and goes by the others', () => {
  const there = write('c.conf', '[Service]\nCPUWeight=20\n');
  expect([...readAdminSettings([join(directory, 'gone.conf'), there], log).keys()]).toEqual(['CPUWeight']);
  expect(log.complaints()).toEqual(['a drop-in of a unit could not be read']);
});
