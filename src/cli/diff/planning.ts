import { createSecretKey, randomBytes } from 'node:crypto';
import { createAccounts, createGroups } from '../../accounts/directory.ts';
import { readHostResources } from '../../cgroup/host.ts';
import type { Config } from '../../config/types.ts';
import { createLog } from '../../log.ts';
import { type Admission, Admitter } from '../../reconciler/admitter.ts';
import type { AdmissionPorts } from '../../reconciler/ports.ts';
import type { SpecRecord } from '../../source/types.ts';
import type { ServerSpec } from '../../spec/types.ts';
import { readInstance } from '../../store/instance.ts';
import { readPorts } from '../../store/ports.ts';
import type { Instance, PortStore } from '../../store/types.ts';
import type { Context } from '../context.ts';
import { errorCode } from '../errors.ts';
import type { LiveState } from './live.ts';

/** What somebody asks for, from a file of the source or from another. */
export interface WantedServer {
  readonly name: string;
  /** Of the file that the source has or would have. */
  readonly path: string;
  readonly spec: ServerSpec;
}

/** Who this installation is, as far as the caller may know. */
export interface KnownInstance {
  /** Undefined: no controller ran here yet, or the caller may not read who it is. */
  readonly instance: Instance | undefined;
  readonly isReadable: boolean;
}

/** Reads the instance's identity and key, which are root's. */
export function readKnownInstance(config: Config): KnownInstance {
  try {
    return { instance: readInstance(config.stateDirectory), isReadable: true };
  } catch (error) {
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    return { instance: undefined, isReadable: false };
  }
}

/**
 * What each server would be started as, by name, made by the very code of the controller; nothing is written, no port given out.
 *
 * Accounts are looked up. Without the instance's key the plans are right but for their hash.
 */
export async function planServers(
  context: Context,
  config: Config,
  { instance }: KnownInstance,
  live: LiveState,
  servers: readonly WantedServer[],
): Promise<ReadonlyMap<string, Admission>> {
  const waiting = new Map<string, () => void>();
  const admitter = new Admitter(readOnlyPorts(context, config, instance, live), (name) => waiting.get(name)?.());
  for (const { name, spec } of servers) admitter.note(name, spec);
  const admit = async (server: WantedServer): Promise<Admission> => {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(server.name, resolve);
      const admission = admitter.admit(recordOf(server), server.spec, false);
      // With a time to try again: what was asked for can't be known now.
      if (admission.kind !== 'waiting' || admission.retryAfterMs !== undefined) return admission;
      await promise;
    }
  };
  try {
    const admissions = await Promise.all(servers.map(admit));
    return new Map(admissions.map((admission, index) => [servers[index]?.name ?? '', admission]));
  } finally {
    admitter.stop();
  }
}

function readOnlyPorts(
  { clock, cgroupRoot }: Context,
  config: Config,
  instance: Instance | undefined,
  { systemdVersion, userManager }: LiveState,
): AdmissionPorts {
  const log = createLog('silent');
  return {
    clock,
    config,
    accounts: createAccounts({ clock, log }),
    groups: createGroups({ clock, log }),
    portStore: keepInMemory(readKnownPorts(config)),
    instance: instance ?? { id: '', key: createSecretKey(randomBytes(32)) },
    // A running server listens on its port itself, and of one that doesn't run no port is shown.
    isPortFree: () => true,
    portHolders: () => [],
    events: { record: () => undefined, recent: () => [] },
    hostFacts: () => readHostResources(cgroupRoot),
    systemd: { version: () => systemdVersion },
    ...(userManager === undefined ? {} : { userManager }),
  };
}

/** None where the caller may not read them: then a port that hublet chose can't be compared. */
function readKnownPorts(config: Config): ReadonlyMap<string, number> {
  try {
    return readPorts(config.stateDirectory);
  } catch (error) {
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    return new Map();
  }
}

function keepInMemory(known: ReadonlyMap<string, number>): PortStore {
  const ports = new Map(known);
  return {
    ports,
    assign: (name, port) => {
      ports.set(name, port);
    },
    release: (name) => {
      ports.delete(name);
    },
    close: () => undefined,
  };
}

function recordOf({ name, path, spec }: WantedServer): SpecRecord {
  return {
    name,
    file: { path, ino: 0, size: 0, mtimeNs: '0' },
    spec,
    generation: 1,
    refusal: undefined,
    isDeleted: false,
    isFrozen: false,
    warnings: [],
  };
}
