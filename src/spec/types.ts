/** What a user asks for, after parsing: every default filled in, quantities as numbers, templates not yet expanded. */

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

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
}

export interface Sandbox {
  readonly privateTmp: boolean;
  readonly noNewPrivileges: boolean;
  readonly readOnlyPaths: readonly string[];
  readonly readWritePaths: readonly string[];
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

export interface ProbeSpec {
  readonly check: HttpCheck | TcpCheck;
  readonly initialDelayMs: number;
  /** Time between two tries once the probe has succeeded for the first time. */
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

export interface ServerSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Unix account, by name or number; a template. */
  readonly user: string;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly extraPaths: readonly string[];
  readonly shell: string;
  readonly port: 'auto' | 'none' | number;
  readonly resources: Resources;
  readonly sandbox: Sandbox;
  readonly readinessProbe?: ProbeSpec;
  readonly restartPolicy: RestartPolicy;
  readonly terminationGracePeriodMs: number;
  /** From the request to systemd until the unit is active; also how long a start may hold one of the places for starting servers. */
  readonly startTimeoutMs: number;
  readonly suspend?: Suspension;
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
export type ProblemCode =
  | 'Incomplete'
  | 'ParseError'
  | 'SchemaError'
  | 'UnknownField'
  | 'NotInThisVersion'
  | 'TooLarge';

export type ParsedSpec =
  | {
      readonly kind: 'valid';
      readonly spec: ServerSpec;
      /** The document with sorted keys and no comments, as JSON: equal strings mean an equal spec, so no new generation. */
      readonly canonical: string;
    }
  /** Empty, cut off, or without apiVersion and kind: somebody may still be writing it. */
  | { readonly kind: 'incomplete'; readonly problem: Problem }
  | { readonly kind: 'invalid'; readonly problems: readonly [Problem, ...Problem[]] };
