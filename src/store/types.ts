import type { KeyObject } from 'node:crypto';
import type { KnownIdleness } from '../idle/types.ts';
import type { BackoffReason } from '../machines/server.machine.ts';
import type { ProbeFailure } from '../probes/types.ts';
import type { DeletionPolicy } from '../spec/types.ts';
import type { LastExit } from '../status/types.ts';

/** What the controller remembers of a server within one boot; survives its own restarts, lost with the boot. */
export interface ServerMemory {
  readonly name: string;
  readonly bootId: string;
  /** The invocation last seen or started by us; empty: none. */
  readonly invocationId: string;
  /** The last invocation whose end was dealt with; empty: none. Its end is not counted again. */
  readonly endedInvocationId: string;
  /** The invocation that a stop of ours was sent for: however it ends, that was asked for; empty: none. */
  readonly stopAskedOf: string;
  /** What that stop was for, where it was its probes: its end counts as a failure then; null: anything else. */
  readonly stopFor: ProbeFailure | null;
  /** The invocation whose startup probe succeeded, or that had none; empty: none. */
  readonly startedUpOf: string;
  /** Wall time of that start. */
  readonly startedAtMs: number;
  readonly readyAtMs: number | null;
  /** CLOCK_MONOTONIC in milliseconds from which the age of its run counts; null: it has none. */
  readonly ageFromMs: number | null;
  /** Why it was stopped and stays down until something frees it; null where it wasn't. */
  readonly held: HeldMemory | null;
  /** How long its run has been idle, where it is; null: it is not, or it is not asked for. */
  readonly idle: KnownIdleness | null;
  /** Whether its window was open when that was last told of; null: it had none. */
  readonly isWindowOpen: boolean | null;
  /** Starts that followed an end nobody asked for, within this boot; never reset. */
  readonly restartsTotal: number;
  /** Restarts after failures since the count was last reset; the backoff grows with it. */
  readonly restarts: number;
  /** Why it stays down, and until when in monotonic time, the same for every process of this boot; null: not backing off. */
  readonly backoff: { readonly untilMs: number; readonly reason: BackoffReason } | null;
  /** Value of the annotation hublet/restartedAt that the running unit answers for; empty: there was none; null: not known. */
  readonly restartedAt: string | null;
  /** What of its file, its profile and its pool the present run was started with, see reconciler/startedWith.ts; null: not known. */
  readonly startedWith: string | null;
  /** What is to become of it when its file goes, as its spec last said. */
  readonly deletionPolicy: DeletionPolicy;
  /** Limits of the spec that the present run was last seen to have, as text; empty: none seen yet. */
  readonly limitsInForce: string;
  /** Generation of the spec last acted on; 0: none. */
  readonly generation: number;
  /** Why it is down for good until its spec changes; null where it isn't. */
  readonly ended: 'Exited' | 'Failed' | null;
  readonly lastExit: LastExit | null;
}

/** See reconciler/lifecycle.ts. */
export interface HeldMemory {
  readonly kind: 'age' | 'idle';
  readonly generation: number;
  readonly untilMs: number | null;
}

/** Files below the runtime directory that belong to one boot. */
export interface RuntimeStore {
  readMemory(name: string): ServerMemory | undefined;
  /** Written and renamed at once, not synced: it need not outlive the boot. @throws on a full or read-only file system */
  writeMemory(memory: ServerMemory): void;
  removeMemory(name: string): void;
  /** Removes every memory but those of the servers named. */
  sweepMemories(names: ReadonlySet<string>): void;
  /** 0400, written and renamed. @throws on a full or read-only file system */
  writeEnvironment(path: string, text: string): void;
  removeEnvironment(path: string): void;
  /** Removes every environment file that is not in `keep`: left over from units that ended unseen. */
  sweepEnvironment(keep: ReadonlySet<string>): void;
}

/** Ports given to servers, kept over reboots. */
export interface PortStore {
  readonly ports: ReadonlyMap<string, number>;
  /** Written before it returns, on disk within a second. @throws on a full or read-only file system */
  assign(name: string, port: number): void;
  release(name: string): void;
  /** Brings everything written to disk and stops timers. */
  close(): void;
}

/** Servers that were left to run without hublet in this boot (deletionPolicy: Orphan) and whose units have not ended. */
export interface ReleasedStore {
  readonly names: ReadonlySet<string>;
  /** Written before it returns. @throws on a full or read-only file system */
  add(name: string): void;
  remove(name: string): void;
}

/** Pools whose slices carry limits of ours in this boot. */
export interface PoolStore {
  readonly pools: ReadonlySet<string>;
  /** Written before it returns. @throws on a full or read-only file system */
  add(pool: string): void;
  remove(pool: string): void;
}

/** Who this installation is. Made at the first start, never changed. */
export interface Instance {
  readonly id: string;
  /** 32 random bytes, ready for use: to make them so costs more than a digest. */
  readonly key: KeyObject;
}
