/** A try of a probe by exec: its command runs as a unit of its own, beside the server's, made by systemd alone. */
import type { ProbeSpec } from '../spec/types.ts';
import { EXIT_STATUS, isConfigurationExit, signalName } from '../status/exitMessage.ts';
import { commandUnitName } from '../systemd/commands.ts';
import type { CommandEnd, CommandRunner } from '../systemd/port.ts';
import type { CheckResult } from './check.ts';
import type { ProbeCommand } from './types.ts';

/** Makes one try. Never rejects; an aborted one is `notMade`. */
export type CommandCheck = (
  command: ProbeCommand,
  timeoutMs: ProbeSpec['timeoutMs'],
  signal: AbortSignal,
) => Promise<CheckResult>;

/** systemd kills it at its timeout; hublet waits so much longer for the news before it gives up. */
const NEWS_MS = 20_000;
const EXITED = 1;

/** Runs commands by `runner`; `instanceId` tells their units from those of another hublet. */
export function createCommandCheck(runner: CommandRunner, instanceId: string): CommandCheck {
  return async ({ properties }, timeoutMs, signal) => {
    const end = await runner.run(commandUnitName(instanceId), properties, timeoutMs + NEWS_MS, signal);
    return commandResult(end, timeoutMs);
  };
}

/**
 * What the end of a command says of the server; no argument of it is in the message.
 *
 * A command that ran and did not end with 0 in time has failed. One that systemd could not run as the spec says (its exit
 * codes 200 to 243, the program not being there among them), or that ran out of the memory that a probe may have, was not
 * made: it tells nothing of the server.
 */
export function commandResult(end: CommandEnd, timeoutMs: number): CheckResult {
  if (end.kind === 'notMade') return notMade(end.message);
  const { result, code, status } = end;
  switch (result) {
    case 'success':
      return { outcome: 'succeeded', message: 'its command ended with 0' };
    case 'timeout':
      return { outcome: 'failed', message: `its command did not end within ${timeoutMs / 1000} s and was killed` };
    case 'oom-kill':
      return notMade('its command needed more memory than a probe may have');
    case 'exit-code':
    case 'signal':
    case 'core-dump':
      break;
    default:
      return notMade(`systemd says of its command: ${result}`);
  }
  if (code !== EXITED) return { outcome: 'failed', message: `its command ended by signal ${signalName(status)}` };
  if (!isConfigurationExit(status)) return { outcome: 'failed', message: `its command ended with ${status}` };
  const [name, cause] = EXIT_STATUS[status] ?? ['', 'systemd could not run it'];
  return notMade(`${cause} (${status}/${name})`);
}

function notMade(why: string): CheckResult {
  return { outcome: 'notMade', message: `the probe could not be made: ${why}` };
}
