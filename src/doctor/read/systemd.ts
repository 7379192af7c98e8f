import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { CommandRunner } from '../../command.ts';
import { socketFile, systemBusAddress } from '../../systemd/address.ts';
import { type Bus, connectBus } from '../../systemd/bus.ts';
import { Manager } from '../../systemd/manager.ts';
import { SystemdError } from '../../systemd/port.ts';
import { findUserBus, NoUserManager } from '../../systemd/userBus.ts';
import type { BusAnswer, Caller, ManagerFacts } from '../facts.ts';
import { isDirectory, isThere, readText } from './files.ts';

export interface ManagerLook {
  readonly root: string;
  readonly who: Caller;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly runner: CommandRunner;
}

/** Connecting, and then one call, each as long; a host that is busy beyond it has troubles of its own. */
const PATIENCE_MS = 5_000;

/** Who runs the host, and whether the systemd that servers would be units of answers. */
export async function readManagerFacts(look: ManagerLook): Promise<ManagerFacts> {
  const { root, who, runner } = look;
  const bus = await askBus(look);
  const isBooted = isDirectory(join(root, 'run/systemd/system'));
  return {
    isBooted,
    init: readText(join(root, 'proc/1/comm'))?.trim(),
    bus,
    programVersion: isBooted && bus.kind === 'silent' ? await askProgram(runner) : undefined,
    isLingering: who.isUserMode ? isThere(join(root, 'var/lib/systemd/linger', who.name)) : undefined,
  };
}

async function askBus({ who, environment, clock }: ManagerLook): Promise<BusAnswer> {
  let bus: Bus | undefined;
  try {
    const address = who.isUserMode ? findUserBus(environment, who.uid).address : findSystemBus(environment);
    bus = await connectBus({
      address,
      connectTimeoutMs: PATIENCE_MS,
      abort: new AbortController().signal,
      clock,
      wantsSignal: () => false,
      onSignal: () => undefined,
      // A call under way says it, too.
      onLost: () => undefined,
      onFault: () => undefined,
    });
    const manager = new Manager(bus, { clock, callTimeoutMs: PATIENCE_MS });
    return { kind: 'answered', address, version: await manager.managerProperty('Version') };
  } catch (error) {
    if (error instanceof NoUserManager) return { kind: 'silent', message: error.what, advice: error.advice };
    if (error instanceof SystemdError) return { kind: 'silent', message: error.message, advice: undefined };
    throw error;
  } finally {
    bus?.close();
  }
}

/** @throws {SystemdError} there is no socket at the address, or it is none that can be used */
function findSystemBus(environment: ManagerLook['environment']): string {
  const address = systemBusAddress(environment);
  const socket = socketFile(address);
  if (socket !== undefined && !isThere(socket)) throw new SystemdError('Disconnected', `there is no ${socket}`);
  return address;
}

async function askProgram(runner: CommandRunner): Promise<string | undefined> {
  const result = await runner.run('systemctl', ['--version']);
  if (result.kind === 'failed' || result.code !== 0) return undefined;
  return /^systemd \d+/.test(result.stdout) ? result.stdout.split('\n')[0] : undefined;
}
