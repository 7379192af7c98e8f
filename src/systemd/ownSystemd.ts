import { userInfo } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { findUserBus } from './userBus.ts';
import { createUserManager, type UserManager } from './userManager.ts';

/** The systemd of the user that this process runs as. */
export interface OwnSystemd {
  readonly busAddress: string;
  /** Not looked at yet. */
  readonly userManager: UserManager;
}

/** Finds it; no unit is started. @throws {NoUserManager} it can't be reached, and what to do */
export function findOwnSystemd(
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  log: Log,
): OwnSystemd {
  const uid = process.geteuid?.() ?? 0;
  const { address, runtimeDirectory } = findUserBus(environment, uid);
  const userManager = createUserManager({
    clock,
    log,
    uid,
    userName: ownName(),
    busAddress: address,
    runtimeDirectory,
  });
  return { busAddress: address, userManager };
}

/** Undefined where the account database has no name for the uid. */
function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR') return undefined;
    throw error;
  }
}
