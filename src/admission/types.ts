import type { ServerSpec } from '../spec/types.ts';

/** One line of the passwd database, wherever NSS found it. `gid` is its primary group, or the one that the spec names instead. */
export interface Account {
  readonly isDynamic?: false;
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/**
 * A user that systemd makes up for as long as the server runs: DynamicUser=yes, User=`name`, StateDirectory=`stateDirectory`.
 *
 * Its uid and gid are known only while it runs, so no template gives them. @see systemd.exec(5), "DynamicUser="
 */
export interface DynamicAccount {
  readonly isDynamic: true;
  /** Not the name of an account, and not that of another server's user. */
  readonly name: string;
  /** Kept between runs: `/var/lib/` and `stateDirectory`, a link into /var/lib/private. */
  readonly home: string;
  /** `hublet-servers/<escaped name>`, shared by no two servers. */
  readonly stateDirectory: string;
}

/** One line of the group database. */
export interface Group {
  readonly name: string;
  readonly gid: number;
}

/** A spec that may run: its account, groups and port are known and every template in it is expanded. */
export interface Server {
  /** Its `user`, `group` and `supplementaryGroups` are names as NSS spells them, never numbers. */
  readonly spec: ServerSpec;
  readonly account: Account | DynamicAccount;
  /** The port given to the server as PORT and {PORT}; absent where the spec says `port: none`. */
  readonly port?: number;
  /** systemd's name of its unit, `hublet-<escaped name>.service`. */
  readonly unit: string;
  /** Directories that systemd makes for it because its spec speaks of them, below /run and /var/lib, `hublet-servers/<escaped name>`; absent: none. */
  readonly runtimeDirectory?: string;
  readonly stateDirectory?: string;
}
