/** The one table of verbs: arguments, options, examples and exit codes. Arguments are parsed, help and docs are made from it. */
import { CHANGING_VERBS } from './catalogue/changing.ts';
import { LOOKING_VERBS } from './catalogue/looking.ts';
import { REVISING_VERBS } from './catalogue/revising.ts';
import { RUNNING_VERBS } from './catalogue/running.ts';
import type { Verb, VerbOption } from './catalogue/verb.ts';
import { WRITING_VERBS } from './catalogue/writing.ts';

/** Here, because what it prints is made from all the others. */
const COMPLETION_VERB: Verb = {
  name: 'completion',
  argument: { usage: '<shell>', description: 'which shell', choices: ['bash', 'zsh', 'fish'] },
  summary: 'print a completion script for a shell',
  description: 'Prints a script with which a shell completes commands, options and names of servers.',
  options: [],
  examples: [
    ['source <(hublet completion bash)', 'now; put the line into ~/.bashrc for always'],
    ['hublet completion zsh > /usr/local/share/zsh/site-functions/_hublet', 'for zsh'],
    ['hublet completion fish > ~/.config/fish/completions/hublet.fish', 'for fish'],
  ],
  exitCodes: [],
  run: async (context, values) =>
    (await import('./verbs/completion.ts')).runCompletion(
      context,
      values.name as import('./verbs/completion.ts').Shell,
      { verbs: VERBS, globals: GLOBAL_OPTIONS },
    ),
};

/** Every verb, in the order of the help and the reference. */
export const VERBS: readonly Verb[] = [
  ...RUNNING_VERBS,
  ...LOOKING_VERBS,
  ...CHANGING_VERBS,
  ...REVISING_VERBS,
  ...WRITING_VERBS,
  COMPLETION_VERB,
];

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
