import { EXIT } from '../errors.ts';
import { NAME, type Verb } from './verb.ts';

/** Verbs for going back, and for letting go for good. */
export const REVISING_VERBS: readonly Verb[] = [
  {
    name: 'history',
    argument: NAME,
    summary: 'list the last good specs of a server',
    description:
      'Lists the last five specs of a server that were accepted, oldest first: number, time, and the fields that changed, without their values. Those of a deleted server are kept for a week. In system mode only root may read them.',
    options: [
      { flags: '-o, --output <format>', description: 'how to print', choices: ['table', 'json'], preset: 'table' },
    ],
    examples: [['hublet history alice', 'what changed in the spec of alice, and when']],
    exitCodes: [EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('../verbs/history.ts')).runHistory(
        context,
        values.name,
        values.text('output') === 'json' ? 'json' : 'table',
      ),
  },
  {
    name: 'rollback',
    argument: NAME,
    summary: 'go back to an earlier spec of a server',
    description:
      "Writes an earlier spec of a server into its source, as it was written then, where it is taken as a new revision. Without --to: the newest that describes another server than the file does now, or the last good one where the file is broken. What 'restart', 'suspend' and 'resume' wrote stays as it is. A deleted server comes back.",
    options: [
      { flags: '--to <revision>', description: "a number of 'hublet history'" },
      { flags: '--dry-run', description: 'say what would change, change nothing' },
    ],
    examples: [
      ['hublet rollback alice', 'undo the last change'],
      ['hublet rollback alice --to 3 --dry-run', 'what going back to revision 3 would change'],
    ],
    exitCodes: [EXIT.invalid, EXIT.notFound, EXIT.refused, EXIT.denied, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('../verbs/rollback.ts')).runRollback(context, {
        name: values.name,
        to: values.count('to'),
        isDryRun: values.isSet('dryRun'),
      }),
  },
  {
    name: 'prune',
    summary: 'list or release the removal of many servers at once',
    description:
      'Lists the servers that are kept though their files are gone, because so many vanished at once. With --confirm they are removed, if they are still exactly those that the digest names; asking once more changes nothing.',
    options: [
      { flags: '--confirm <digest>', description: 'let what this digest names go' },
      {
        flags: '-o, --output <format>',
        description: 'how to print the list',
        choices: ['text', 'json'],
        preset: 'text',
      },
    ],
    examples: [['hublet prune', 'what is held, and the command that releases it']],
    exitCodes: [EXIT.refused, EXIT.unreachable, EXIT.badConfiguration],
    run: async (context, values) => {
      const { runConfirm, runPrune } = await import('../verbs/prune.ts');
      const digest = values.text('confirm');
      if (digest !== undefined) return runConfirm(context, digest);
      return runPrune(context, values.text('output') === 'json' ? 'json' : 'text');
    },
  },
];
