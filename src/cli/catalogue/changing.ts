import { EXIT } from '../errors.ts';
import { NAMES, type Verb } from './verb.ts';

/** Verbs that change the specs, and by them the servers. */
export const CHANGING_VERBS: readonly Verb[] = [
  {
    name: 'apply',
    summary: 'put specs into the desired-state directory',
    description:
      'Checks specs and writes them into the first source, each as a file named after its server and in one step, as they were given. Where one is invalid none is written.',
    options: [
      {
        flags: '-f, --filename <file...>',
        description: 'spec files, directories of them, or - for standard input',
        isRequired: true,
      },
    ],
    examples: [
      ['hublet apply -f alice.yaml', 'create or change one server'],
      ['sed s/alice/bob/ alice.yaml | hublet apply -f -', 'from standard input'],
    ],
    exitCodes: [EXIT.invalid, EXIT.refused, EXIT.denied, EXIT.badConfiguration],
    run: async (context, values) => (await import('../verbs/apply.ts')).runApply(context, values.list('filename')),
  },
  {
    name: 'delete',
    argument: NAMES,
    summary: 'remove servers',
    description: "Removes the servers' spec files; the controller then stops them. Homes and data are never touched.",
    options: [
      { flags: '--wait', description: 'until the servers are gone' },
      { flags: '--timeout <duration>', description: 'how long to wait', preset: '60s' },
    ],
    examples: [['hublet delete alice bob --wait', 'and wait until both are gone']],
    exitCodes: [EXIT.notFound, EXIT.tooLate, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('../verbs/delete.ts')).runDelete(context, {
        names: values.names,
        isWaiting: values.isSet('wait'),
        timeoutMs: values.durationMs('timeout'),
      }),
  },
  {
    name: 'restart',
    argument: NAMES,
    summary: 'restart servers',
    description:
      'Sets the annotation hublet/restartedAt in the specs; the controller restarts what began before it. Comments stay.',
    options: [],
    examples: [['hublet restart alice', 'one server']],
    exitCodes: [EXIT.invalid, EXIT.notFound, EXIT.refused, EXIT.badConfiguration],
    run: async (context, values) => (await import('../verbs/restart.ts')).runRestart(context, values.names),
  },
  {
    name: 'suspend',
    argument: NAMES,
    summary: 'stop servers and keep them down',
    description: 'Sets spec.suspend in the specs. Comments stay.',
    options: [
      { flags: '--reason <text>', description: 'shown to whoever asks why it is down' },
      {
        flags: '--until <time>',
        description: 'a time such as 2027-01-31T18:00:00Z, or a duration from now such as 2h',
      },
    ],
    examples: [
      ['hublet suspend alice', 'until resumed'],
      ["hublet suspend alice --reason 'exam in room 2' --until 4h", 'for four hours'],
    ],
    exitCodes: [EXIT.invalid, EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('../verbs/suspend.ts')).runSuspend(context, {
        names: values.names,
        reason: values.text('reason'),
        until: values.text('until'),
      }),
  },
  {
    name: 'resume',
    argument: NAMES,
    summary: 'let servers run again that were suspended or stopped',
    description:
      'Takes spec.suspend out of the specs. One that is not suspended and was stopped, as for its age, is started by a note in its annotations (hublet/resumedAt). Comments stay.',
    options: [],
    examples: [['hublet resume alice', 'one server']],
    exitCodes: [EXIT.invalid, EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) => (await import('../verbs/suspend.ts')).runResume(context, values.names),
  },
];
