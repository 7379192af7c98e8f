import { readFileSync } from 'node:fs';

/** From /proc: a tick is 10 ms on every architecture that Linux runs Node on. */
const TICKS_PER_SECOND = 100;

/** CPU time of a service of the system manager, its helper processes included. */
export function serviceCpuSeconds(unit: string): number {
  const text = readFileSync(`/sys/fs/cgroup/system.slice/${unit}/cpu.stat`, 'utf8');
  const [, usec] = /^usage_usec (\d+)/m.exec(text) ?? [];
  return Number(usec) / 1e6;
}

/** CPU time of the children that were waited for, and of theirs. @see proc(5), cutime and cstime */
export function childrenCpuSeconds(): number {
  const text = readFileSync('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}
