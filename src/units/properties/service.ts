import { parseChoice } from '../syntax/choices.ts';
import { PropertySyntaxError } from '../syntax/error.ts';
import { parsePath } from '../syntax/mounts.ts';
import { parseTimespan } from '../syntax/times.ts';
import {
  BOOLEAN,
  COMMANDS,
  choice,
  EXIT_STATUSES,
  list,
  plainText,
  SIGNAL,
  scalar,
  switchOr,
  TEXT,
  TIMESPAN,
  whole,
} from './kinds.ts';
import { field, hublet, type Setting, settings } from './row.ts';

const TYPE = hublet('it starts every server as Type=exec and follows its main process');
const RESTART = hublet('it alone restarts servers; use spec.restartPolicy');
const LISTENER = hublet('it starts servers without sockets or gadgets of systemd');

/** How a server starts, ends and is judged. @see systemd.service(5) */
export const SERVICE: readonly Setting[] = settings('systemd.service(5)', [
  { setting: 'Type', kind: TEXT, owner: TYPE },
  { setting: 'ExitType', kind: TEXT, owner: TYPE, since: 250 },
  { setting: 'RemainAfterExit', kind: BOOLEAN, owner: TYPE },
  { setting: 'GuessMainPID', kind: BOOLEAN, owner: TYPE },
  { setting: 'PIDFile', kind: TEXT, owner: TYPE },
  { setting: 'BusName', kind: TEXT, owner: TYPE },
  { setting: 'ExecStart', kind: COMMANDS, owner: field('command') },
  { setting: 'ExecCondition', kind: COMMANDS, since: 243 },
  { setting: 'ExecStartPre', kind: COMMANDS },
  { setting: 'ExecStartPost', kind: COMMANDS },
  { setting: 'ExecReload', kind: COMMANDS },
  { setting: 'ExecStop', kind: COMMANDS },
  { setting: 'ExecStopPost', kind: COMMANDS },
  {
    setting: 'TimeoutStartSec',
    kind: TIMESPAN,
    property: 'TimeoutStartUSec',
    owner: field('startTimeout'),
    change: 'none',
  },
  { setting: 'TimeoutStopSec', kind: TIMESPAN, property: 'TimeoutStopUSec', owner: field('terminationGracePeriod') },
  {
    setting: 'TimeoutSec',
    kind: TIMESPAN,
    property: 'TimeoutUSec',
    owner: hublet('use spec.startTimeout and spec.terminationGracePeriod'),
  },
  { setting: 'TimeoutAbortSec', kind: TIMESPAN, property: 'TimeoutAbortUSec', since: 243 },
  { setting: 'TimeoutStartFailureMode', kind: choice('terminate', 'abort', 'kill'), since: 246 },
  { setting: 'TimeoutStopFailureMode', kind: choice('terminate', 'abort', 'kill'), since: 246 },
  { setting: 'RuntimeMaxSec', kind: TIMESPAN, property: 'RuntimeMaxUSec' },
  { setting: 'RuntimeRandomizedExtraSec', kind: TIMESPAN, property: 'RuntimeRandomizedExtraUSec', since: 250 },
  {
    setting: 'WatchdogSec',
    kind: scalar('t', (text) => parseTimespan(text)),
    property: 'WatchdogUSec',
    readBack: 'never',
  },
  { setting: 'NotifyAccess', kind: choice('none', 'main', 'exec', 'all') },
  { setting: 'SuccessExitStatus', kind: EXIT_STATUSES },
  { setting: 'OOMPolicy', kind: choice('continue', 'stop', 'kill'), owner: { kind: 'preset' }, since: 243 },
  { setting: 'RootDirectoryStartOnly', kind: BOOLEAN },
  { setting: 'FileDescriptorStoreMax', kind: whole('u', 0, 2 ** 32 - 1) },
  { setting: 'FileDescriptorStorePreserve', kind: switchOr('restart'), since: 254 },
  { setting: 'OpenFile', kind: list('a(sst)', openFile), since: 253 },
  { setting: 'ReloadSignal', kind: SIGNAL, since: 253 },
  { setting: 'NonBlocking', kind: BOOLEAN, owner: LISTENER },
  { setting: 'Sockets', kind: TEXT, owner: LISTENER },
  { setting: 'USBFunctionDescriptors', kind: TEXT, owner: LISTENER },
  { setting: 'USBFunctionStrings', kind: TEXT, owner: LISTENER },

  { setting: 'Restart', kind: TEXT, owner: field('restartPolicy') },
  { setting: 'RestartMode', kind: TEXT, owner: RESTART, since: 254 },
  { setting: 'RestartSec', kind: TIMESPAN, property: 'RestartUSec', owner: field('backoff') },
  { setting: 'RestartSteps', kind: whole('u', 0, 2 ** 32 - 1), owner: field('backoff'), since: 254 },
  {
    setting: 'RestartMaxDelaySec',
    kind: TIMESPAN,
    property: 'RestartMaxDelayUSec',
    owner: field('backoff'),
    since: 254,
  },
  { setting: 'RestartPreventExitStatus', kind: EXIT_STATUSES, owner: RESTART },
  { setting: 'RestartForceExitStatus', kind: EXIT_STATUSES, owner: RESTART },
]);

const KILL_MODE = hublet('KillMode=mixed, so that the main process ends its own children and none stays behind');

/** How a server is stopped. @see systemd.kill(5) */
export const KILL: readonly Setting[] = settings('systemd.kill(5)', [
  { setting: 'KillMode', kind: TEXT, owner: KILL_MODE },
  { setting: 'KillSignal', kind: SIGNAL },
  { setting: 'RestartKillSignal', kind: SIGNAL, since: 244 },
  { setting: 'SendSIGHUP', kind: BOOLEAN },
  {
    setting: 'SendSIGKILL',
    kind: BOOLEAN,
    owner: hublet('a server that does not stop is killed after its grace period'),
  },
  { setting: 'FinalKillSignal', kind: SIGNAL },
  { setting: 'WatchdogSignal', kind: SIGNAL },
  { setting: 'SurviveFinalKillSignal', kind: BOOLEAN, owner: hublet('every server ends with the host'), since: 255 },
]);

const OPEN_FLAGS: Readonly<Record<string, bigint>> = { 'read-only': 1n, append: 2n, truncate: 4n, graceful: 8n };

/** `path`, `path:name` or `path:name:options`. */
function openFile(text: string): [[path: string, name: string, flags: bigint]] {
  const [path = '', name, options = '', ...more] = plainText(text).split(':');
  if (more.length > 0) throw new PropertySyntaxError('expects path:name:options');
  const words = options === '' ? [] : options.split(',');
  const flags = words.reduce((sum, word) => {
    return sum | (OPEN_FLAGS[parseChoice(word, Object.keys(OPEN_FLAGS))] ?? 0n);
  }, 0n);
  const fileName = name === undefined || name === '' ? (path.split('/').at(-1) ?? '') : name;
  return [[parsePath(path), fileName, flags]];
}
