import { allSettings, type Setting } from '../units/table.ts';
import { parseSystemdVersion } from '../units/versions.ts';
import type { Caller, ManagerFacts } from './facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Below it StartTransientUnit refuses ExecSearchPath, which most servers are started with. */
const LEAST_VERSION = 250;
/** The oldest that hublet is tested on. */
const TESTED_VERSION = 252;

/** Whether systemd runs the host, and is new enough. */
export function judgeSystemd({ isBooted, init, bus, programVersion }: ManagerFacts): Finding {
  const check = 'systemd';
  if (!isBooted) {
    return fail(check, `this host is not run by systemd${init === undefined ? '' : `: process 1 is ${init}`}`, {
      cost: 'there is nothing that could run servers',
      advice: "use a host or virtual machine that systemd boots; 'npm run try' in a checkout makes one to look at",
    });
  }
  const text = bus.kind === 'answered' ? bus.version : programVersion;
  const version = text === undefined ? undefined : parseSystemdVersion(text);
  if (text === undefined || version === undefined) {
    return warn(check, 'runs this host, its version could not be found out', {
      cost: `one that is older than ${TESTED_VERSION} may refuse to start servers`,
      advice: "look at what 'systemctl --version' says",
    });
  }
  if (version < LEAST_VERSION) {
    return fail(check, text, {
      cost: `it refuses servers whose program is looked for on their PATH: that came with systemd ${LEAST_VERSION}`,
      advice: `upgrade the host to one with systemd ${TESTED_VERSION} or newer: Debian 12, Ubuntu 24.04, RHEL 9`,
    });
  }
  const lacking = lackingSettings(version);
  if (version < TESTED_VERSION) {
    return warn(check, text, {
      cost: `hublet is tested on ${TESTED_VERSION} and newer; specs may not have ${lacking
        .filter(({ since }) => since <= TESTED_VERSION)
        .map(({ name }) => name)
        .join(', ')}`,
      advice: `upgrade the host to one with systemd ${TESTED_VERSION} or newer`,
    });
  }
  const without = lacking.length === 0 ? '' : `; ${lacking.length} settings of newer ones are refused`;
  return ok(check, `${text}${without}`);
}

/** What specs can ask for of a newer one. */
function lackingSettings(version: number): readonly Setting[] {
  return allSettings().filter(({ since, owner }) => owner.kind !== 'hublet' && since > version);
}

/** Whether systemd answers on the bus that hublet talks to it over. */
export function judgeBus({ bus, isBooted }: ManagerFacts, { isUserMode }: Caller): Finding {
  const check = 'D-Bus';
  if (bus.kind === 'answered') return ok(check, `${isUserMode ? 'your systemd' : 'systemd'} answers at ${bus.address}`);
  const usual = isBooted
    ? "install dbus (or dbus-broker) and look at 'systemctl status dbus.socket'"
    : 'begin with systemd, which brings it';
  return fail(check, bus.message, {
    cost: `hublet can't reach ${isUserMode ? 'your systemd' : 'systemd'}: 'hublet run' ends with exit code 69 or 77`,
    advice: bus.advice ?? usual,
  });
}

/** System mode: whether this look could see all that root can. Undefined: nothing to say. */
export function judgeRights({ isUserMode, uid, name }: Caller): Finding | undefined {
  if (isUserMode) return undefined;
  const check = 'permissions';
  if (uid === 0) return ok(check, 'this is root, as the controller of a host must be');
  return warn(check, `this is ${name}, and the controller of a host must be root`, {
    cost: `as ${name} it can't run; what only root can see was not looked at`,
    advice: 'look again as root, or with --user for servers of your own',
    lines: ['sudo hublet doctor'],
  });
}

/** User mode: whether servers live on without a login. Undefined: nothing to say. */
export function judgeLinger({ isLingering }: ManagerFacts, { isUserMode, name }: Caller): Finding | undefined {
  if (!isUserMode) return undefined;
  const check = 'linger';
  if (isLingering === true) return ok(check, `your systemd runs without a login of ${name}`);
  return warn(check, `your systemd ends with the last login of ${name}`, {
    cost: 'servers end when you log out, and do not start with the host',
    advice: 'have an admin run',
    lines: [`loginctl enable-linger ${name}`],
  });
}
