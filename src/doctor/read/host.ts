/** Reads what `examine` judges: kernel files below a root that a test can give, directories, one question over D-Bus. Writes nothing. */
import type { Clock } from '../../clock.ts';
import { createCommandRunner } from '../../command.ts';
import type { Config } from '../../config/types.ts';
import type { Caller, ConfigurationFacts, HostFacts } from '../facts.ts';
import { readCgroupFacts } from './cgroup.ts';
import { readKernelFacts, readLimitFacts } from './kernel.ts';
import { readPlaceFacts } from './places.ts';
import { findMissingPrograms, readClockFacts, readHttpFacts, readJournalFacts, readPortFacts } from './surroundings.ts';
import { readManagerFacts } from './systemd.ts';

export interface HostLook {
  /** Below it are proc, sys, run, etc, boot and var: `/`. */
  readonly root: string;
  readonly who: Caller;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly configuration: ConfigurationFacts;
  /** Undefined where it is bad: then nothing is known of places and ports. */
  readonly config: Config | undefined;
  /** The directory for specs that the installer makes. */
  readonly defaultSource: string;
}

/** For one answer of timedatectl or systemctl. */
const PROGRAM_LIMITS = { concurrency: 2, timeoutMs: 5_000, maxOutputBytes: 64 * 1024 };

/** Everything, in ten seconds at most. @throws {NodeJS.ErrnoException} this process itself is in trouble, as with EMFILE */
export async function readHostFacts(look: HostLook): Promise<HostFacts> {
  const { root, who, environment, clock, config, configuration } = look;
  const { PATH } = environment;
  const runner = createCommandRunner(clock, {
    ...PROGRAM_LIMITS,
    ...(PATH === undefined ? {} : { environment: { PATH } }),
  });
  const [manager, clockFacts] = await Promise.all([
    readManagerFacts({ root, who, environment, clock, runner }),
    readClockFacts(root, runner),
  ]);
  return {
    who,
    nodeVersion: process.versions.node,
    manager,
    cgroup: readCgroupFacts(root, who),
    kernel: readKernelFacts(root, who),
    limits: readLimitFacts(root),
    configuration,
    places: config === undefined ? [] : readPlaceFacts(config, who, look.defaultSource),
    http: config === undefined ? undefined : readHttpFacts(root, config, clock),
    ports: config === undefined ? undefined : readPortFacts(root, config),
    journal: readJournalFacts(root, who),
    clock: clockFacts,
    missingPrograms: findMissingPrograms(who, PATH),
  };
}
