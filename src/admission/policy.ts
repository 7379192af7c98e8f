/** What a source may ask for: a policy allows only what it lists. Pure: decided from the document, the spec and given facts. */
import { formatSize } from '../spec/quantities.ts';
import type { Quota } from '../spec/quota.ts';
import type { ServerDocument } from '../spec/schema.ts';
import type { ServerSpec } from '../spec/types.ts';

/** Which accounts a source's servers may run as. */
export interface UserRule {
  /** The account must be in one of these groups; undefined: in any. */
  readonly groups: readonly string[] | undefined;
  readonly minUid: number;
  /** Never these, by name or number. */
  readonly deny: readonly string[];
}

/** One policy of the configuration. */
export interface Policy {
  readonly name: string;
  /** Everything is allowed; nothing else of the policy counts. */
  readonly isUnrestricted: boolean;
  /** Undefined: no account is allowed. */
  readonly users: UserRule | undefined;
  /** Profiles that a server must build on one of; undefined: it may build on none. */
  readonly profiles: readonly string[] | undefined;
  /** Fields below `spec` that may be written, such as `environment` with all in it or `resources.memory`. */
  readonly fields: readonly string[];
  /** Limits of each server; a server without the limit exceeds it. Absent: any. */
  readonly maxMemoryBytes?: number;
  readonly maxCpuCores?: number;
  /** What the servers of one source may ask for together: `max.servers` and `total`. Absent: anything. */
  readonly quota?: Quota;
}

/** The policy that every configuration has. */
export const ADMIN_POLICY: Policy = {
  name: 'admin',
  isUnrestricted: true,
  users: undefined,
  profiles: undefined,
  fields: [],
};

/** What must be known of the account that a server would run as. */
export interface AccountFacts {
  readonly name: string;
  readonly uid: number;
  /** Those of the policy's groups that it belongs to. */
  readonly groups: readonly string[];
}

/**
 * What a policy has against a server, one sentence each without the policy's name; empty: nothing.
 *
 * `document` is what the source wrote: what comes from the profile was written by an administrator and is judged only
 * where it counts as a whole, as the account and the limits of `spec` are.
 * @param account undefined: a user of the server's own, made up by systemd (dynamicUser), which may be nobody else's
 */
export function policyProblems(
  document: ServerDocument,
  spec: ServerSpec,
  profile: string | undefined,
  policy: Policy,
  account: AccountFacts | undefined,
): string[] {
  if (policy.isUnrestricted) return [];
  return [
    ...writtenProblems(document, profile, policy),
    ...limitProblems(spec, policy),
    ...(account === undefined ? [] : accountProblems(account, policy)),
  ];
}

/** What a policy has against a document as it was written, whoever it is for. */
export function writtenProblems(document: ServerDocument, profile: string | undefined, policy: Policy): string[] {
  if (policy.isUnrestricted) return [];
  const denied = writtenFields(document).filter((path) => !isAllowed(path, policy.fields));
  const allowed = policy.fields.length === 0 ? 'none' : policy.fields.join(', ');
  return [
    ...denied.map((path) => `spec.${path.join('.')} is not one of the fields that it allows (${allowed})`),
    ...profileProblems(profile, policy.profiles),
  ];
}

function profileProblems(profile: string | undefined, allowed: readonly string[] | undefined): string[] {
  if (profile === undefined) {
    return allowed === undefined ? [] : [`the server must build on a profile (${allowed.join(', ')})`];
  }
  if (allowed?.includes(profile) === true) return [];
  return [`the profile ${profile} is not one of those that it allows (${allowed?.join(', ') ?? 'none'})`];
}

function limitProblems({ resources }: ServerSpec, { maxMemoryBytes, maxCpuCores }: Policy): string[] {
  const problems: string[] = [];
  const { memoryMaxBytes, cpuLimitCores } = resources;
  if (maxMemoryBytes !== undefined && (memoryMaxBytes === undefined || memoryMaxBytes > maxMemoryBytes)) {
    const was = memoryMaxBytes === undefined ? 'is not set' : `is ${formatSize(memoryMaxBytes)}`;
    problems.push(`spec.resources.memory.limit ${was}, and at most ${formatSize(maxMemoryBytes)} are allowed`);
  }
  if (maxCpuCores !== undefined && (cpuLimitCores === undefined || cpuLimitCores > maxCpuCores)) {
    const was = cpuLimitCores === undefined ? 'is not set' : `is ${cpuLimitCores} cores`;
    problems.push(`spec.resources.cpu.limit ${was}, and at most ${maxCpuCores} are allowed`);
  }
  return problems;
}

function accountProblems({ name, uid, groups }: AccountFacts, { users }: Policy): string[] {
  if (users === undefined) return [`it allows no account, so not ${name} either: give it users`];
  if (users.deny.includes(name) || users.deny.includes(String(uid))) return [`the account ${name} is denied`];
  const problems: string[] = [];
  if (uid < users.minUid)
    problems.push(`the account ${name} has the uid ${uid}, and ${users.minUid} is the lowest allowed`);
  if (users.groups !== undefined && groups.length === 0) {
    problems.push(`the account ${name} is in none of the groups ${users.groups.join(', ')}`);
  }
  return problems;
}

/**
 * Whether a field may be written: it or one that it is in is listed. A probe by exec runs what it says: whoever may choose no
 * command may choose none there either, unless it is listed as such.
 */
function isAllowed(path: readonly string[], fields: readonly string[]): boolean {
  const covers = (field: string) => field.split('.').every((part, index) => path[index] === part);
  if (path[0] !== 'probes' || path[2] !== 'exec') return fields.some(covers);
  return fields.some((field) => covers(field) && (fields.includes('command') || field.split('.').length >= 3));
}

/** Every field below `spec` that has a value of its own, lists as one. */
function writtenFields({ spec }: ServerDocument): string[][] {
  return leavesOf(spec, []);
}

function leavesOf(value: unknown, path: readonly string[]): string[][] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isMap ? Object.entries(value) : [];
  if (path.length > 0 && entries.length === 0) return [[...path]];
  return entries.flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}
