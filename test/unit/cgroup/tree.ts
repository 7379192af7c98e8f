import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../../src/log.ts';

/** The files of a cgroup with every controller on and no limit set. */
export const FULL_CGROUP: Readonly<Record<string, string>> = {
  'cpu.stat':
    'usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\nnr_periods 40\nnr_throttled 4\nthrottled_usec 500000\n',
  'cpu.max': 'max 100000\n',
  'memory.current': '104857600\n',
  'memory.stat': 'anon 62914560\nfile 41943040\nkernel 1000\nactive_file 10485760\ninactive_file 31457280\n',
  'memory.events': events({}),
  'memory.max': 'max\n',
  'memory.high': 'max\n',
  'memory.swap.current': '4096\n',
  'memory.peak': '209715200\n',
  'pids.current': '7\n',
  'pids.max': 'max\n',
  'io.stat':
    '8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:1 rbytes=1000 wbytes=0 rios=3 wios=0 dbytes=9 dios=9\n',
  'cpu.pressure': pressure(1.5, 0.5),
  'memory.pressure': pressure(2.5, 0.25),
  'io.pressure': pressure(3.5, 0.125),
};

export function events(counts: { readonly high?: number; readonly oom?: number; readonly oomKill?: number }): string {
  return `low 0\nhigh ${counts.high ?? 0}\nmax 0\noom ${counts.oom ?? 0}\noom_kill ${counts.oomKill ?? 0}\noom_group_kill 0\n`;
}

export function pressure(someSeconds: number, fullSeconds: number): string {
  const line = (word: string, seconds: number) => `${word} avg10=0.10 avg60=1.00 avg300=0.00 total=${seconds * 1e6}\n`;
  return line('some', someSeconds) + line('full', fullSeconds);
}

export function cpuStat(userSeconds: number, systemSeconds: number): string {
  return `usage_usec ${(userSeconds + systemSeconds) * 1e6}\nuser_usec ${userSeconds * 1e6}\nsystem_usec ${systemSeconds * 1e6}\n`;
}

/** A made-up cgroup hierarchy in a temporary directory. */
export class CgroupTree {
  readonly root: string;

  constructor(parent: string = tmpdir()) {
    this.root = mkdtempSync(join(parent, 'hublet-cgroup-'));
  }

  make(controlGroup: string, files: Readonly<Record<string, string>> = FULL_CGROUP): void {
    mkdirSync(join(this.root, controlGroup), { recursive: true });
    for (const [file, text] of Object.entries(files)) this.write(controlGroup, file, text);
  }

  /** Replaces a file's text in place, as readings of the kernel's files change. */
  write(controlGroup: string, file: string, text: string): void {
    writeFileSync(join(this.root, controlGroup, file), text);
  }

  remove(controlGroup: string): void {
    rmSync(join(this.root, controlGroup), { recursive: true });
  }

  dispose(): void {
    rmSync(this.root, { recursive: true });
  }
}

/** A log that keeps the messages of warnings and errors. */
export function recordingLog(): Log & { readonly warnings: string[]; readonly errors: string[] } {
  const warnings: string[] = [];
  const errors: string[] = [];
  const log = {
    warnings,
    errors,
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields: unknown, message: string) => void warnings.push(message),
    error: (_fields: unknown, message: string) => void errors.push(message),
    child: () => log,
  };
  return log;
}
