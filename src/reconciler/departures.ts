/** How hublet parts with a server: nothing of it is left, or it runs on alone (deletionPolicy: Orphan) until its unit ends. */
import type { SpecRecord } from '../source/types.ts';
import { SystemdError } from '../systemd/port.ts';
import { serverFileId, unitName } from '../units/name.ts';
import type { Admitter } from './admitter.ts';
import type { ServerEntry } from './entry.ts';
import { positionOf } from './plan.ts';
import type { LoopPorts } from './ports.ts';
import type { WorkResult } from './queue.ts';

export class Departures {
  readonly #ports: LoopPorts;
  readonly #admitter: Pick<Admitter, 'release' | 'leave'>;

  constructor(ports: LoopPorts, admitter: Pick<Admitter, 'release' | 'leave'>) {
    this.#ports = ports;
    this.#admitter = admitter;
  }

  /** Removes all that hublet itself kept of a server. Its home and data are not hublet's. @throws on a read-only file system */
  forget({ name, unitName: unit }: ServerEntry): void {
    const { runtime, systemd, source, events } = this.#ports;
    this.#unfollow(name);
    runtime.removeEnvironment(this.#environmentPath(name));
    this.#admitter.release(name);
    this.#removeFiles(name);
    systemd.forget(unit);
    source.forget(name);
    events.record({ server: name, reason: 'Deleted', message: 'nothing of it is left but its data' });
  }

  /**
   * Lets the server run on alone. What its unit needs stays as long as that is loaded: the environment file, which systemd may
   * read again, and its port, which no other server gets.
   *
   * @throws where that can't be written down: nothing was given up then
   */
  leave({ name, unitName: unit }: ServerEntry): void {
    const { released, source, events } = this.#ports;
    // First: whoever comes after a crash must not take it for an orphan.
    released.add(name);
    this.#unfollow(name);
    this.#admitter.leave(name);
    this.#removeFiles(name);
    source.forget(name);
    const message = `its spec file is gone and its deletionPolicy is Orphan: ${unit} runs on without hublet`;
    events.record({ server: name, reason: 'Orphaned', message });
  }

  /** Whether it was left to run alone. */
  hasLeft(name: string): boolean {
    return this.#ports.released.names.has(name);
  }

  /** A file asks for it again: its unit is hublet's, as one that was found. */
  takeBack(name: string): void {
    this.#ports.released.remove(name);
  }

  /** Looks at a server that was left: once its unit has ended, what was kept for it goes. */
  async look(name: string, record: SpecRecord | undefined): Promise<WorkResult> {
    const { systemd, runtime, released, source, events } = this.#ports;
    // A controller was killed while it parted with it.
    if (record?.isDeleted === true) {
      this.#removeFiles(name);
      source.forget(name);
    }
    if (!systemd.isConnected()) return { kind: 'done' };
    const unit = systemd.unit(unitName(name));
    const position = positionOf(unit);
    if (position !== 'absent' && position !== 'failed') return { kind: 'done' };
    if (position === 'failed' && !(await this.#isReset(unitName(name)))) return { kind: 'retry' };
    runtime.removeEnvironment(this.#environmentPath(name));
    this.#admitter.release(name);
    systemd.forget(unitName(name));
    released.remove(name);
    const message = 'it ran on without hublet and has ended; nothing of it is left but its data';
    events.record({ server: name, reason: 'Deleted', message });
    return { kind: 'done' };
  }

  async #isReset(unit: string): Promise<boolean> {
    try {
      await this.#ports.systemd.resetFailedUnit(unit);
      return true;
    } catch (error) {
      if (!(error instanceof SystemdError)) throw error;
      return error.code === 'NoSuchUnit';
    }
  }

  #unfollow(name: string): void {
    const { sampler, prober, idle } = this.#ports;
    prober.unfollow(name);
    idle.unfollow(name);
    sampler.forget(name);
  }

  #removeFiles(name: string): void {
    const { runtime, statusFiles } = this.#ports;
    runtime.removeMemory(name);
    statusFiles.remove(name);
  }

  #environmentPath(name: string): string {
    return `${this.#ports.config.runtimeDirectory}/env/${serverFileId(name)}.env`;
  }
}
