import { report } from './places.ts';
import { endLeftovers } from './records.ts';
import { ensureState } from './state.ts';

/** Before the system tests: the usual saved state is there (no test waits for its making) and no machine of an earlier run lives. */
export async function setup(): Promise<void> {
  await ensureState(report, 'oldest');
  await clear();
}

/** After the system tests. */
export async function teardown(): Promise<void> {
  await clear();
}

async function clear(): Promise<void> {
  const ended = await endLeftovers();
  if (ended.length > 0) report(`test machine: ended ${ended.join(', ')}, left by a run that is gone`);
}
