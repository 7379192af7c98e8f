import { shellQuote } from '../source/trust.ts';
import type { Caller, ConfigurationFacts, PlaceFacts } from './facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const WRITABLE_BY_OTHERS = 0o022;

/** Whether hublet would start with the configuration there is. */
export function judgeConfiguration(facts: ConfigurationFacts): Finding {
  const check = 'configuration';
  if (facts.kind === 'good')
    return ok(check, facts.files.length === 0 ? 'no files: defaults' : `good: ${facts.files.join(', ')}`);
  return fail(check, facts.message, {
    cost: "'hublet run' ends with exit code 78",
    advice: "mend it; 'hublet explain config' tells what each field means",
  });
}

const NAMES = { runtime: 'runtime directory', state: 'state directory', source: 'desired state' } as const;

const COSTS = {
  runtime: 'no status, no lock: the controller does not start',
  state: 'nothing is remembered: the controller does not start',
  source: 'no spec is read from it, so no server of it is started, changed or stopped',
} as const;

/** Whether one directory is there or can be made, is trusted, and can be written where hublet writes. */
export function judgePlace(place: PlaceFacts, caller: Caller): Finding {
  const { role, path, state } = place;
  const check = NAMES[role];
  const cost = COSTS[role];
  switch (state.kind) {
    case 'missing':
      return judgeMissing(place, state.above, caller);
    case 'other':
      return fail(check, `${path} is no directory`, { cost, advice: 'move it away, or name another place' });
    case 'unreadable': {
      if (state.code === 'EACCES' && !caller.isUserMode && caller.uid !== 0)
        return ok(check, `${path}: only root can see it`);
      const advice = `look at it with 'ls -ld' and at its mount: ${state.code}`;
      return fail(check, `${path} can't be looked at`, { cost, advice });
    }
    case 'directory':
      return judgeOwner(place, state) ?? judgeWritable(place, path, caller) ?? ok(check, path);
  }
}

function judgeMissing(place: PlaceFacts, above: string, caller: Caller): Finding {
  const { isUserMode } = caller;
  const { role, path, isMadeByHublet, isExpected } = place;
  const check = NAMES[role];
  const quoted = shellQuote(path);
  const make = isUserMode ? `mkdir -p -m 700 ${quoted}` : `install -d -o ${ownerWord(place)} -m 755 ${quoted}`;
  if (role === 'source' && isExpected) {
    return fail(check, `${path} is gone`, {
      cost: 'what runs goes on, no spec is read from it: a missing directory is lost, not empty',
      advice: 'mount it or put it back; where it is to be empty, make it',
      lines: [make],
    });
  }
  const refused = judgeWritable(place, above, caller);
  if (refused !== undefined) return refused;
  if (isMadeByHublet)
    return ok(
      check,
      `${path}, not there yet: ${isUserMode ? 'made at the first run' : 'made by the installer or the service'}`,
    );
  return warn(check, `${path} is not there`, { cost: COSTS[role], advice: 'make it', lines: [make] });
}

/** Whoever else could write there could run anything as anybody. */
function judgeOwner(
  place: PlaceFacts,
  { uid, mode }: { readonly uid: number; readonly mode: number },
): Finding | undefined {
  const { role, path, ownerUid } = place;
  const check = NAMES[role];
  // An ancestor's trust is the admin's; the directory's own is asked at each look at it.
  const cost =
    role === 'source' ? 'its specs are not believed: InsecurePermissions' : 'others could change what hublet believes';
  if (uid !== 0 && uid !== ownerUid) {
    return fail(check, `${path} is owned by uid ${uid}`, {
      cost,
      advice: 'give it to whom it belongs',
      lines: [`chown ${ownerWord(place)} ${shellQuote(path)}`],
    });
  }
  if ((mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  const who = (mode & 0o002) !== 0 ? 'everybody' : 'its group';
  return fail(check, `${path} can be written by ${who}`, {
    cost,
    advice: 'take that right away',
    lines: [`chmod go-w ${shellQuote(path)}`],
  });
}

/** Specs are written by people; the other two by hublet alone. */
function judgeWritable({ role, refusal }: PlaceFacts, path: string, { isUserMode }: Caller): Finding | undefined {
  if (refusal === undefined) return undefined;
  const isReadOnly = refusal === 'EROFS';
  const found = isReadOnly ? `${path} is on a read-only file system` : `${path} can't be written (${refusal})`;
  const advice = isReadOnly ? 'mount it writable, or name another place' : 'name another place, or look at its owner';
  if (role === 'source')
    return warn(NAMES[role], found, {
      cost: "'hublet apply', 'delete', 'restart' and 'suspend' can't change specs",
      advice,
    });
  // Where even the directory above it is missing, the user's systemd does not run.
  const isOfSystemd = isUserMode && role === 'runtime' && !isReadOnly;
  return fail(NAMES[role], found, {
    cost: COSTS[role],
    advice: isOfSystemd ? 'your systemd brings it: begin with D-Bus, above' : advice,
  });
}

function ownerWord({ ownerUid }: PlaceFacts): string {
  return ownerUid === 0 ? 'root' : String(ownerUid);
}
