import type { KeyObject } from 'node:crypto';
/** A property as StartTransientUnit and SetUnitProperties take it. 64-bit values are `bigint`, byte arrays `Uint8Array`. */
export interface UnitProperty {
  readonly name: string;
  /** D-Bus type signature of `value`, such as `t` or `a(sasb)`. */
  readonly signature: string;
  readonly value: unknown;
}

/** Everything systemd must be told for one server, made from its spec alone: the same server gives the same plan. */
export interface UnitPlan {
  readonly unit: string;
  /** All properties of the transient unit, the live ones among them; without LogExtraFields' hash nothing here changes at random. */
  readonly properties: readonly UnitProperty[];
  /** Those that SetUnitProperties can change while the unit runs; one for every live field, `infinity` or the default where the spec sets none. */
  readonly live: readonly UnitProperty[];
  readonly environmentFile: {
    readonly path: string;
    /** The whole text of the file, encoded as systemd.exec(5) EnvironmentFile= reads it. */
    readonly text: string;
  };
  /** HMAC over what needs a restart to change; equal to the running unit's mark where nothing needs a restart. */
  readonly hash: string;
}

/** What the compiler must know of the controller, apart from the server. */
export interface UnitContext {
  /** Random id of this installation, kept in the state directory: tells our units from another controller's. */
  readonly instanceId: string;
  /** Secret key of the hash, so that a mark tells nothing of the environment it covers. */
  readonly hashKey: KeyObject;
  /** Directory of the environment files. */
  readonly environmentDirectory: string;
  /** Path of the spec file, named in Documentation=. Empty: the file is gone, nothing is named. */
  readonly specPath: string;
  /** True: for a user manager, which takes no User=. Absent: false. */
  readonly isUserMode?: boolean;
  /** What percentages of memory in unitProperties are parts of. Absent: not known, so that there can be none. */
  readonly memoryBytes?: number;
}
