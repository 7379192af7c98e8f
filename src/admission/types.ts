import type { ServerSpec } from '../spec/types.ts';

/** One line of the passwd database, wherever NSS found it. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** A spec that may run: its account and port are known and every template in it is expanded. */
export interface Server {
  readonly spec: ServerSpec;
  readonly account: Account;
  /** The port given to the server as PORT and {PORT}; absent where the spec says `port: none`. */
  readonly port?: number;
  /** systemd's name of its unit, `hublet-<escaped name>.service`. */
  readonly unit: string;
}
