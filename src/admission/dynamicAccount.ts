import { createHash } from 'node:crypto';
import { serverPathName } from '../units/name.ts';
import type { DynamicAccount } from './types.ts';

/** What systemd takes for a user that it makes up itself. @see systemd's docs/USER_NAMES.md, the strict rules */
const STRICT_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,30}$/;
/** Of uids that systemd gives to dynamic users. @see systemd's docs/UIDS-GIDS.md */
const FIRST_DYNAMIC_UID = 61_184;
const LAST_DYNAMIC_UID = 65_519;
const HASH_DIGITS = 24;

/**
 * The readable name of a server's dynamic user, `hublet-<server>`; undefined where it would be none: too long, or with
 * characters that systemd doesn't take there.
 *
 * Before it is used, it must be known not to be the name of an account or group: systemd would then run the server as that.
 */
export function readableUserName(serverName: string): string | undefined {
  const name = `hublet-${serverName}`;
  return STRICT_NAME.test(name) ? name : undefined;
}

/**
 * The dynamic user of a server. Two servers never share one, nor its state directory.
 *
 * @param isReadable whether it may have its readable name; else it is `hublet_` and 24 hex digits of the server name's SHA-256,
 * which no readable name begins with
 */
export function dynamicAccount(serverName: string, isReadable: boolean): DynamicAccount {
  const hash = createHash('sha256').update(serverName, 'utf8').digest('hex').slice(0, HASH_DIGITS);
  const stateDirectory = `hublet-servers/${serverPathName(serverName)}`;
  return {
    isDynamic: true,
    name: (isReadable ? readableUserName(serverName) : undefined) ?? `hublet_${hash}`,
    home: `/var/lib/${stateDirectory}`,
    stateDirectory,
  };
}

/** Whether systemd gives this uid (or gid) to dynamic users: NSS shows them while they run, and they are nobody's account. */
export function isDynamicId(id: number): boolean {
  return id >= FIRST_DYNAMIC_UID && id <= LAST_DYNAMIC_UID;
}
