/** The one table of verbs: arguments, options, examples and exit codes. Arguments are parsed, help and docs are made from it. */
import { CHANGING_VERBS } from './catalogue/changing.ts';
import { LOOKING_VERBS } from './catalogue/looking.ts';
import { RUNNING_VERBS } from './catalogue/running.ts';
import type { Verb, VerbOption } from './catalogue/verb.ts';
import { WRITING_VERBS } from './catalogue/writing.ts';

/** Every verb, in the order of the help and the reference. */
export const VERBS: readonly Verb[] = [...RUNNING_VERBS, ...LOOKING_VERBS, ...CHANGING_VERBS, ...WRITING_VERBS];

/** Options that every verb takes; each path is flag, then variable, then file, then default. */
export const GLOBAL_OPTIONS: readonly (VerbOption & { readonly conflicts?: string })[] = [
  {
    flags: '--user',
    description: 'your own servers, in your systemd manager (default where you are not root)',
    conflicts: 'system',
  },
  { flags: '--system', description: "the host's servers (default for root)" },
  { flags: '--config <file>', description: 'configuration file (HUBLET_CONFIG)' },
  { flags: '--desired-state <directory>', description: 'directory of specs (HUBLET_DESIRED_STATE)' },
  { flags: '--runtime-dir <directory>', description: 'directory of status and sockets (HUBLET_RUNTIME_DIR)' },
  { flags: '--state-dir <directory>', description: 'directory of durable state (HUBLET_STATE_DIR)' },
  { flags: '--listen <address>', description: 'host:port or unix:/path of metrics and health, or off (HUBLET_LISTEN)' },
];
