import { EXIT } from '../errors.ts';
import type { Verb } from './verb.ts';

/** Verbs for whoever writes specs, and about hublet itself; they need neither a controller nor systemd. */
export const WRITING_VERBS: readonly Verb[] = [
  {
    name: 'validate',
    argument: { usage: '<path...>', description: 'spec files, or directories of them', completes: 'files' },
    summary: 'check specs without touching anything',
    description:
      'Checks spec files and says file:line:column for each thing that is wrong. Needs no controller, no root and no systemd.',
    options: [],
    examples: [
      ['hublet validate alice.yaml', 'one file'],
      ['hublet validate /etc/hublet/desired-state', 'a whole directory, also for two servers with one port'],
    ],
    exitCodes: [EXIT.invalid],
    run: async (context, values) => (await import('../verbs/validate.ts')).runValidate(context, values.names),
  },
  {
    name: 'explain',
    argument: {
      usage: '[path]',
      description: 'a field such as spec.resources.memory, config.sources or mem_limit; none: the parts of a spec',
    },
    summary: 'say what a field means',
    description:
      'Prints what a field of a spec or of the configuration is: type, default, meaning, what of systemd it becomes, when a change takes effect, and its fields. Knows what systemdspawner, systemd and Kubernetes call it, too.',
    options: [],
    examples: [
      ['hublet explain spec.resources.memory', 'one field and those below it'],
      ['hublet explain config', 'the configuration'],
      ['hublet explain mem_limit', "where another program's option is here"],
    ],
    exitCodes: [],
    run: async (context, values) => (await import('../verbs/explain.ts')).runExplain(context, values.name),
  },
  {
    name: 'schema',
    argument: { usage: '<kind>', description: 'which files', choices: ['server', 'config'] },
    summary: 'print the JSON Schema of specs or configuration',
    description: 'Prints the JSON Schema with which an editor completes and checks the files.',
    options: [],
    examples: [['hublet schema server > server.schema.json', 'for yaml-language-server']],
    exitCodes: [],
    run: async (context, values) =>
      (await import('../verbs/schema.ts')).runSchema(context, values.name === 'config' ? 'config' : 'server'),
  },
  {
    name: 'version',
    summary: 'print versions',
    description: 'Prints the versions of hublet, Node and, where a controller runs, of the controller and its systemd.',
    options: [
      { flags: '-o, --output <format>', description: 'how to print', choices: ['text', 'json'], preset: 'text' },
    ],
    examples: [['hublet version -o json', 'for a script']],
    exitCodes: [],
    run: async (context, values) =>
      (await import('../verbs/version.ts')).runVersion(context, values.text('output') === 'json' ? 'json' : 'text'),
  },
];
