import type { UnitPosition } from '../machines/server.machine.ts';
import type { ProbeVerdict } from '../probes/types.ts';
import type { SpecRecord } from '../source/types.ts';
import type { UnitState } from '../systemd/port.ts';
import type { ServerEntry } from './entry.ts';

/** All that is known of a server at the end of a look at it: conditions, phase and status are made from this alone. */
export interface ServerView {
  readonly entry: ServerEntry;
  /** Undefined: no source knows the name (an orphan). */
  readonly record: SpecRecord | undefined;
  readonly unit: UnitState | undefined;
  readonly position: UnitPosition;
  /** A unit of this name is loaded that is not ours. */
  readonly isForeign: boolean;
  readonly verdict: ProbeVerdict | undefined;
  /** Live properties that differ from the plan's, by D-Bus name. */
  readonly drifted: readonly string[];
  /** Processes of the present run that the kernel killed for memory. */
  readonly memoryKills: number;
  /** What runs differs from the spec in something that only a restart changes. */
  readonly isUpdatePending: boolean;
  /** Waits for its turn to start. */
  readonly isQueued: boolean;
  /** The stop takes longer than its grace period allows. */
  readonly isUnkillable: boolean;
  /** How long the bus has been away; 0 while it is there. */
  readonly busLostMs: number;
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** The bus may be away this long before statuses say Unknown: a restart of dbus takes less. */
export const BUS_GRACE_MS = 10_000;
