import { type AnyActorScope, createActor } from 'xstate';
import { type ServerEvent, type ServerSnapshot, serverMachine } from './server.machine.ts';

/** The snapshot after an event. Pure, as xstate's `transition` is. */
export type Step = (snapshot: ServerSnapshot, event: ServerEvent) => ServerSnapshot;

/**
 * What `transition(serverMachine, snapshot, event)` does, at a quarter of its price: that one makes an actor, with the
 * machine's initial state, for each event it looks at.
 *
 * The statechart only assigns. An action that would have to be carried out is a mistake in it, and throws.
 */
export function createStep(): Step {
  const self = createActor(serverMachine, { input: {} });
  const nothing = (): void => undefined;
  const scope: AnyActorScope = {
    self,
    system: self.system,
    id: self.id,
    sessionId: self.sessionId,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: ({ type }) => {
      throw new Error(`the server's statechart asks for ${type}, which nobody carries out`);
    },
  };
  return (snapshot, event) => serverMachine.transition(snapshot, event, scope) as ServerSnapshot;
}
