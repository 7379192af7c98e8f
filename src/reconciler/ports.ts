import type { Accounts, Groups } from '../accounts/types.ts';
import type { UsageSampler } from '../cgroup/types.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/types.ts';
import type { IdleMonitor } from '../idle/types.ts';
import type { Journal } from '../journal/types.ts';
import type { Log } from '../log.ts';
import type { Instruments } from '../metrics/types.ts';
import type { Prober } from '../probes/types.ts';
import type { ClockJudge } from '../schedule/clockWatch.ts';
import type { Source } from '../source/types.ts';
import type { EventLog, StatusFiles } from '../status/port.ts';
import type { Instance, PoolStore, PortStore, ReleasedStore, RuntimeStore } from '../store/types.ts';
import type { Systemd } from '../systemd/port.ts';
import type { UserManager } from '../systemd/userManager.ts';
import type { HostFacts } from '../units/pool.ts';

/** What admission asks: facts of the host, and the table of ports. */
export type AdmissionPorts = Pick<
  LoopPorts,
  | 'accounts'
  | 'groups'
  | 'clock'
  | 'config'
  | 'portStore'
  | 'isPortFree'
  | 'portHolders'
  | 'events'
  | 'instance'
  | 'hostFacts'
  | 'userManager'
> & { readonly systemd: Pick<Systemd, 'version'> };

/** Everything the loop acts through: one object made in daemon.ts, so that the same loop runs on fakes. */
export interface LoopPorts {
  readonly clock: Clock;
  /** Whether the wall clock is to be believed. */
  readonly clockJudge: ClockJudge;
  readonly log: Log;
  readonly config: Config;
  readonly source: Source;
  readonly systemd: Systemd;
  readonly runtime: RuntimeStore;
  readonly portStore: PortStore;
  readonly poolStore: PoolStore;
  readonly released: ReleasedStore;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly prober: Prober;
  readonly idle: IdleMonitor;
  readonly sampler: UsageSampler;
  /** Usage of pools, by their names. */
  readonly poolSampler: UsageSampler;
  readonly journal: Journal;
  readonly statusFiles: StatusFiles;
  readonly events: EventLog;
  readonly instruments: Instruments;
  readonly instance: Instance;
  /** Absent: the system's manager, which can do everything. */
  readonly userManager?: Pick<UserManager, 'facts' | 'problem' | 'on'>;
  readonly bootId: string;
  readonly hostFacts: () => HostFacts;
  /** 0 to 1. */
  readonly random: () => number;
  /** Whether no process listens on this port of the host now. */
  readonly isPortFree: (port: number) => boolean;
  /** Uids whose sockets listen on this port of the host, at whatever address; none: it is free. */
  readonly portHolders: (port: number) => readonly number[];
}
