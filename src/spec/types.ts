import type { Schedule } from '../schedule/windows.ts';
import type { ServerDocument } from './schema.ts';

/** What a user asks for, after parsing: every default filled in, quantities as numbers, templates not yet expanded. */

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** What becomes of a server when its file goes: it is stopped, or runs on without hublet. */
export type DeletionPolicy = 'Stop' | 'Orphan';

/** When a running server takes a change that only a new start can bring. */
export type UpdateStrategy = 'OnRestart' | 'WhenIdle' | 'Immediate';

/** Limits of one server. An absent field means: no limit (or systemd's default weight). */
export interface Resources {
  readonly memoryMaxBytes?: number;
  readonly memoryHighBytes?: number;
  readonly memoryLowBytes?: number;
  /** Absent: 0 where `memoryMaxBytes` is set, else unlimited. */
  readonly memorySwapMaxBytes?: number;
  /** CPU cores, 1.15 is 115% of one core. */
  readonly cpuLimitCores?: number;
  /** 1-10000, systemd's CPUWeight=. */
  readonly cpuWeight?: number;
  /** CPU numbers, ascending and without duplicates. */
  readonly allowedCpus?: readonly number[];
  readonly tasksMax?: number;
  /** Open files of one process, hard and soft alike. */
  readonly filesMax?: number;
  readonly io?: IoLimits;
}

/** Limits of block devices. The maps are by path: a device node, or a file or directory on it. */
export interface IoLimits {
  /** 1-10000, systemd's IOWeight=. */
  readonly weight?: number;
  readonly readBytesPerSecond?: Readonly<Record<string, number>>;
  readonly writeBytesPerSecond?: Readonly<Record<string, number>>;
  /** Operations a second. */
  readonly readIops?: Readonly<Record<string, number>>;
  readonly writeIops?: Readonly<Record<string, number>>;
}

/** What it may see and do. An absent field means systemd's default. */
export interface Sandbox {
  readonly privateTmp: boolean;
  /** True: nobody wrote `privateTmp`, it is on because it is on by default. */
  readonly isPrivateTmpDefault?: boolean;
  readonly privateDevices?: boolean;
  /** Absent: every device node that the account may open. */
  readonly deviceAllow?: readonly DeviceRule[];
  readonly noNewPrivileges: boolean;
  /** Paths with systemd's prefix `-` where they may be absent; templates. */
  readonly readOnlyPaths: readonly string[];
  readonly readWritePaths: readonly string[];
  readonly inaccessiblePaths?: readonly string[];
  readonly bindPaths?: readonly BindMount[];
  readonly bindReadOnlyPaths?: readonly BindMount[];
  readonly protectSystem?: boolean | 'full' | 'strict';
  readonly protectHome?: boolean | 'read-only' | 'tmpfs';
  readonly protectProc?: 'default' | 'noaccess' | 'invisible' | 'ptraceable';
  readonly privateNetwork?: boolean;
  /** `any`, `localhost`, `link-local`, `multicast`, addresses and prefixes such as `10.0.0.0/8`. */
  readonly ipAddressAllow?: readonly string[];
  readonly ipAddressDeny?: readonly string[];
  /** Capabilities that it can have at most, `CAP_NET_BIND_SERVICE`; empty: none. */
  readonly capabilities?: readonly string[];
  /** System calls and groups (`@system-service`), with `~` in the first all but these. */
  readonly systemCallFilter?: readonly string[];
  /** Permission bits that new files don't get, 0-0o777. */
  readonly umask?: number;
}

export interface DeviceRule {
  /** A device node such as `/dev/nvidia0`, or a class such as `char-pts`; a template. */
  readonly device: string;
  /** `r`, `w`, `m` (make nodes), each at most once. */
  readonly access: string;
}

/** A place of the host's file system that is seen at another. Both paths are templates. */
export interface BindMount {
  readonly source: string;
  readonly destination: string;
  /** No error where the source is absent. */
  readonly isOptional: boolean;
  /** With the mounts below the source. */
  readonly isRecursive: boolean;
}

export interface HttpCheck {
  readonly kind: 'http';
  readonly path: string;
  /** A number or a template such as `{PORT}`; absent: the server's own port. */
  readonly port?: number | string;
  readonly scheme: 'http' | 'https';
  readonly headers: Readonly<Record<string, string>>;
}

export interface TcpCheck {
  readonly kind: 'tcp';
  readonly port?: number | string;
}

export interface ExecCheck {
  readonly kind: 'exec';
  /** Program and arguments; templates. */
  readonly command: readonly string[];
}

/** Pauses between restarts. */
export interface Backoff {
  /** Before the second restart in a row; doubled for each one after. */
  readonly initialMs: number;
  readonly maxMs: number;
  /** Ready for this long: the next failure counts as the first. */
  readonly resetAfterMs: number;
}

export interface ProbeSpec {
  readonly check: HttpCheck | TcpCheck | ExecCheck;
  readonly initialDelayMs: number;
  /** Time between two tries; of readiness, once it has succeeded for the first time. */
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** A person's wish to keep the server down. */
export interface Suspension {
  readonly reason?: string;
  /** Wall time at which the server may run again; absent: until the field is taken away. */
  readonly untilMs?: number;
}

/** How a server is measured that shows no use. */
export type IdleCheck = 'cpu' | 'connections' | 'http';

/** How it is found that nobody uses a server. */
export interface IdleMeasure {
  /** All of them must agree; at least one. */
  readonly checks: readonly IdleCheck[];
  /** CPU use below this is none. */
  readonly cpuCores: number;
}

export interface IdlePolicy extends IdleMeasure {
  readonly timeoutMs: number;
  /** Not more than the timeout. */
  readonly warnBeforeMs: number;
}

export interface UpdateIdle extends IdleMeasure {
  /** Idle for so long. */
  readonly quietMs: number;
}

export interface ServerSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The profile that is laid under the spec; absent: none. */
  readonly profile?: string;
  /** Unix account, by name or number; a template. Without meaning where `dynamicUser` is set. */
  readonly user: string;
  /** By name or number; a template. Absent: the account's own. */
  readonly group?: string;
  /** By name or number; templates. Beside those that the account has. */
  readonly supplementaryGroups: readonly string[];
  /** Runs as a user that exists only while it runs, with a home that stays. */
  readonly dynamicUser: boolean;
  readonly command: readonly string[];
  /** Commands before the start, in order; none of them empty. */
  readonly preStart: readonly (readonly string[])[];
  /** Commands after the end, in order, however it came. */
  readonly postStop: readonly (readonly string[])[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Paths with systemd's prefix `-` where they may be absent; templates. `environment` wins over them. */
  readonly environmentFiles: readonly string[];
  /** Paths of secrets by name; templates. hublet never reads them. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly extraPaths: readonly string[];
  readonly shell: string;
  readonly port: 'auto' | 'none' | number;
  readonly resources: Resources;
  readonly sandbox: Sandbox;
  /** Absent: in hublet.slice itself. */
  readonly pool?: string;
  /** Further properties of the unit by systemd's names, in unit-file syntax; lists keep their order. */
  readonly unitProperties: Readonly<Record<string, string | readonly string[]>>;
  /** Until it has succeeded the other two are not made. Absent: it has started once its unit is active. */
  readonly startupProbe?: ProbeSpec;
  readonly readinessProbe?: ProbeSpec;
  /** Absent: it is never stopped for what it answers. */
  readonly livenessProbe?: ProbeSpec;
  readonly restartPolicy: RestartPolicy;
  readonly backoff: Backoff;
  readonly terminationGracePeriodMs: number;
  /** From the request to systemd until the unit is active and its startup probe has succeeded; also how long a start may hold one of the places for starting servers. */
  readonly startTimeoutMs: number;
  /** Absent: it may run at any time. */
  readonly schedule?: Schedule;
  /** Absent: it may be idle for ever. */
  readonly idle?: IdlePolicy;
  /** A run older than this is stopped; absent: none is. */
  readonly maxAgeMs?: number;
  readonly suspend?: Suspension;
  readonly updateStrategy: UpdateStrategy;
  /** When it is idle enough to be started anew for a change; present with `WhenIdle` only. */
  readonly updateIdle?: UpdateIdle;
  readonly deletionPolicy: DeletionPolicy;
  /** Higher ones start first and stop last where there are many. */
  readonly priority: number;
}

/** One thing wrong in a spec or configuration file. `line` and `column` count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** Field path such as `spec.resources.memory.limit`; empty for the document as a whole. */
  readonly path: string;
  /** What is wrong and what to do, one sentence, without the position. */
  readonly message: string;
  readonly code: ProblemCode;
}

/** Reasons of the condition Accepted=False that a file's text alone can give. */
export type ProblemCode = 'Incomplete' | 'ParseError' | 'SchemaError' | 'UnknownField' | 'TooLarge';

export type ParsedSpec =
  | {
      readonly kind: 'valid';
      /** As written: its profile is not merged in, so it may lack what that has. */
      readonly document: ServerDocument;
      /** The document with sorted keys and no comments, as JSON: equal strings mean an equal spec, so no new generation. */
      readonly canonical: string;
    }
  /** Empty, cut off, or without apiVersion and kind: somebody may still be writing it. */
  | { readonly kind: 'incomplete'; readonly problem: Problem }
  | { readonly kind: 'invalid'; readonly problems: readonly [Problem, ...Problem[]] };
