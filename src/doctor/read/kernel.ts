import { watch } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Caller, KernelFacts, LimitFacts } from '../facts.ts';
import { parseHasSwap, parseKernelConfig, parseNumber, parseOpenFilesLimit } from '../parse.ts';
import { codeOf, readBytes, readText } from './files.ts';

/** What the kernel is and lets its users do, by the files below `root`. */
export function readKernelFacts(root: string, { isUserMode }: Caller): KernelFacts {
  const release = readText(join(root, 'proc/sys/kernel/osrelease'))?.trim() ?? '';
  return {
    release,
    commandLine: (readText(join(root, 'proc/cmdline')) ?? '').trim().split(/\s+/),
    config: readKernelConfig(root, release),
    hasCpuLimitSysctl: readSysctl(root, 'kernel.sched_cfs_bandwidth_slice_us') !== undefined,
    // Turned off by psi=0, older kernels have the file and refuse to read it.
    hasPressure: readText(join(root, 'proc/pressure/memory')) !== undefined,
    hasSwap: parseHasSwap(readText(join(root, 'proc/swaps'))),
    namespaceBars: isUserMode ? readNamespaceBars(root) : [],
  };
}

function readKernelConfig(root: string, release: string): ReadonlyMap<string, string> | undefined {
  const packed = readBytes(join(root, 'proc/config.gz'));
  if (packed !== undefined) return parseKernelConfig(gunzipSync(packed).toString('utf8'));
  if (release === '') return undefined;
  const text = readText(join(root, `boot/config-${release}`)) ?? readText(join(root, `lib/modules/${release}/config`));
  return text === undefined ? undefined : parseKernelConfig(text);
}

/** Sysctls by which a host forbids its users namespaces, and the value with which each does. */
const NAMESPACE_SYSCTLS = [
  ['user.max_user_namespaces', 0],
  ['kernel.unprivileged_userns_clone', 0],
  ['kernel.apparmor_restrict_unprivileged_userns', 1],
] as const;

function readNamespaceBars(root: string): readonly string[] {
  return NAMESPACE_SYSCTLS.flatMap(([name, bar]) => (readSysctl(root, name) === bar ? [`${name}=${bar}`] : []));
}

/** How many watches and files there may be; one watch is made for a moment. */
export function readLimitFacts(root: string): LimitFacts {
  return {
    inotifyWatches: readSysctl(root, 'fs.inotify.max_user_watches'),
    inotifyInstances: readSysctl(root, 'fs.inotify.max_user_instances'),
    inotifyRefusal: tryWatch(root),
    filesOfAny: readSysctl(root, 'fs.nr_open'),
    filesOfThis: parseOpenFilesLimit(readText(join(root, 'proc/self/limits')) ?? ''),
  };
}

function readSysctl(root: string, name: string): number | undefined {
  return parseNumber(readText(join(root, 'proc/sys', name.replaceAll('.', '/'))));
}

function tryWatch(directory: string): string | undefined {
  try {
    watch(directory, { persistent: false }).close();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}
