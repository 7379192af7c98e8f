import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createSystemClock } from '../clock.ts';
import type { ConfigFlags, LoadedConfig, LoadOptions } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import type { Context } from './context.ts';
import { CliError, EXIT } from './errors.ts';
import { chooseStyle } from './style.ts';
import { printable } from './table.ts';

export interface ContextFlags extends ConfigFlags {
  /** Undefined: user mode where the caller is not root. */
  readonly isUserMode: boolean | undefined;
}

/** The context of this process: its streams, its environment, its clock, and the configuration that flags and files give. */
export function createHostContext(flags: ContextFlags): Context {
  let config: Promise<Config> | undefined;
  return {
    config() {
      config ??= readConfig(flags);
      return config;
    },
    configSource: {
      async location() {
        const { locateConfig } = await import('../config/load.ts');
        return locateConfig(loadOptions(flags));
      },
      load: (before) => loadFiles(flags, before),
    },
    isUserMode: isUserMode(flags),
    clock: createSystemClock(),
    environment: process.env,
    cgroupRoot: '/sys/fs/cgroup',
    style: chooseStyle(process.stdout.isTTY === true, process.env),
    isOutputTerminal: process.stdout.isTTY === true,
    isErrorTerminal: process.stderr.isTTY === true,
    print: (output) => {
      process.stdout.write(output);
    },
    warn: printError,
    readInput: () => text(process.stdin),
    signal: new AbortController().signal,
  };
}

/** Lines to standard error, each with `hublet: ` before it and made harmless for a terminal: file names may come from others. */
export function printError(message: string): void {
  for (const line of message.split('\n')) process.stderr.write(`hublet: ${printable(line)}\n`);
}

async function readConfig(flags: ContextFlags): Promise<Config> {
  const { ConfigError } = await import('../config/errors.ts');
  try {
    return (await loadFiles(flags, new Set())).config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError(EXIT.badConfiguration, error.message, { cause: error });
  }
}

async function loadFiles(flags: ContextFlags, before: ReadonlySet<string>): Promise<LoadedConfig> {
  const { loadConfigFiles } = await import('../config/load.ts');
  return await loadConfigFiles(loadOptions(flags), before);
}

function isUserMode(flags: ContextFlags): boolean {
  return flags.isUserMode ?? process.geteuid?.() !== 0;
}

function loadOptions(flags: ContextFlags): LoadOptions {
  const uid = process.geteuid?.() ?? 0;
  return {
    flags,
    env: process.env,
    isUserMode: isUserMode(flags),
    uid,
    // Of the host, since servers have all of it: the controller itself may be held to fewer.
    cpuCount: cpus().length,
    resolveOwner: lookUpUid,
  };
}

/** The uid of an account, wherever NSS has it; undefined where there is none. @throws {CliError} where NSS can't say */
async function lookUpUid(name: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('getent', ['passwd', '--', name], { timeout: 5_000 });
    const uid = Number(stdout.split(':')[2]);
    return Number.isInteger(uid) ? uid : undefined;
  } catch (error) {
    // getent(1): 2 is "not found".
    if ((error as { code?: unknown }).code === 2) return undefined;
    throw new CliError(EXIT.failure, `the account ${name} can't be looked up: try 'getent passwd ${name}'`, {
      cause: error,
    });
  }
}
