/** Policies in the configuration: what a person may write of one, and what it allows. */
import * as z from 'zod';
import { ADMIN_POLICY, type Policy } from '../admission/policy.ts';
import { accountProblem, profileNameProblem } from '../spec/names.ts';
import { CORES_PATTERN, parseCores, parseSizeBytes, SIZE_PATTERN } from '../spec/quantities.ts';
import { field, quantity, text } from '../spec/rule.ts';
import { fieldsSchema } from '../spec/schema.ts';
import { fieldNamesAt } from '../spec/schemaWalk.ts';
import { suggest } from '../spec/suggest.ts';
import { resolveQuota, serversField, totalSchema } from './quotas.ts';

/** The lowest uid that a policy allows where it doesn't say another: below are root and the system's own accounts. */
export const DEFAULT_MIN_UID = 1000;

/** Whoever may write these may run anything as anybody, or read any file: they need a source that root alone writes. */
const ROOT_ONLY: readonly string[] = ['unitProperties', 'credentials', 'environmentFiles'];

const usersSchema = z.strictObject({
  groups: field(
    z.array(text(groupProblem)).min(1),
    'The account must be in at least one of these groups. By default it need not be in any.',
  ),
  minUid: field(
    z.int().min(1).max(4_294_967_294),
    'Accounts with a lower uid are refused; root needs the policy admin.',
    DEFAULT_MIN_UID,
  ),
  deny: field(
    z.array(z.union([text(groupProblem), z.int().min(0).max(4_294_967_294)])),
    'Accounts that are refused whatever else is said, by name or uid.',
    [],
  ),
});

const maxSchema = z.strictObject({
  memory: field(
    quantity(parseSizeBytes, SIZE_PATTERN, { minimum: 1, message: 'must be more than zero' }),
    'Highest resources.memory.limit of one server; one without a limit is refused. By default any.',
  ),
  cpu: field(
    quantity(parseCores, CORES_PATTERN),
    'Highest resources.cpu.limit of one server in cores; one without a limit is refused. By default any.',
  ),
  servers: serversField(
    'Most servers of one source; further ones wait (QuotaExceeded) until one goes. By default any number.',
  ),
});

/** One policy. */
export const policySchema = z
  .strictObject({
    allow: field(
      z.literal('*'),
      'Everything is allowed. Only for sources that root owns (in user mode the user): it may run anything as anybody.',
    ),
    users: field(
      usersSchema,
      'Accounts that servers may run as; {} allows all from the lowest uid on. By default none. A server with dynamicUser has an account of its own and needs no entry here, but the field.',
    ),
    profiles: field(
      z.array(text(profileNameProblem)).min(1),
      'A server must build on one of these profiles. By default it may build on none.',
    ),
    fields: field(
      z.array(text(fieldPathProblem)),
      'Fields of spec that a file may write, each with all that is in it: environment, resources.memory. What a profile says is not asked for. metadata is always allowed. A command of a probe (probes.liveness.exec) needs command besides probes, or to be named itself. Whoever may write group or supplementaryGroups may name any group.',
      [],
    ),
    max: field(maxSchema, 'Limits, asked of the server as a whole, its profile merged in.'),
    total: field(
      totalSchema,
      'What all servers of one source may ask for together, whether they run or not; one that asks for more waits (QuotaExceeded), and what was admitted stays.',
    ),
  })
  .superRefine(({ allow, ...others }, context) => {
    const [other] = Object.keys(others);
    if (allow === undefined || other === undefined) return;
    context.addIssue({ code: 'custom', message: 'goes without all else, as it allows everything', path: ['allow'] });
  });

/** A policy as a file has it. */
export type PolicyDocument = z.infer<typeof policySchema>;

/** Policies by name, the built-in one among them. The documents are ones that the schema accepts. */
export function resolvePolicies(documents: Readonly<Record<string, PolicyDocument>>): Readonly<Record<string, Policy>> {
  const own = Object.entries(documents).map(([name, document]) => [name, resolvePolicy(name, document)] as const);
  return { ...Object.fromEntries(own), [ADMIN_POLICY.name]: ADMIN_POLICY };
}

function resolvePolicy(name: string, { allow, users, profiles, fields, max, total }: PolicyDocument): Policy {
  const quota = resolveQuota({ ...total, ...(max?.servers === undefined ? {} : { servers: max.servers }) });
  return {
    name,
    isUnrestricted: allow === '*',
    users:
      users === undefined
        ? undefined
        : {
            groups: users.groups,
            minUid: users.minUid ?? DEFAULT_MIN_UID,
            deny: (users.deny ?? []).map(String),
          },
    profiles,
    fields: fields ?? [],
    ...(max?.memory === undefined ? {} : { maxMemoryBytes: parseSizeBytes(max.memory) }),
    ...(max?.cpu === undefined ? {} : { maxCpuCores: parseCores(max.cpu) }),
    ...(Object.keys(quota).length === 0 ? {} : { quota }),
  };
}

function groupProblem(name: string): string | undefined {
  return /[{}]/.test(name) ? 'may use no templates' : accountProblem(name);
}

function fieldPathProblem(path: string): string | undefined {
  const parts = path.replace(/^spec\./, '').split('.');
  const [first = ''] = parts;
  if (ROOT_ONLY.includes(first))
    return `can't be allowed: ${first} needs a source that root owns, with the policy admin`;
  for (const [index, part] of parts.entries()) {
    const names = fieldNamesAt(fieldsSchema, parts.slice(0, index));
    // The values of a map, or what is in a list: any name goes.
    if (names.length === 0) return index === 0 || part !== '' ? undefined : 'must not end in a dot';
    if (names.includes(part)) continue;
    const near = suggest(part, names);
    return `is not a field of spec${near === undefined ? '' : `, did you mean ${[...parts.slice(0, index), near].join('.')}?`}`;
  }
  return path.startsWith('spec.') ? `must be written without spec: ${parts.join('.')}` : undefined;
}
