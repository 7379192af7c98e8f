import type { Context } from '../context.ts';
import { editServers } from '../specEdit.ts';

/** `hublet restart`: notes the moment in the spec; the controller starts anew what began before it. */
export function runRestart(context: Context, names: readonly string[]): Promise<number> {
  const value = new Date(context.clock.wallMs()).toISOString();
  return editServers(context, names, ({ spec }) => {
    const { suspend } = spec;
    const isDown = suspend !== undefined && (suspend.untilMs === undefined || suspend.untilMs > context.clock.wallMs());
    if (isDown) return { kind: 'refused', words: `is suspended: 'hublet resume ${spec.name}' starts it` };
    return {
      kind: 'edit',
      edit: { path: ['metadata', 'annotations', 'hublet/restartedAt'], value, done: 'restarted' },
    };
  });
}
