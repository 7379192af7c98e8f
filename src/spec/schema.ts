/**
 * What a person may write: the one schema that validation, JSON Schema, `explain` and the documentation are made from.
 *
 * It only judges. Quantities are parsed, defaults filled in and templates expanded afterwards, so that documents can be merged before.
 */
import * as z from 'zod';
import { SPEC_DEFAULTS } from './defaults.ts';
import { accountProblem, profileNameProblem } from './names.ts';
import { pathProblem, searchPathProblem, unitPathProblem } from './paths.ts';
import { poolNameProblem } from './pool.ts';
import { field, text } from './rule.ts';
import { portNumber, positiveDuration } from './schema/amounts.ts';
import { backoffSchema } from './schema/backoff.ts';
import { commandSchema, commandsSchema } from './schema/commands.ts';
import { credentialsSchema, environmentFilesSchema, environmentSchema } from './schema/environment.ts';
import { idleSchema } from './schema/idle.ts';
import { metadataSchema } from './schema/metadata.ts';
import { probesSchema } from './schema/probes.ts';
import { resourcesSchema } from './schema/resources.ts';
import { sandboxSchema } from './schema/sandbox.ts';
import { scheduleSchema } from './schema/schedule.ts';
import { suspensionSchema } from './schema/suspension.ts';
import { unitPropertiesSchema } from './schema/unitProperties.ts';

/** As Kubernetes has it for users' own classes. */
const MAX_PRIORITY = 1_000_000_000;

const account = () => z.union([text(accountProblem), z.int().min(0).max(4_294_967_294)]);

/** Fields of `spec`. */
export const fieldsSchema = z.strictObject({
  profile: field(
    text(profileNameProblem),
    "Profile of the configuration that this builds on: what is written here wins field by field, maps are merged, lists replaced. By default the configuration's defaultProfile, where it has one.",
  ),
  user: field(
    account(),
    'Unix account that it runs as, by name or number; may use {NAME} (User=).',
    SPEC_DEFAULTS.user,
  ),
  group: field(
    account(),
    "Group that it runs in, by name or number; may use {NAME} (Group=). By default the account's own.",
  ),
  supplementaryGroups: field(
    z.array(account()),
    "Further groups, by name or number, beside the account's; may use {NAME} (SupplementaryGroups=).",
    [],
  ),
  dynamicUser: field(
    z.boolean(),
    'true: instead of an account, a user that exists only while the server runs, with a home of its own that stays, below /var/lib/hublet-servers (DynamicUser=, StateDirectory=).',
    SPEC_DEFAULTS.dynamicUser,
  ),
  command: field(
    commandSchema,
    'Program and arguments, never through a shell. The program is an absolute path or a bare name, found on PATH (ExecStart=). Every server needs one, its own or that of its profile.',
  ),
  preStart: field(
    commandsSchema,
    'Commands that run before it, one after the other, as the same account and in the same sandbox; one that fails fails the start (ExecStartPre=).',
    [],
  ),
  postStop: field(
    commandsSchema,
    'Commands that run after its end, one after the other, however it ended (ExecStopPost=).',
    [],
  ),
  workingDirectory: field(
    text(unitPathProblem),
    'Directory it starts in (WorkingDirectory=).',
    SPEC_DEFAULTS.workingDirectory,
  ),
  environment: field(
    environmentSchema,
    'Environment variables; values are strings, so put numbers in quotes. They come in a file that nobody else reads, never as a property of the unit (EnvironmentFile=).',
    {},
  ),
  environmentFiles: field(
    environmentFilesSchema,
    'Files of variables that systemd reads as root at each start, each winning over the ones before; environment and what hublet sets win over all of them; with the prefix - one may be absent (EnvironmentFile=).',
    [],
  ),
  credentials: field(
    credentialsSchema,
    'Secrets by name: files that systemd reads as root and shows to this server alone, below CREDENTIALS_DIRECTORY; hublet never reads them (LoadCredential=).',
    {},
  ),
  extraPaths: field(z.array(text(searchPathProblem)), 'Directories put before PATH.', []),
  shell: field(text(pathProblem), 'The variable SHELL, for terminals.', SPEC_DEFAULTS.shell),
  port: field(
    z.union([z.enum(['auto', 'none']), portNumber()]),
    'The port that it listens on, given as {PORT} and PORT: auto (a stable one of ports.range), a number, or none.',
    SPEC_DEFAULTS.port,
  ),
  resources: field(resourcesSchema, 'What it may use; changed on the running server.'),
  sandbox: field(sandboxSchema, 'What it may see and do.'),
  pool: field(
    text(poolNameProblem),
    "Pool of the configuration whose limits it shares, 1-32 of a-z, 0-9 and _ (Slice=). By default the configuration's defaultPool, where it has one.",
  ),
  unitProperties: field(
    unitPropertiesSchema,
    "Any other property of the unit by systemd's name, a text or a list of texts as in a unit file: {MemoryMin: 64M}. Needs a source that may do everything.",
    {},
  ),
  probes: field(probesSchema, "Checks of its health, with Kubernetes' names and meaning."),
  restartPolicy: field(
    z.enum(['Always', 'OnFailure', 'Never']),
    'When it is started again after it ended by itself.',
    SPEC_DEFAULTS.restartPolicy,
  ),
  backoff: field(
    backoffSchema,
    'Pauses between restarts after failures; a change of the spec and hublet restart end them.',
  ),
  terminationGracePeriod: field(
    positiveDuration(),
    'Time between SIGTERM to the main process and SIGKILL to all, and for each command of postStop: one that takes longer makes the end a failure (TimeoutStopSec=).',
    SPEC_DEFAULTS.terminationGracePeriod,
  ),
  startTimeout: field(
    positiveDuration(),
    'Time from the start until its unit is active and its startup probe has succeeded, after which the start has failed (TimeoutStartSec=); also how long a server that is not ready holds a place of reconcile.maxStarting.',
    SPEC_DEFAULTS.startTimeout,
  ),
  schedule: field(scheduleSchema, 'Windows of time in which it is up; outside them it is kept down.'),
  idle: field(idleSchema, 'Stops it when nobody has used it for a while.'),
  maxAge: field(
    positiveDuration(),
    'A run that is older is stopped, and stays down until hublet resume, hublet restart, a change of the spec or the opening of its next window. By default a run may be of any age.',
  ),
  suspend: field(
    z.union([z.boolean(), suspensionSchema]),
    'Keep it down: true, or {reason, until}. false: let it run.',
    false,
  ),
  updateStrategy: field(
    z.enum(['OnRestart', 'WhenIdle', 'Immediate']),
    `When it takes a change that only a new start can bring. OnRestart: with its next start. WhenIdle: it is started anew once it has been idle for ${SPEC_DEFAULTS.updateIdle}, or for idle.timeout where that is shorter, by the checks of idle or, where there are none, by cpu, and connections where others can reach its port; what can't be measured counts as used. Immediate: at once, though of many servers only as many at a time as reconcile.maxStarting. Only a change of its file, its profile or its pool counts: what a new version of hublet would do otherwise waits for the next start.`,
    SPEC_DEFAULTS.updateStrategy,
  ),
  deletionPolicy: field(
    z.enum(['Stop', 'Orphan']),
    "What becomes of it when its file goes. Stop: it is stopped, and nothing of it is left but its data. Orphan: it runs on as it is, and hublet forgets it: it is not started again, probed or shown, and its limits are corrected no more; its port stays its own until it ends. A file of its name makes it hublet's again.",
    SPEC_DEFAULTS.deletionPolicy,
  ),
  priority: field(
    z.int().min(-MAX_PRIORITY).max(MAX_PRIORITY),
    'Where many are to start at once those with a higher number come first, and where many are to stop they come last.',
    SPEC_DEFAULTS.priority,
  ),
});

/** Fields that many servers share: all of `spec` but the name of another profile. */
export const profileSchema = fieldsSchema.omit({ profile: true });

/** One server, as its file has it. */
export const serverSchema = z
  .strictObject({
    apiVersion: z.literal('hublet/v1').describe('Version of this format.'),
    kind: z.literal('Server').describe('A server.'),
    metadata: metadataSchema.describe('What it is called.'),
    spec: fieldsSchema.describe('What is to run, and how.'),
  })
  .meta({ title: 'hublet server', description: 'One server: a program that hublet keeps running as a systemd unit.' });

/** A document that the schema accepts. */
export type ServerDocument = z.infer<typeof serverSchema>;

/** What a configuration says of one profile. */
export type Profile = z.infer<typeof profileSchema>;

/** A document with all that a server needs, its own or from its profile. */
export type CompleteDocument = ServerDocument & {
  readonly spec: { readonly command: NonNullable<ServerDocument['spec']['command']> };
};
