import type { Config } from '../../config/types.ts';
import { createLog } from '../../log.ts';
import { SystemdOverDbus } from '../../systemd/adapter.ts';
import { systemBusAddress, userBusAddress } from '../../systemd/address.ts';
import { SystemdError, type UnitState } from '../../systemd/port.ts';
import { propertyRows } from '../../units/table.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';

const PATIENCE_MS = 5_000;

/**
 * Every unit of ours that systemd has loaded, with all its properties that hublet knows, by the unit's name.
 *
 * @throws {CliError} no D-Bus (69), or no permission (77)
 */
export async function readLiveUnits(context: Context, config: Config): Promise<ReadonlyMap<string, UnitState>> {
  const systemd = new SystemdOverDbus({
    clock: context.clock,
    log: createLog('silent'),
    address: config.isUserMode
      ? userBusAddress(context.environment, process.geteuid?.() ?? 0)
      : systemBusAddress(context.environment),
    liveProperties: propertyRows().map(({ name }) => name),
  });
  try {
    await systemd.open(PATIENCE_MS);
    const units = new Map<string, UnitState>();
    for (const name of systemd.loadedUnits()) {
      const unit = await systemd.read(name);
      if (unit !== undefined) units.set(name, unit);
    }
    return units;
  } catch (error) {
    if (error instanceof SystemdError) throw refusal(error);
    throw error;
  } finally {
    systemd.close();
  }
}

function refusal(error: SystemdError): CliError {
  return error.code === 'AccessDenied'
    ? new CliError(EXIT.noPermission, `what runs can't be read: ${error.message}: run it as root`, { cause: error })
    : new CliError(EXIT.noBus, `what runs can't be read: ${error.message}`, { cause: error });
}
