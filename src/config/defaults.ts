import { posix } from 'node:path';
import type { ConfigLocation } from './types.ts';

/** What a field means that no file says. */
export const CONFIG_DEFAULTS = {
  portRange: '20000-29999',
  concurrency: 16,
  maxStarting: 'auto',
  resync: '60s',
  rescan: '20s',
  listen: '127.0.0.1:9810',
  level: 'basic',
  userLabel: 'name',
  prune: { minCount: 3, maxFraction: 0.5 },
} as const;

/** On a host of many users each user's controller takes a free port and writes it to its status. */
const USER_MODE_LISTEN = '127.0.0.1:0';

/** Where everything is that no flag, variable or file moves. */
export interface Places {
  readonly config: ConfigLocation;
  readonly desiredState: string;
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
  readonly lockPath: string;
  readonly listen: string;
}

/** The variables of the controller's own environment; an empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The places of the contract's first table, for root or for one user.
 *
 * Undefined: user mode without HOME, so there is nowhere to look.
 * @see XDG Base Directory Specification: relative paths in its variables are ignored
 */
export function defaultPlaces(isUserMode: boolean, uid: number, env: Environment): Places | undefined {
  if (!isUserMode) {
    return {
      config: { file: '/etc/hublet/hublet.yaml', directory: '/etc/hublet/hublet.d' },
      desiredState: '/etc/hublet/desired-state',
      runtimeDirectory: '/run/hublet',
      stateDirectory: '/var/lib/hublet',
      lockPath: '/run/hublet.lock',
      listen: CONFIG_DEFAULTS.listen,
    };
  }
  const belowHome = (path: string) => (isAbsolute(env.HOME) ? posix.join(env.HOME, path) : undefined);
  const configHome = isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : belowHome('.config');
  const stateHome = isAbsolute(env.XDG_STATE_HOME) ? env.XDG_STATE_HOME : belowHome('.local/state');
  const runtime = isAbsolute(env.XDG_RUNTIME_DIR) ? env.XDG_RUNTIME_DIR : `/run/user/${uid}`;
  if (configHome === undefined || stateHome === undefined) return undefined;
  return {
    config: {
      file: posix.join(configHome, 'hublet/hublet.yaml'),
      directory: posix.join(configHome, 'hublet/hublet.d'),
    },
    desiredState: posix.join(configHome, 'hublet/desired-state'),
    runtimeDirectory: posix.join(runtime, 'hublet'),
    stateDirectory: posix.join(stateHome, 'hublet'),
    lockPath: posix.join(runtime, 'hublet.lock'),
    listen: USER_MODE_LISTEN,
  };
}

function isAbsolute(path: string | undefined): path is string {
  return path?.startsWith('/') === true;
}
