/** Asks systemd what our units are, as much as the mirror lacks and no more. */
import type { Log } from '../log.ts';
import { forEachLimited } from './concurrency.ts';
import type { Manager } from './manager.ts';
import type { UnitMirror } from './mirror.ts';
import { SystemdError, type UnitState } from './port.ts';
import { readInvocationId } from './signals.ts';

export interface UnitReaderOptions {
  readonly mirror: UnitMirror;
  readonly log: Log;
  /** Told at once of the units that differ from what the mirror had. */
  readonly announce: (names: readonly string[]) => void;
}

const pattern = 'hublet-*.service';

/** GetAll costs PID 1 about a millisecond: more than this many at once would only make others wait. */
const readsAtOnce = 16;

export class UnitReader {
  readonly #options: UnitReaderOptions;

  constructor(options: UnitReaderOptions) {
    this.#options = options;
  }

  /** Lists all units of ours and reads those that are new. Returns the names of those that changed. @throws {SystemdError} */
  async relist(manager: Manager): Promise<readonly string[]> {
    const { mirror, log, announce } = this.#options;
    const changed = new Set<string>();
    const note = (names: readonly string[]): void => {
      for (const name of names) changed.add(name);
      announce(names);
    };
    await manager.listUnits(pattern, (rows) => note(mirror.applyList(rows)));
    await forEachLimited(mirror.unread(), readsAtOnce, async (name) => {
      try {
        const isSame = await this.#isSameInvocation(manager, name);
        if (isSame && mirror.unit(name)?.marks !== undefined) return;
        await this.read(manager, name);
        note([name]);
      } catch (error) {
        if (!(error instanceof SystemdError) || error.code === 'UnknownOutcome' || error.code === 'Disconnected')
          throw error;
        // One unit that can't be read must not keep the others from being known; the next listing tries again.
        log.warn({ unit: name, err: error }, 'unit could not be read');
      }
    });
    return [...changed];
  }

  /** Whether a unit that may have been restarted unseen has not been. A listing doesn't tell: it may look as it did before. */
  async #isSameInvocation(manager: Manager, name: string): Promise<boolean> {
    const { mirror } = this.#options;
    if (!mirror.isStale(name)) return true;
    if (mirror.unit(name)?.invocationId === '') return false;
    return manager.invocationId(name, (bytes) => mirror.confirm(name, readInvocationId(bytes)));
  }

  /** Reads one unit; undefined where it is not loaded. @throws {SystemdError} */
  async read(manager: Manager, name: string): Promise<UnitState | undefined> {
    const { mirror, announce } = this.#options;
    const known = mirror.unit(name);
    const isSure = known?.loaded === true && known.invocationId !== '' && !mirror.isStale(name);
    const unitRead = isSure
      ? undefined
      : manager.unitProperties(name, 'Unit', (properties) => announce(mirror.applyUnitProperties(name, properties)));
    const serviceRead = manager.unitProperties(name, 'Service', (properties) =>
      announce(mirror.applyServiceProperties(name, properties)),
    );
    await Promise.all([unitRead, serviceRead]);
    const state = mirror.unit(name);
    return state?.loaded === true ? state : undefined;
  }
}
