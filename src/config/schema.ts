/** What hublet.yaml may say. It only judges; every field may be left out, so that files can be merged. */
import * as z from 'zod';
import { labelKeyProblem } from '../spec/names.ts';
import { pathProblem } from '../spec/paths.ts';
import { DURATION_PATTERN, parseDurationMs } from '../spec/quantities.ts';
import { field, quantity, text } from '../spec/rule.ts';
import { CONFIG_DEFAULTS } from './defaults.ts';
import { listenProblem } from './listen.ts';
import { defaultPoolSchema, POOL_FIELDS, poolsSchema } from './pools.ts';
import { portRangeProblem } from './portRange.ts';

const period = () =>
  quantity(parseDurationMs, DURATION_PATTERN, { minimum: 1000, message: 'must be at least one second' });

const sourceSchema = z.strictObject({
  path: text(absolutePathProblem).describe('Directory of spec files.'),
  owner: field(
    text((value) => (value === '' ? 'must not be empty' : undefined)),
    'Account that owns the directory and its files, beside root. By default root; in user mode the user.',
  ),
  prune: field(
    z.enum(['on', 'off']),
    'off: many files that vanish at once are deleted servers, for sources that a program writes.',
    'on',
  ),
});

/** One configuration file. */
export const configSchema = z
  .strictObject({
    apiVersion: z.literal('hublet/v1').describe('Version of this format.'),
    kind: z.literal('Config').describe("The controller's configuration."),
    sources: field(
      z.array(sourceSchema).min(1),
      'Directories of spec files; by default one, desired-state beside this file.',
    ),
    pools: field(poolsSchema, POOL_FIELDS.pools, {}),
    defaultPool: field(defaultPoolSchema, POOL_FIELDS.defaultPool),
    ports: field(
      z.strictObject({
        range: field(
          text(portRangeProblem),
          'Ports for servers with port: auto, first-last.',
          CONFIG_DEFAULTS.portRange,
        ),
      }),
      'Ports that servers get.',
    ),
    reconcile: field(
      z.strictObject({
        concurrency: field(z.int().min(1).max(1024), 'Reconciles under way at once.', CONFIG_DEFAULTS.concurrency),
        maxStarting: field(
          z.union([z.literal('auto'), z.int().min(1).max(100_000)]),
          'Servers starting at once; auto is four for each CPU.',
          CONFIG_DEFAULTS.maxStarting,
        ),
        resync: field(period(), 'Time between two looks at every server.', CONFIG_DEFAULTS.resync),
        rescan: field(period(), 'Time between two listings of the sources.', CONFIG_DEFAULTS.rescan),
      }),
      'How the controller works.',
    ),
    metrics: field(
      z.strictObject({
        listen: field(
          text(listenProblem),
          'Where metrics and pages are served: host:port, unix:/path or off.',
          CONFIG_DEFAULTS.listen,
        ),
        level: field(
          z.enum(['off', 'basic', 'full']),
          'off: none per server. basic: usage, limits, phases. full: events, pressure and limits in detail too.',
          CONFIG_DEFAULTS.level,
        ),
        labels: field(
          z.array(text(labelKeyProblem)).max(20),
          'Labels of servers that hublet_server_info carries; few values each, or the series multiply.',
          [],
        ),
      }),
      'Metrics.',
    ),
  })
  .meta({
    title: 'hublet configuration',
    description: "The controller's configuration, hublet.yaml and hublet.d/*.yaml.",
  });

/** A configuration file that the schema accepts. */
export type ConfigDocument = z.infer<typeof configSchema>;

/** Fields that the contract names and this version doesn't have yet. */
export const CONFIG_FIELDS_NOT_IN_THIS_VERSION: ReadonlySet<string> = new Set([
  'sources[].policy',
  'policies',
  'profiles',
  'defaultProfile',
  'prune',
  'metrics.userLabel',
  'drift',
]);

function absolutePathProblem(path: string): string | undefined {
  return path.startsWith('/') ? pathProblem(path) : 'must be an absolute path';
}
