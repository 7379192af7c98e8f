/** What was read of the machine, before anybody judges it. Undefined means everywhere: it could not be found out. */

export interface HostFacts {
  readonly who: Caller;
  readonly nodeVersion: string;
  readonly manager: ManagerFacts;
  readonly cgroup: CgroupFacts;
  readonly kernel: KernelFacts;
  readonly limits: LimitFacts;
  readonly configuration: ConfigurationFacts;
  /** Directories that hublet uses; none where the configuration that names them is unknown. */
  readonly places: readonly PlaceFacts[];
  readonly http: HttpFacts | undefined;
  readonly ports: PortFacts | undefined;
  readonly journal: JournalFacts;
  readonly clock: ClockFacts;
  /** Helper programs that are nowhere on PATH. */
  readonly missingPrograms: readonly string[];
}

/** For whom hublet is to run. */
export interface Caller {
  readonly isUserMode: boolean;
  /** Effective uid of this process. */
  readonly uid: number;
  /** Name of that account, or its uid where it has none. */
  readonly name: string;
}

export interface ManagerFacts {
  /** The host was booted by systemd. @see sd_booted(3) */
  readonly isBooted: boolean;
  /** Name of process 1. */
  readonly init: string | undefined;
  readonly bus: BusAnswer;
  /** As `systemctl --version` says it, where the bus gave none. */
  readonly programVersion: string | undefined;
  /** User mode: systemd keeps the user's manager without a login. */
  readonly isLingering: boolean | undefined;
}

export type BusAnswer =
  | { readonly kind: 'answered' /** D-Bus address. */; readonly address: string; readonly version: string }
  | {
      readonly kind: 'silent';
      readonly message: string;
      /** Undefined: nothing is known that would help in particular. */
      readonly advice: string | undefined;
    };

export interface CgroupFacts {
  /** `unified`: v2 alone; `hybrid`: v1 with a v2 tree beside it; `legacy`: v1; `none`: nothing is mounted. */
  readonly hierarchy: 'unified' | 'hybrid' | 'legacy' | 'none';
  /** Controllers that systemd can give to servers: of the root, or in user mode of the user's manager. */
  readonly controllers: readonly string[] | undefined;
  /** Files of some cgroup that has the controller, by `memory.swap.max`, `cpu.max`, `cpu.weight`: whether they are there. */
  readonly files: Readonly<Record<LimitFile, boolean | undefined>>;
}

export const LIMIT_FILES = ['memory.swap.max', 'cpu.max', 'cpu.weight'] as const;
export type LimitFile = (typeof LIMIT_FILES)[number];

export interface KernelFacts {
  /** As uname(2) has it. */
  readonly release: string;
  /** The words of the kernel's command line. */
  readonly commandLine: readonly string[];
  /** Options of the kernel's build, `CONFIG_CFS_BANDWIDTH` by `CFS_BANDWIDTH`; undefined: the host has no copy of them. */
  readonly config: ReadonlyMap<string, string> | undefined;
  /** It has the sysctl of CPU limits, which comes with them, so they and what they are built on are there. */
  readonly hasCpuLimitSysctl: boolean;
  /** /proc/pressure can be read. */
  readonly hasPressure: boolean;
  /** Some swap is in use as such. */
  readonly hasSwap: boolean | undefined;
  /** User mode: why users can't make namespaces, as `name=value` of a sysctl; none: they can. */
  readonly namespaceBars: readonly string[];
}

export interface LimitFacts {
  readonly inotifyWatches: number | undefined;
  readonly inotifyInstances: number | undefined;
  /** What came of making a watch: undefined: it could be made; else the system error's name. */
  readonly inotifyRefusal: string | undefined;
  /** Open files: what any process can have at most (fs.nr_open), and what this one can (infinity: no limit). */
  readonly filesOfAny: number | undefined;
  readonly filesOfThis: number | undefined;
}

export type ConfigurationFacts =
  | { readonly kind: 'good'; readonly /** The files that were read. */ files: readonly string[] }
  | { readonly kind: 'bad'; readonly message: string };

export interface PlaceFacts {
  readonly role: 'runtime' | 'state' | 'source';
  readonly path: string;
  /** Who must own it, beside root. */
  readonly ownerUid: number;
  /** hublet or its installer makes it where it is missing. */
  readonly isMadeByHublet: boolean;
  /** hublet has run here, so that what is missing is lost. */
  readonly isExpected: boolean;
  readonly state:
    | { readonly kind: 'directory'; readonly uid: number /** Permission bits. */; readonly mode: number }
    | { readonly kind: 'missing' /** The nearest directory above that is there. */; readonly above: string }
    | { readonly kind: 'other' }
    | { readonly kind: 'unreadable' /** The system error's name. */; readonly code: string };
  /** Why nothing can be written to it (or to the directory above): EACCES, EROFS; undefined: it can, or that can't be told by this caller. */
  readonly refusal: string | undefined;
}

export interface HttpFacts {
  /** `host:port`, `unix:/path`; null: off. */
  readonly listen: string | null;
  /** Uids of those who listen on the port now. */
  readonly holders: readonly number[];
  /** The controller that runs here is among them. */
  readonly isOurs: boolean;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface PortFacts {
  /** Ports of servers. */
  readonly servers: PortRange;
  /** Ports that the kernel gives to connections that go out. */
  readonly outgoing: PortRange | undefined;
  /** Those of them that it leaves alone. */
  readonly reserved: readonly PortRange[];
}

export interface JournalFacts {
  /** Directories with this machine's journals. */
  readonly directories: readonly string[];
  /** Journals are kept on disk, so that users have journals of their own. */
  readonly isPersistent: boolean;
  /** The caller can read the host's journal, or one of its own. */
  readonly isReadable: boolean;
}

export type ClockFacts =
  | { readonly kind: 'known'; readonly isSynchronized: boolean }
  | { readonly kind: 'unknown'; readonly message: string };
