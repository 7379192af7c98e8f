import { userInfo } from 'node:os';
import type { Config } from '../../config/types.ts';
import { createLog } from '../../log.ts';
import { SystemdOverDbus } from '../../systemd/adapter.ts';
import { systemBusAddress } from '../../systemd/address.ts';
import { SystemdError, type UnitState } from '../../systemd/port.ts';
import { findUserBus } from '../../systemd/userBus.ts';
import { createUserManager, type UserManager } from '../../systemd/userManager.ts';
import { propertyRows } from '../../units/table.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';

/** What systemd has now. */
export interface LiveState {
  /** Every unit of ours that is loaded, with all its properties that hublet knows, by the unit's name. */
  readonly units: ReadonlyMap<string, UnitState>;
  /** What systemd says that it is. */
  readonly systemdVersion: string;
  /** What the caller's own manager can carry out; undefined: the system's manager, which can do everything. */
  readonly userManager: UserManager | undefined;
}

const PATIENCE_MS = 5_000;

/**
 * Reads what runs, and in user mode finds out what the manager can do.
 *
 * @throws {CliError} no D-Bus (69), or no permission (77)
 * @throws {NoUserManager} the same, of the caller's own manager
 */
export async function readLiveState(context: Context, config: Config): Promise<LiveState> {
  const own = config.isUserMode ? findUserBus(context.environment, effectiveUid()) : undefined;
  const systemd = new SystemdOverDbus({
    clock: context.clock,
    log: createLog('silent'),
    address: own?.address ?? systemBusAddress(context.environment),
    liveProperties: propertyRows().map(({ name }) => name),
  });
  try {
    await systemd.open(PATIENCE_MS);
    const units = new Map<string, UnitState>();
    for (const name of systemd.loadedUnits()) {
      const unit = await systemd.read(name);
      if (unit !== undefined) units.set(name, unit);
    }
    const userManager = own === undefined ? undefined : await probeManager(context, own);
    return { units, systemdVersion: systemd.version(), userManager };
  } catch (error) {
    if (error instanceof SystemdError) throw refusal(error);
    throw error;
  } finally {
    systemd.close();
  }
}

async function probeManager(
  { clock }: Context,
  { address, runtimeDirectory }: ReturnType<typeof findUserBus>,
): Promise<UserManager> {
  const userManager = createUserManager({
    clock,
    log: createLog('silent'),
    uid: effectiveUid(),
    userName: ownName(),
    busAddress: address,
    runtimeDirectory,
  });
  await userManager.probe();
  // What was found stays; only the tries that would follow end.
  userManager.stop();
  return userManager;
}

function effectiveUid(): number {
  return process.geteuid?.() ?? 0;
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

function refusal(error: SystemdError): CliError {
  return error.code === 'AccessDenied'
    ? new CliError(EXIT.noPermission, `what runs can't be read: ${error.message}: run it as root`, { cause: error })
    : new CliError(EXIT.noBus, `what runs can't be read: ${error.message}`, { cause: error });
}
