import { readFileSync } from 'node:fs';

/** A process as /proc knows it: the number alone may belong to another one later, number and start time together never do. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot (proc(5), /proc/pid/stat field 22). */
  readonly startTicks: string;
}

/** The identity of a living process; absent when there is none of that number, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (err) {
    const code = (err as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw err;
  }
  // The second field is the command in parentheses and may hold blanks; the third is the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' || startTicks === undefined ? undefined : { pid, startTicks };
}

/** Whether that very process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks;
}

/** Kills that very process and waits until it is gone. One that is gone already is no error. */
export async function end(identity: ProcessIdentity): Promise<void> {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, 'SIGKILL');
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ESRCH') throw err;
  }
  while (isAlive(identity)) await new Promise((resolve) => setTimeout(resolve, 5));
}
