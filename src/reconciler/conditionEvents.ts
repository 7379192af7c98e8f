import type { Condition } from '../status/types.ts';
import type { ServerEntry } from './entry.ts';
import type { LoopPorts } from './ports.ts';

/** Tells people of conditions that begin and end where nothing else does. What an earlier controller told of is not told again. */
export class ConditionEvents {
  readonly #ports: Pick<LoopPorts, 'events'>;

  constructor(ports: Pick<LoopPorts, 'events'>) {
    this.#ports = ports;
  }

  tell({ name: server }: ServerEntry, before: readonly Condition[], after: readonly Condition[]): void {
    const { events } = this.#ports;
    const [was, is] = [before, after].map((conditions) => conditions.find(({ type }) => type === 'Suspended'));
    if (is?.status === 'True' && was?.status !== 'True') {
      events.record({ server, reason: 'Suspended', message: is.message === '' ? 'by its spec' : is.message });
    } else if (is?.status === 'False' && was?.status === 'True') {
      events.record({ server, reason: 'Resumed', message: 'it is kept down no longer' });
    }
    const conflict = nameConflict(after);
    if (conflict !== undefined && nameConflict(before) === undefined) {
      events.record({ server, reason: 'NameConflict', message: conflict.message });
    }
  }
}

function nameConflict(conditions: readonly Condition[]): Condition | undefined {
  return conditions.find(({ type, reason }) => type === 'Stalled' && reason === 'NameConflict');
}
