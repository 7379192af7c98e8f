import { suggest } from '../../spec/suggest.ts';
import { MOUNT_FLAGS, parseNamed } from '../syntax/choices.ts';
import { PropertySyntaxError } from '../syntax/error.ts';
import {
  parseBind,
  parseExtensionImage,
  parseImageOptions,
  parseMountImage,
  parsePrefixedPath,
  parseTemporary,
} from '../syntax/mounts.ts';
import { parseNamespaces } from '../syntax/sets.ts';
import { parseErrorNumber } from '../syntax/signals.ts';
import { splitWords } from '../syntax/words.ts';
import {
  BOOLEAN,
  booleanOr,
  choice,
  filter,
  list,
  PATH,
  plainText,
  scalar,
  switchOr,
  TEXT,
  tuples,
  words,
} from './kinds.ts';
import { ROOT_HASH, ROOT_HASH_SIGNATURE } from './kindsOfExec.ts';
import { field, type Kind, type Setting, settings } from './row.ts';

const IMAGE_POLICY_SINCE = 254;
const PATHS = words(parsePrefixedPath);

/** What a process may see and do. @see systemd.exec(5), "Sandboxing", "System Call Filtering" */
export const SANDBOX: readonly Setting[] = settings('systemd.exec(5)', [
  { setting: 'RootDirectory', kind: PATH },
  { setting: 'RootImage', kind: PATH },
  { setting: 'RootImageOptions', kind: list('a(ss)', imageOptions), since: 247 },
  { setting: 'RootEphemeral', kind: BOOLEAN, since: 254 },
  { setting: 'RootHash', kind: ROOT_HASH, since: 246 },
  { setting: 'RootHashSignature', kind: ROOT_HASH_SIGNATURE, since: 246 },
  { setting: 'RootVerity', kind: PATH, since: 246 },
  { setting: 'RootImagePolicy', kind: TEXT, since: IMAGE_POLICY_SINCE },
  { setting: 'MountImagePolicy', kind: TEXT, since: IMAGE_POLICY_SINCE },
  { setting: 'ExtensionImagePolicy', kind: TEXT, since: IMAGE_POLICY_SINCE },
  { setting: 'MountImages', kind: tuples('a(ssba(ss))', parseMountImage), since: 247 },
  { setting: 'ExtensionImages', kind: tuples('a(sba(ss))', parseExtensionImage), since: 248 },
  { setting: 'ExtensionDirectories', kind: PATHS, since: 251 },
  { setting: 'MountAPIVFS', kind: BOOLEAN },
  { setting: 'BindLogSockets', kind: BOOLEAN, since: 257 },

  {
    setting: 'ProtectProc',
    kind: choice('default', 'noaccess', 'invisible', 'ptraceable'),
    owner: field('sandbox.protectProc'),
    since: 247,
  },
  { setting: 'ProcSubset', kind: choice('all', 'pid'), since: 247 },
  { setting: 'BindPaths', kind: tuples('a(ssbt)', parseBind), owner: field('sandbox.bindPaths') },
  { setting: 'BindReadOnlyPaths', kind: tuples('a(ssbt)', parseBind), owner: field('sandbox.bindReadOnlyPaths') },
  { setting: 'ReadWritePaths', kind: PATHS, owner: field('sandbox.readWritePaths') },
  { setting: 'ReadOnlyPaths', kind: PATHS, owner: field('sandbox.readOnlyPaths') },
  { setting: 'InaccessiblePaths', kind: PATHS, owner: field('sandbox.inaccessiblePaths') },
  { setting: 'ExecPaths', kind: PATHS, since: 248 },
  { setting: 'NoExecPaths', kind: PATHS, since: 248 },
  { setting: 'TemporaryFileSystem', kind: tuples('a(ss)', parseTemporary) },

  { setting: 'ProtectSystem', kind: switchOr('full', 'strict'), owner: field('sandbox.protectSystem') },
  { setting: 'ProtectHome', kind: switchOr('read-only', 'tmpfs'), owner: field('sandbox.protectHome') },
  { setting: 'PrivateTmp', kind: newer('PrivateTmpEx', 'disconnected'), owner: field('sandbox.privateTmp') },
  { setting: 'PrivateDevices', kind: BOOLEAN, owner: field('sandbox.privateDevices') },
  { setting: 'PrivateNetwork', kind: BOOLEAN, owner: field('sandbox.privateNetwork') },
  { setting: 'NetworkNamespacePath', kind: PATH, since: 242 },
  { setting: 'PrivateIPC', kind: BOOLEAN, since: 248 },
  { setting: 'IPCNamespacePath', kind: PATH, since: 248 },
  { setting: 'PrivatePIDs', kind: switchOr(), since: 257 },
  { setting: 'PrivateUsers', kind: newer('PrivateUsersEx', 'self', 'identity') },
  { setting: 'PrivateMounts', kind: BOOLEAN },
  { setting: 'ProtectHostname', kind: BOOLEAN, since: 242 },
  { setting: 'ProtectClock', kind: BOOLEAN, since: 245 },
  { setting: 'ProtectKernelTunables', kind: BOOLEAN },
  { setting: 'ProtectKernelModules', kind: BOOLEAN },
  { setting: 'ProtectKernelLogs', kind: BOOLEAN, since: 244 },
  { setting: 'ProtectControlGroups', kind: newer('ProtectControlGroupsEx', 'private', 'strict') },
  { setting: 'RestrictAddressFamilies', kind: filter(addressFamily) },
  { setting: 'RestrictFileSystems', kind: filter(fileSystem), since: 250 },
  { setting: 'RestrictNamespaces', kind: namespaces() },
  { setting: 'LockPersonality', kind: BOOLEAN },
  { setting: 'MemoryDenyWriteExecute', kind: BOOLEAN },
  { setting: 'RestrictRealtime', kind: BOOLEAN },
  { setting: 'RestrictSUIDSGID', kind: BOOLEAN, since: 242 },
  { setting: 'RemoveIPC', kind: BOOLEAN },
  { setting: 'MountFlags', kind: scalar('t', (text) => BigInt(parseNamed(text, MOUNT_FLAGS))) },

  { setting: 'SystemCallFilter', kind: filter(systemCall), owner: field('sandbox.systemCallFilter') },
  { setting: 'SystemCallErrorNumber', kind: scalar('i', parseErrorNumber) },
  { setting: 'SystemCallArchitectures', kind: words(architecture) },
  { setting: 'SystemCallLog', kind: filter(systemCall), since: 247 },
]);

/** @see systemd-analyze syscall-filter */
const CALL_GROUPS: readonly string[] = [
  '@default @aio @basic-io @chown @clock @cpu-emulation @debug @file-system @io-event @ipc @keyring @memlock @module',
  '@mount @network-io @obsolete @pkey @privileged @process @raw-io @reboot @resources @sandbox @setuid @signal @swap',
  '@sync @system-service @timer @known',
].flatMap((names) => names.split(' '));

const ARCHITECTURES: readonly string[] = [
  'native x86 x86-64 x32 arm arm64 loongarch64 mips mips64 mips64-n32 mips-le mips64-le mips64-le-n32 ppc ppc64',
  'ppc64-le riscv64 s390 s390x parisc parisc64',
].flatMap((names) => names.split(' '));

/** Words that systemd 257 takes besides yes and no. */
function newer(name: string, ...allowed: readonly string[]): Kind {
  return booleanOr({ name, signature: 's', since: 257 }, ...allowed);
}

function imageOptions(text: string): readonly unknown[] {
  return splitWords(plainText(text), 'keep').flatMap(({ parts }) => parseImageOptions(parts));
}

function namespaces(): Kind {
  return { signature: 't', read: (texts, name) => [[name, parseNamespaces(texts.map((text) => text.trim()))]] };
}

/** A call or a group of them, with the error that it gives after a colon. */
function systemCall(word: string, isDeny: boolean): string {
  const [call = '', error, ...more] = word.split(':');
  if (error !== undefined && !isDeny) {
    throw new PropertySyntaxError(`expects an error only where calls are denied, with ~ before the first, not ${word}`);
  }
  if (error !== undefined) parseErrorNumber(error);
  if (more.length > 0 || !/^@?[a-z0-9_-]+$/.test(call)) {
    throw new PropertySyntaxError(
      `expects system calls and groups such as @system-service, not ${JSON.stringify(word)}`,
    );
  }
  if (call.startsWith('@') && !CALL_GROUPS.includes(call)) {
    const near = suggest(call, CALL_GROUPS);
    throw new PropertySyntaxError(
      `${call} is no group of system calls${near === undefined ? '' : `: did you mean ${near}?`}`,
    );
  }
  return word;
}

function architecture(word: string): string {
  if (ARCHITECTURES.includes(word)) return word;
  throw new PropertySyntaxError(
    `${word} is no architecture: expects native, ${suggest(word, ARCHITECTURES) ?? 'x86-64'} ...`,
  );
}

function addressFamily(word: string): string {
  if (/^AF_[A-Z0-9]+$/.test(word)) return word;
  throw new PropertySyntaxError(`expects address families such as AF_INET, not ${JSON.stringify(word)}`);
}

function fileSystem(word: string, isDeny: boolean): string {
  if (isDeny)
    throw new PropertySyntaxError('expects what is allowed: of a list with ~ before it, systemd 252 makes nothing');
  if (/^@?[A-Za-z0-9._-]+$/.test(word)) return word;
  throw new PropertySyntaxError(
    `expects types of file systems such as ext4 or @basic-api, not ${JSON.stringify(word)}`,
  );
}
