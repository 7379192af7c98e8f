import { suggest } from '../../spec/suggest.ts';

import { CPU_POLICIES, IO_CLASSES, LOG_FACILITIES, LOG_LEVELS, NUMA_POLICIES, SECURE_BITS } from '../syntax/choices.ts';
import { PropertySyntaxError } from '../syntax/error.ts';
import { readBytes, readMicroseconds, readNice, readNumber, readSeconds } from '../syntax/limits.ts';
import { parseCapabilities, parseCoredumpFilter } from '../syntax/sets.ts';
import { parseNanoseconds } from '../syntax/times.ts';
import {
  BOOLEAN,
  CPUS,
  choice,
  escapedWords,
  flags,
  limit,
  list,
  MODE,
  named,
  PATH,
  plainText,
  scalar,
  switchOr,
  TEXT,
  TIMESPAN,
  whole,
  words,
} from './kinds.ts';
import {
  DIRECTORIES,
  INPUT,
  INPUT_DATA,
  INPUT_TEXT,
  LABEL,
  LOG_PATTERNS,
  OUTPUT,
  SEALED_CREDENTIALS,
} from './kindsOfExec.ts';
import { field, hublet, type Kind, type Setting, settings } from './row.ts';

const ALL_CAPABILITIES = 2n ** 64n - 1n;

/** What a process is, has and says. @see systemd.exec(5) */
export const EXEC: readonly Setting[] = settings('systemd.exec(5)', [
  { setting: 'User', kind: TEXT, owner: field('user') },
  { setting: 'Group', kind: TEXT, owner: field('group') },
  { setting: 'SupplementaryGroups', kind: words(), owner: field('supplementaryGroups') },
  { setting: 'DynamicUser', kind: BOOLEAN, owner: field('dynamicUser') },
  { setting: 'PAMName', kind: TEXT },
  { setting: 'WorkingDirectory', kind: TEXT, owner: field('workingDirectory'), readBack: 'directory' },
  { setting: 'ExecSearchPath', kind: words(), owner: field('extraPaths'), since: 250 },
  { setting: 'UMask', kind: MODE, owner: field('sandbox.umask') },

  { setting: 'CapabilityBoundingSet', kind: capabilities(ALL_CAPABILITIES), owner: field('sandbox.capabilities') },
  { setting: 'AmbientCapabilities', kind: capabilities(0n) },
  { setting: 'NoNewPrivileges', kind: BOOLEAN, owner: field('sandbox.noNewPrivileges') },
  { setting: 'SecureBits', kind: flags('i', SECURE_BITS) },
  { setting: 'SELinuxContext', kind: TEXT, readBack: 'never' },
  { setting: 'AppArmorProfile', kind: LABEL },
  { setting: 'SmackProcessLabel', kind: LABEL },
  { setting: 'KeyringMode', kind: choice('inherit', 'private', 'shared') },
  { setting: 'Personality', kind: scalar('s', personality) },

  { setting: 'LimitCPU', kind: limit(readSeconds) },
  { setting: 'LimitFSIZE', kind: limit(readBytes) },
  { setting: 'LimitDATA', kind: limit(readBytes) },
  { setting: 'LimitSTACK', kind: limit(readBytes) },
  { setting: 'LimitCORE', kind: limit(readBytes) },
  { setting: 'LimitRSS', kind: limit(readBytes) },
  { setting: 'LimitNOFILE', kind: limit(readNumber), owner: field('resources.files') },
  { setting: 'LimitAS', kind: limit(readBytes) },
  { setting: 'LimitNPROC', kind: limit(readNumber) },
  { setting: 'LimitMEMLOCK', kind: limit(readBytes) },
  { setting: 'LimitLOCKS', kind: limit(readNumber) },
  { setting: 'LimitSIGPENDING', kind: limit(readNumber) },
  { setting: 'LimitMSGQUEUE', kind: limit(readBytes) },
  { setting: 'LimitNICE', kind: limit(readNice) },
  { setting: 'LimitRTPRIO', kind: limit(readNumber) },
  { setting: 'LimitRTTIME', kind: limit(readMicroseconds) },
  { setting: 'CoredumpFilter', kind: scalar('t', parseCoredumpFilter), since: 246 },
  { setting: 'CoredumpReceive', kind: BOOLEAN, since: 255 },
  { setting: 'OOMScoreAdjust', kind: whole('i', -1000, 1000) },
  { setting: 'TimerSlackNSec', kind: scalar('t', parseNanoseconds) },
  { setting: 'IgnoreSIGPIPE', kind: BOOLEAN },
  { setting: 'MemoryKSM', kind: BOOLEAN, since: 254 },

  { setting: 'Nice', kind: whole('i', -20, 19) },
  { setting: 'CPUSchedulingPolicy', kind: named(CPU_POLICIES) },
  { setting: 'CPUSchedulingPriority', kind: whole('i', 0, 99) },
  { setting: 'CPUSchedulingResetOnFork', kind: BOOLEAN },
  { setting: 'CPUAffinity', kind: affinity() },
  { setting: 'NUMAPolicy', kind: named(NUMA_POLICIES), since: 243 },
  { setting: 'NUMAMask', kind: CPUS, since: 243 },
  { setting: 'IOSchedulingClass', kind: named(IO_CLASSES) },
  { setting: 'IOSchedulingPriority', kind: whole('i', 0, 7) },

  { setting: 'RuntimeDirectory', kind: DIRECTORIES, owner: hublet('use the template {RUNTIME_DIR}') },
  { setting: 'RuntimeDirectoryMode', kind: MODE, owner: hublet('use the template {RUNTIME_DIR}') },
  { setting: 'RuntimeDirectoryPreserve', kind: switchOr('restart'), owner: hublet('use the template {RUNTIME_DIR}') },
  { setting: 'StateDirectory', kind: DIRECTORIES, owner: hublet('use spec.dynamicUser and the template {STATE_DIR}') },
  { setting: 'StateDirectoryMode', kind: MODE, owner: hublet('use spec.dynamicUser and the template {STATE_DIR}') },
  { setting: 'CacheDirectory', kind: DIRECTORIES },
  { setting: 'CacheDirectoryMode', kind: MODE },
  { setting: 'LogsDirectory', kind: DIRECTORIES },
  { setting: 'LogsDirectoryMode', kind: MODE },
  { setting: 'ConfigurationDirectory', kind: words(), readBack: 'set' },
  { setting: 'ConfigurationDirectoryMode', kind: MODE },
  {
    setting: 'TimeoutCleanSec',
    kind: TIMESPAN,
    property: 'TimeoutCleanUSec',
    owner: hublet('nothing that a server leaves is cleaned by systemd'),
  },

  { setting: 'Environment', kind: words(), owner: field('environment') },
  {
    setting: 'EnvironmentFile',
    kind: list('a(sb)', environmentFile),
    property: 'EnvironmentFiles',
    owner: field('environmentFiles'),
    // Not hublet's own file, whose contents count: its name is a SHA-256.
    hashed: withoutOwnFile,
  },
  { setting: 'PassEnvironment', kind: escapedWords(variableName) },
  { setting: 'UnsetEnvironment', kind: escapedWords(variableName) },
  { setting: 'SetLoginEnvironment', kind: BOOLEAN, since: 255 },
  {
    setting: 'SetCredential',
    kind: list('a(say)', () => []),
    owner: hublet('everybody on the host can read it there; use spec.credentials'),
  },
  { setting: 'SetCredentialEncrypted', kind: SEALED_CREDENTIALS, since: 250 },
  { setting: 'LoadCredential', kind: list('a(ss)', credential), owner: field('credentials'), since: 247 },
  { setting: 'LoadCredentialEncrypted', kind: list('a(ss)', credential), since: 250 },
  { setting: 'ImportCredential', kind: words(), since: 254 },

  { setting: 'StandardInput', kind: INPUT },
  { setting: 'StandardInputData', kind: INPUT_DATA },
  { setting: 'StandardInputText', kind: INPUT_TEXT, property: 'StandardInputData' },
  { setting: 'StandardOutput', kind: OUTPUT, owner: { kind: 'preset' } },
  { setting: 'StandardError', kind: OUTPUT, owner: { kind: 'preset' } },
  { setting: 'LogLevelMax', kind: named(LOG_LEVELS) },
  {
    setting: 'LogExtraFields',
    kind: list('aay', () => []),
    owner: hublet('it marks its units with them'),
    change: 'none',
  },
  { setting: 'LogRateLimitIntervalSec', kind: TIMESPAN, property: 'LogRateLimitIntervalUSec' },
  { setting: 'LogRateLimitBurst', kind: whole('u', 0, 2 ** 32 - 1) },
  { setting: 'LogFilterPatterns', kind: LOG_PATTERNS, since: 253 },
  { setting: 'LogNamespace', kind: TEXT, owner: hublet('it reads the logs of its servers'), since: 245 },
  { setting: 'SyslogIdentifier', kind: TEXT },
  { setting: 'SyslogFacility', kind: named(LOG_FACILITIES) },
  { setting: 'SyslogLevel', kind: named(LOG_LEVELS) },
  { setting: 'SyslogLevelPrefix', kind: BOOLEAN },
  { setting: 'TTYPath', kind: PATH },
  { setting: 'TTYReset', kind: BOOLEAN },
  { setting: 'TTYVHangup', kind: BOOLEAN },
  { setting: 'TTYVTDisallocate', kind: BOOLEAN },
  { setting: 'TTYRows', kind: whole('u', 0, 65_535), since: 250 },
  { setting: 'TTYColumns', kind: whole('u', 0, 65_535), since: 250 },
  { setting: 'UtmpIdentifier', kind: TEXT },
  { setting: 'UtmpMode', kind: choice('init', 'login', 'user') },
]);

const PERSONALITIES: readonly string[] =
  'x86 x86-64 ppc ppc-le ppc64 ppc64-le s390 s390x arm64 arm64-be arm arm-be riscv64 riscv32'.split(' ');

function personality(text: string): string {
  if (!PERSONALITIES.includes(text)) {
    throw new PropertySyntaxError(`expects an architecture such as ${suggest(text, PERSONALITIES) ?? 'x86-64'}`);
  }
  return text;
}

function capabilities(initial: bigint): Kind {
  return {
    signature: 't',
    read: (texts, name) => [
      [
        name,
        parseCapabilities(
          texts.map((text) => text.trim()),
          initial,
        ),
      ],
    ],
  };
}

/** CPUs, or `numa` for those of NUMAMask=. */
function affinity(): Kind {
  return {
    ...CPUS,
    others: (name) => [{ name: `${name}FromNUMA`, signature: 'b', since: 244 }],
    read: (texts, name, host) =>
      texts.length === 1 && texts[0]?.trim() === 'numa' ? [[`${name}FromNUMA`, true]] : CPUS.read(texts, name, host),
  };
}

function environmentFile(text: string): [[path: string, isOptional: boolean]] {
  const isOptional = text.startsWith('-');
  const path = isOptional ? text.slice(1) : text;
  if (!path.startsWith('/'))
    throw new PropertySyntaxError('expects an absolute path, with - before it where it may be absent');
  return [[plainText(path), isOptional]];
}

function withoutOwnFile(value: unknown): unknown {
  const others = (value as [string, boolean][]).filter(([path]) => !/\/[0-9a-f]{64}\.env$/.test(path));
  return others.length === 0 ? undefined : others;
}

function credential(text: string): [[name: string, source: string]] {
  const colon = text.indexOf(':');
  const [name, source] = colon < 0 ? [text, text] : [text.slice(0, colon), text.slice(colon + 1)];
  if (!/^[^/:\s]{1,255}$/.test(name) || source === '') {
    throw new PropertySyntaxError('expects name:path');
  }
  return [[plainText(name), plainText(source)]];
}

function variableName(word: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*(?:=.*)?$/s.test(word)) {
    throw new PropertySyntaxError(`expects names of variables, not ${JSON.stringify(word)}`);
  }
  return word;
}
