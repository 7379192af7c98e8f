/** Quotas in the configuration: what a person may write of one, and what it says. It only judges and reads. */
import * as z from 'zod';
import { CORES_PATTERN, parseCores, parseSizeBytes, SIZE_PATTERN } from '../spec/quantities.ts';
import type { Quota } from '../spec/quota.ts';
import { field, quantity } from '../spec/rule.ts';

const MAX_SERVERS = 1_000_000;
const MAX_TASKS = 1_000_000_000;

const size = () => quantity(parseSizeBytes, SIZE_PATTERN, { minimum: 1, message: 'must be more than zero' });

/** Sums of what servers ask for. */
const sums = {
  memory: field(
    size(),
    'Most that resources.memory.limit of these servers may be together, such as 64G; one without a limit is refused. By default any.',
  ),
  memoryGuarantee: field(
    size(),
    'Most that resources.memory.guarantee of these servers may be together; one without a guarantee counts as none. By default any.',
  ),
  cpu: field(
    quantity(parseCores, CORES_PATTERN),
    'Most that resources.cpu.limit of these servers may be together, in cores; one without a limit is refused. By default any.',
  ),
  tasks: field(
    z.int().min(1).max(MAX_TASKS),
    'Most that resources.tasks of these servers may be together; one without a limit is refused. By default any.',
  ),
};

/** The number of servers that may be admitted. */
export const serversField = (what: string) => field(z.int().min(1).max(MAX_SERVERS), what);

/** `total` of a policy. */
export const totalSchema = z.strictObject(sums);

/** `quota` of a pool. */
export const poolQuotaSchema = z.strictObject({
  servers: serversField(
    'Most servers of the pool; further ones wait (QuotaExceeded) until one goes. By default any number.',
  ),
  ...sums,
});

/** A quota as a file has it. */
export type QuotaDocument = z.infer<typeof poolQuotaSchema>;

/** What the document says; it is one that the schema accepts. */
export function resolveQuota({ servers, memory, memoryGuarantee, cpu, tasks }: QuotaDocument): Quota {
  return {
    ...(servers === undefined ? {} : { servers }),
    ...(memory === undefined ? {} : { memoryMaxBytes: parseSizeBytes(memory) }),
    ...(memoryGuarantee === undefined ? {} : { memoryLowBytes: parseSizeBytes(memoryGuarantee) }),
    ...(cpu === undefined ? {} : { cpuLimitCores: parseCores(cpu) }),
    ...(tasks === undefined ? {} : { tasksMax: tasks }),
  };
}
