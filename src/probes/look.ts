/** Who listens on a port, before anybody connects to it. */
import type { ProbeOutcome } from '../machines/probe.machine.ts';
import type { ListenerTable } from './listeners.ts';
import type { ProcessOwner } from './processOwner.ts';
import { ownerOf } from './socketOwner.ts';
import type { ProbeTarget } from './types.ts';

/** What looking at the port told, before any connection. `connect`: the server's own account listens. */
export type Look = 'connect' | { readonly outcome: ProbeOutcome; readonly message: string };

/** A look costs a thousandth of a connection, and tells apart a server that is late from another account's socket. */
export function lookAt(
  port: number,
  wanted: ProbeTarget['owner'],
  listeners: ListenerTable,
  processOwner: ProcessOwner,
): Look {
  let owner: ReturnType<typeof ownerOf>;
  let uid: number | undefined;
  try {
    uid = wanted.kind === 'account' ? wanted.uid : ownerOfMain(wanted.pid, processOwner);
    owner = ownerOf(listeners().get(port) ?? []);
  } catch (err) {
    const what = err instanceof Error ? err.message : String(err);
    return { outcome: 'notMade', message: `the probe could not be made: ${what}` };
  }
  switch (owner.kind) {
    case 'nobody':
      return { outcome: 'absent', message: `nothing listens on 127.0.0.1:${port}` };
    case 'account':
      if (uid === undefined) return { outcome: 'notMade', message: 'the main process is not there to be asked about' };
      if (owner.uid === uid) return 'connect';
      return {
        outcome: 'taken',
        message: `port ${port} is held by uid ${owner.uid}, not by the server's account (uid ${uid})`,
      };
    case 'several':
      return { outcome: 'taken', message: `port ${port} is shared by the uids ${owner.uids.join(', ')}` };
  }
}

/** Pid 0 is what systemd tells where there is no main process, and would be this process's own group elsewhere. */
function ownerOfMain(pid: number, processOwner: ProcessOwner): number | undefined {
  return pid === 0 ? undefined : processOwner(pid);
}
