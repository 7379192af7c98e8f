/** What hublet.yaml may say. It only judges; every field may be left out, so that files can be merged. */
import * as z from 'zod';
import { labelKeyProblem, profileNameProblem } from '../spec/names.ts';
import { pathProblem } from '../spec/paths.ts';
import { DURATION_PATTERN, parseDurationMs } from '../spec/quantities.ts';
import { field, quantity, text } from '../spec/rule.ts';
import { profileSchema } from '../spec/schema.ts';
import { suggest } from '../spec/suggest.ts';
import { liveRows } from '../units/table.ts';
import { CONFIG_DEFAULTS } from './defaults.ts';
import { listenProblem } from './listen.ts';
import { policySchema } from './policies.ts';
import { defaultPoolSchema, POOL_FIELDS, poolsSchema } from './pools.ts';
import { portRangeProblem } from './portRange.ts';

const period = () =>
  quantity(parseDurationMs, DURATION_PATTERN, { minimum: 1000, message: 'must be at least one second' });

const sourceSchema = z.strictObject({
  path: text(absolutePathProblem).describe('Directory of spec files.'),
  policy: field(
    text(profileNameProblem),
    'What its specs may ask for: a name of policies, or admin for everything. By default admin where root owns it (in user mode the user); with any other owner it must be named, and must not be one that allows everything.',
  ),
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
      'Directories of spec files; by default one, desired-state beside this file. Servers of a directory that is taken out run on: they are held until the directory is back or their removal is confirmed.',
    ),
    policies: field(
      z.record(text(profileNameProblem), policySchema),
      'What sources may ask for, by name. A policy allows only what it lists; anything else is refused (PolicyDenied) and what runs goes on. A change holds at once for every server of the sources that name it.',
      {},
    ),
    profiles: field(
      z.record(text(profileNameProblem), profileSchema),
      'Fields of spec that many servers share, by name: all but profile. A server that builds on one overrides it field by field; maps are merged, lists replaced. When a profile changes, the limits of its servers change as they run, and what needs a restart is shown as UpdatePending. A profile that is taken away leaves its servers as they last were.',
      {},
    ),
    defaultProfile: field(
      text(profileNameProblem),
      'Profile of servers that name none. By default they build on none and must have a command of their own.',
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
    prune: field(
      z.strictObject({
        minCount: field(
          z.int().min(1).max(1_000_000),
          'Fewer files than this that vanish within 60 s are deleted servers.',
          CONFIG_DEFAULTS.prune.minCount,
        ),
        maxFraction: field(
          z.number().min(0).max(1),
          'So many files or more, if they are also more than this part of the source, are held: their servers run on until the files are back or a person confirms.',
          CONFIG_DEFAULTS.prune.maxFraction,
        ),
      }),
      'Protection from many files vanishing at once; sources[].prune: off switches it off for one source.',
    ),
    drift: field(
      z.strictObject({
        correct: field(
          z.boolean(),
          'Limits that somebody changed on a running unit (systemctl set-property) are set back, one that is changed again and again every five minutes only (Stalled, DriftFlapping). false: only told of (Synced=False, Drifted). What a drop-in in /etc sets is left in any case.',
          true,
        ),
        ignore: field(
          z.array(text(livePropertyProblem)),
          "Limits that are never set back, by systemd's name such as CPUWeight. A new value in the spec is set all the same.",
          [],
        ),
      }),
      'What happens to limits that are not as the spec has them.',
    ),
    reconcile: field(
      z.strictObject({
        concurrency: field(z.int().min(1).max(1024), 'Reconciles under way at once.', CONFIG_DEFAULTS.concurrency),
        maxStarting: field(
          z.union([z.literal('auto'), z.int().min(1).max(100_000)]),
          'Servers starting at once; auto is four for each CPU.',
          CONFIG_DEFAULTS.maxStarting,
        ),
        resync: field(
          period(),
          'Time between two resyncs: everything is read again and compared, and what differs from the last look is looked at.',
          CONFIG_DEFAULTS.resync,
        ),
        rescan: field(period(), 'Time between two listings of the sources.', CONFIG_DEFAULTS.rescan),
      }),
      'How the controller works.',
    ),
    metrics: field(
      z.strictObject({
        listen: field(
          text(listenProblem),
          'Where metrics and pages are served: host:port, unix:/path or off. In user mode by default a free port, told in status.json.',
          CONFIG_DEFAULTS.listen,
        ),
        level: field(
          z.enum(['off', 'basic', 'full']),
          'off: none per server. basic: usage, limits, phases. full: events, pressure and limits in detail too.',
          CONFIG_DEFAULTS.level,
        ),
        userLabel: field(
          z.enum(['name', 'uid', 'none']),
          "The label user of hublet_server_info: the account's name, its uid, or nothing where neither may be told.",
          CONFIG_DEFAULTS.userLabel,
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

function livePropertyProblem(name: string): string | undefined {
  const names = liveRows().map((row) => row.name);
  if (names.includes(name)) return undefined;
  const near = suggest(name, names);
  return `is not a limit that hublet sets on running units${near === undefined ? `: those are ${names.join(', ')}` : `, did you mean ${near}?`}`;
}

function absolutePathProblem(path: string): string | undefined {
  return path.startsWith('/') ? pathProblem(path) : 'must be an absolute path';
}
