import type { SpecRecord } from '../source/types.ts';
import type { LiveValues } from '../units/diff.ts';
import { messageOf, perform, type UnitAction } from './effects.ts';
import { memoryOf, type ServerEntry } from './entry.ts';
import type { LimitKeeper } from './limits.ts';
import type { LoopPorts } from './ports.ts';
import type { WorkResult } from './queue.ts';
import type { Updates } from './updates.ts';
import { RESTARTED_AT } from './wish.ts';

const REFUSED_RETRY_MS = 60_000;

/** Carries out the actions of one look and keeps the entry true to what was done. */
export class Actor {
  readonly #ports: LoopPorts;
  readonly #updates: Pick<Updates, 'wished'>;
  readonly #limits: Pick<LimitKeeper, 'note'>;

  constructor(ports: LoopPorts, updates: Pick<Updates, 'wished'>, limits: Pick<LimitKeeper, 'note'>) {
    this.#ports = ports;
    this.#limits = limits;
    this.#updates = updates;
  }

  /**
   * Carries the actions out in order, up to the first that fails.
   *
   * Undefined: all done. `refused`: systemd will not take this start ever, as its message says.
   */
  async run(
    entry: ServerEntry,
    actions: readonly UnitAction[],
    record: SpecRecord | undefined,
  ): Promise<WorkResult | { readonly kind: 'refused'; readonly message: string } | undefined> {
    entry.fault = undefined;
    for (const action of actions) {
      const startRequestedMs = entry.startRequestedMs;
      this.#prepare(entry, action, record);
      const envPath = this.#environmentPath(entry);
      const liveBefore = this.#ports.systemd.unit(entry.unitName)?.live ?? {};
      const asked = perform(action, entry.unitName, envPath, this.#ports);
      // Still in the same step, but with the request on its way.
      if (action.kind === 'start') entry.startedWith = this.#updates.wished(entry, record);
      const outcome = await asked;
      if (outcome.kind === 'done') {
        this.#note(entry, action, liveBefore);
        continue;
      }
      entry.startRequestedMs = startRequestedMs;
      if (outcome.kind === 'stale') {
        await this.#ports.systemd.read(entry.unitName);
        return { kind: 'retry' };
      }
      entry.fault = outcome.message;
      this.#ports.log.warn({ server: entry.name, action: action.kind, reason: outcome.message }, 'action failed');
      if (outcome.kind === 'failed') return { kind: 'retry' };
      return action.kind === 'start' ? outcome : { kind: 'again', afterMs: REFUSED_RETRY_MS };
    }
    return undefined;
  }

  /**
   * What must be known before the call: systemd's signals come before its reply, and after a kill nobody takes the reply.
   * So which wish for a new run a start answers, which end it follows and which run a stop is for are remembered first: no
   * later controller answers a wish again or takes the end of that run for one that nobody asked for.
   */
  #prepare(entry: ServerEntry, action: UnitAction, record: SpecRecord | undefined): void {
    switch (action.kind) {
      case 'start': {
        const restartedAt = record?.spec?.annotations[RESTARTED_AT] ?? '';
        const isNewAnswer = (entry.restartedAt ?? '') !== restartedAt;
        const isRemembered = isNewAnswer || entry.isRestartDue;
        entry.startRequestedMs = this.#ports.clock.monotonicMs();
        entry.hasEnvironmentFile = true;
        entry.restartedAt = restartedAt;
        entry.startedSpec = record?.spec;
        if (entry.isRestartDue) entry.restartsTotal += 1;
        entry.isRestartDue = false;
        if (!isRemembered) return;
        entry.startedWith = this.#updates.wished(entry, record);
        this.#remember(entry);
        return;
      }
      case 'stop':
        entry.stopAskedOf = entry.invocation?.id ?? '';
        this.#remember(entry);
        return;
      case 'resetFailed':
      case 'setLimits':
      case 'removeEnvironment':
        return;
    }
  }

  /** A full disk keeps nobody from stopping a server, and a start fails by it anyway. */
  #remember(entry: ServerEntry): void {
    const { runtime, bootId, log } = this.#ports;
    try {
      runtime.writeMemory(memoryOf(entry, bootId));
    } catch (error) {
      log.warn({ server: entry.name, reason: messageOf(error) }, 'memory could not be written');
    }
  }

  #note(entry: ServerEntry, action: UnitAction, liveBefore: LiveValues): void {
    switch (action.kind) {
      case 'setLimits':
        this.#limits.note(entry, action.properties, liveBefore);
        return;
      case 'removeEnvironment':
        entry.hasEnvironmentFile = false;
        return;
      case 'start':
      case 'stop':
      case 'resetFailed':
        return;
    }
  }

  #environmentPath(entry: ServerEntry): string {
    return `${this.#ports.config.runtimeDirectory}/env/${entry.fileId}.env`;
  }
}
