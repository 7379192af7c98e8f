import type { Config } from '../../config/types.ts';
import { createLog } from '../../log.ts';
import { SystemdOverDbus } from '../../systemd/adapter.ts';
import { systemBusAddress } from '../../systemd/address.ts';
import { findOwnSystemd } from '../../systemd/ownSystemd.ts';
import { SystemdError, type UnitState } from '../../systemd/port.ts';
import type { UserManager } from '../../systemd/userManager.ts';
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

/** As long as the controller itself waits for systemd: a busy host may take its time. */
const PATIENCE_MS = 20_000;

/**
 * Reads what runs, and in user mode finds out what the manager can do.
 *
 * @throws {CliError} no D-Bus (69), or no permission (77)
 * @throws {NoUserManager} the same, of the caller's own manager
 */
export async function readLiveState(context: Context, config: Config): Promise<LiveState> {
  const { clock, environment } = context;
  const log = createLog('silent');
  const own = config.isUserMode ? findOwnSystemd(environment, clock, log) : undefined;
  const systemd = new SystemdOverDbus({
    clock,
    log,
    address: own?.busAddress ?? systemBusAddress(environment),
    liveProperties: propertyRows().map(({ name }) => name),
  });
  try {
    await systemd.open(PATIENCE_MS);
    const units = new Map<string, UnitState>();
    for (const name of systemd.loadedUnits()) {
      const unit = await systemd.read(name);
      if (unit !== undefined) units.set(name, unit);
    }
    await own?.userManager.probe();
    return { units, systemdVersion: systemd.version(), userManager: own?.userManager };
  } catch (error) {
    if (error instanceof SystemdError) throw refusal(error);
    throw error;
  } finally {
    // What was found stays known; only tries that would follow end.
    own?.userManager.stop();
    systemd.close();
  }
}

function refusal(error: SystemdError): CliError {
  return error.code === 'AccessDenied'
    ? new CliError(EXIT.noPermission, `what runs can't be read: ${error.message}: run it as root`, { cause: error })
    : new CliError(EXIT.noBus, `what runs can't be read: ${error.message}`, { cause: error });
}
