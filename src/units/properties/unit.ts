import { PropertySyntaxError } from '../syntax/error.ts';
import { parsePath } from '../syntax/mounts.ts';
import { BOOLEAN, choice, list, TEXT, TIMESPAN, whole, words } from './kinds.ts';
import { field, hublet, type Setting, settings } from './row.ts';

/** Dependencies come with others of systemd's own. */
const UNITS = words(unitName, 'among');
const CONDITION = hublet('a server that may not start looks like one that ended; use spec.suspend or spec.schedule');
const HOST_ACTION = hublet('the end of a server does nothing to the host');
const START_LIMIT = hublet('it alone restarts servers; use spec.backoff');
const REACHABLE = hublet('it starts and stops the unit itself');
const UNIT_FILES_ONLY = hublet('systemd takes it in unit files only');
const JOB_TIMEOUT = field('startTimeout');

/** What a unit is called and goes with. @see systemd.unit(5) */
export const UNIT: readonly Setting[] = settings('systemd.unit(5)', [
  { setting: 'Description', kind: TEXT, owner: hublet('it names the server'), change: 'none' },
  { setting: 'Documentation', kind: words(), owner: hublet('it names the spec'), change: 'none' },
  { setting: 'Wants', kind: UNITS },
  { setting: 'Requires', kind: UNITS },
  { setting: 'Requisite', kind: UNITS },
  { setting: 'BindsTo', kind: UNITS },
  { setting: 'PartOf', kind: UNITS },
  { setting: 'Upholds', kind: UNITS, since: 249 },
  { setting: 'Conflicts', kind: UNITS },
  { setting: 'Before', kind: UNITS },
  { setting: 'After', kind: UNITS },
  { setting: 'OnFailure', kind: UNITS },
  { setting: 'OnSuccess', kind: UNITS, since: 249 },
  { setting: 'OnFailureJobMode', kind: jobMode() },
  { setting: 'OnSuccessJobMode', kind: jobMode(), owner: UNIT_FILES_ONLY, since: 249 },
  { setting: 'PropagatesReloadTo', kind: UNITS },
  { setting: 'ReloadPropagatedFrom', kind: UNITS },
  { setting: 'PropagatesStopTo', kind: UNITS, since: 249 },
  { setting: 'StopPropagatedFrom', kind: UNITS, since: 249 },
  { setting: 'JoinsNamespaceOf', kind: UNITS },
  { setting: 'RequiresMountsFor', kind: words(parsePath, 'among') },
  { setting: 'WantsMountsFor', kind: words(parsePath, 'among'), since: 256 },
  { setting: 'IgnoreOnIsolate', kind: BOOLEAN },
  { setting: 'DebugInvocation', kind: BOOLEAN, owner: UNIT_FILES_ONLY, since: 257 },
  { setting: 'StopWhenUnneeded', kind: BOOLEAN, owner: REACHABLE },
  { setting: 'RefuseManualStart', kind: BOOLEAN, owner: REACHABLE },
  { setting: 'RefuseManualStop', kind: BOOLEAN, owner: REACHABLE },
  { setting: 'AllowIsolate', kind: BOOLEAN, owner: REACHABLE },
  { setting: 'DefaultDependencies', kind: BOOLEAN, owner: hublet('every server ends with the host') },
  { setting: 'CollectMode', kind: TEXT, owner: hublet('it reads how a server ended before systemd forgets') },
  { setting: 'FailureAction', kind: TEXT, owner: HOST_ACTION },
  { setting: 'SuccessAction', kind: TEXT, owner: HOST_ACTION },
  { setting: 'FailureActionExitStatus', kind: whole('i', 0, 255), owner: HOST_ACTION },
  { setting: 'SuccessActionExitStatus', kind: whole('i', 0, 255), owner: HOST_ACTION },
  { setting: 'StartLimitAction', kind: TEXT, owner: HOST_ACTION },
  { setting: 'JobTimeoutAction', kind: TEXT, owner: HOST_ACTION },
  { setting: 'RebootArgument', kind: TEXT, owner: HOST_ACTION },
  { setting: 'JobTimeoutSec', kind: TIMESPAN, property: 'JobTimeoutUSec', owner: JOB_TIMEOUT },
  { setting: 'JobRunningTimeoutSec', kind: TIMESPAN, property: 'JobRunningTimeoutUSec', owner: JOB_TIMEOUT },
  { setting: 'StartLimitIntervalSec', kind: TIMESPAN, property: 'StartLimitIntervalUSec', owner: START_LIMIT },
  { setting: 'StartLimitBurst', kind: whole('u', 0, 2 ** 32 - 1), owner: START_LIMIT },
  { setting: 'SourcePath', kind: TEXT, owner: hublet('it names the spec in Documentation=') },
  { setting: 'Conditions', kind: list('a(sbbs)', () => []), owner: CONDITION, readBack: 'conditions' },
  { setting: 'Asserts', kind: list('a(sbbs)', () => []), owner: CONDITION, readBack: 'conditions' },
]);

/** Why `ConditionPathExists=` and the like, which one property holds together, are refused. */
export const CONDITION_REASON = CONDITION.kind === 'hublet' ? CONDITION.reason : '';

const SUFFIXES = 'service|socket|target|device|mount|automount|swap|timer|path|slice|scope';
const UNIT_NAME = new RegExp(`^[A-Za-z0-9:_.\\\\@-]+\\.(?:${SUFFIXES})$`);

function unitName(word: string): string {
  if (!UNIT_NAME.test(word) || word.length > 255) {
    throw new PropertySyntaxError(`expects names of units such as postgresql.service, not ${JSON.stringify(word)}`);
  }
  return word;
}

function jobMode() {
  return choice(
    'fail',
    'replace',
    'replace-irreversibly',
    'isolate',
    'flush',
    'ignore-dependencies',
    'ignore-requirements',
  );
}
