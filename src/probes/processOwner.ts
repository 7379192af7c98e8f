import { readFileSync } from 'node:fs';
import { hasErrorCode } from '../store/files.ts';

/** The uid that a process acts as; undefined: it has ended. @throws where /proc can't be read */
export type ProcessOwner = (pid: number) => number | undefined;

/** Reads the owner in `/proc/<pid>/status`: the effective uid, which the kernel gives to the sockets that the process makes. @see proc_pid_status(5) */
export function readProcessOwner(pid: number, directory = '/proc'): number | undefined {
  try {
    return parseProcessOwner(readFileSync(`${directory}/${pid}/status`, 'latin1'));
  } catch (err) {
    if (hasErrorCode(err, 'ENOENT') || hasErrorCode(err, 'ESRCH')) return undefined;
    throw err;
  }
}

/** The effective uid in the text of a `/proc/<pid>/status`; undefined where it has none. */
export function parseProcessOwner(status: string): number | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  return uid === undefined ? undefined : Number(uid);
}
