import * as z from 'zod';
import { unitPathProblem } from '../paths.ts';
import { CORES_PATTERN, CPUS_PATTERN, parseCores, parseCpus, parseSizeBytes, SIZE_PATTERN } from '../quantities.ts';
import { field, quantity, text } from '../rule.ts';
import { positiveSize } from './amounts.ts';

const MIN_MEMORY_BYTES = 16 * 1024 ** 2;
/** The kernel's largest number of process ids. */
const MAX_TASKS = 4_194_304;
/** The kernel's largest table of open files. @see kernel Documentation/admin-guide/sysctl/fs.rst, "nr_open" */
const MAX_FILES = 1_073_741_816;

const memoryLimit = () =>
  quantity(parseSizeBytes, SIZE_PATTERN, {
    minimum: MIN_MEMORY_BYTES,
    message: 'must be at least 16M: with less nothing starts',
  });
const weight = () => z.int().min(1).max(10_000);
const byPath = <T extends z.ZodType>(limit: T) => z.record(text(unitPathProblem), limit);

const memorySchema = z.strictObject({
  limit: field(memoryLimit(), 'Most memory, such as 512M or 2G; above it the kernel kills (MemoryMax=).'),
  high: field(memoryLimit(), 'Above this the server is slowed down and its memory reclaimed (MemoryHigh=).'),
  guarantee: field(positiveSize(), 'Memory below this is reclaimed from others first (MemoryLow=).'),
  swap: field(
    quantity(parseSizeBytes, SIZE_PATTERN),
    'Most swap (MemorySwapMax=). By default 0 where a limit is set, else no limit.',
  ),
});

const cpuSchema = z.strictObject({
  limit: field(quantity(parseCores, CORES_PATTERN), 'Most CPU time in cores, such as 0.5, 2 or 500m (CPUQuota=).'),
  weight: field(
    weight(),
    'Share of the CPU under contention, 1-10000 (CPUWeight=). By default 100: as much as any other server.',
  ),
  cpus: field(quantity(parseCpus, CPUS_PATTERN), 'CPUs it may run on, such as 0-3,5 (AllowedCPUs=).'),
});

const ioSchema = z.strictObject({
  weight: field(weight(), 'Share of the disks under contention, 1-10000; 100 is usual (IOWeight=).'),
  readBytesPerSecond: field(
    byPath(positiveSize()),
    'Most bytes read a second, by block device or by a path on it: {/home: 50M} (IOReadBandwidthMax=).',
    {},
  ),
  writeBytesPerSecond: field(
    byPath(positiveSize()),
    'Most bytes written a second, by block device or by a path on it (IOWriteBandwidthMax=).',
    {},
  ),
  readIops: field(
    byPath(z.int().min(1)),
    'Most reads a second, by block device or by a path on it (IOReadIOPSMax=).',
    {},
  ),
  writeIops: field(
    byPath(z.int().min(1)),
    'Most writes a second, by block device or by a path on it (IOWriteIOPSMax=).',
    {},
  ),
});

/** `spec.resources`. */
export const resourcesSchema = z.strictObject({
  memory: field(memorySchema, 'Memory limits; sizes in K, M, G, T (powers of 1024) or bytes.'),
  cpu: field(cpuSchema, 'CPU limits.'),
  tasks: field(z.int().min(1).max(MAX_TASKS), 'Most processes and threads (TasksMax=).'),
  files: field(z.int().min(1).max(MAX_FILES), 'Most open files of one process, hard and soft limit (LimitNOFILE=).'),
  io: field(ioSchema, 'Limits of block devices; sizes in K, M, G, T (powers of 1024) or bytes.'),
});
