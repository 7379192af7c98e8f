import { EXIT } from '../errors.ts';
import type { Verb } from './verb.ts';

/** The controller itself, and whether it could run. */
export const RUNNING_VERBS: readonly Verb[] = [
  {
    name: 'run',
    isCommon: true,
    summary: 'run the controller',
    description:
      'Keeps the units of systemd equal to the specs in the desired-state directory, until a signal ends it. Servers go on when the controller stops. Logs go to standard output, one JSON object a line.',
    options: [
      { flags: '--once', description: 'reconcile until all has settled, print the servers, leave them running' },
      { flags: '--dry-run', description: 'say what would be done, do nothing' },
      { flags: '--timeout <duration>', description: 'how long --once may take', preset: '5m' },
      {
        flags: '--log-level <level>',
        description: 'least level that is logged (info, with --once warn)',
        choices: ['debug', 'info', 'warn', 'error', 'silent'],
      },
    ],
    examples: [
      ['hublet run', 'run in the foreground, as the service does'],
      ['hublet run --once --timeout 2m', 'bring all servers up, then exit'],
      ['hublet run --user --desired-state ./desired-state', 'your own servers, no root needed'],
    ],
    exitCodes: [EXIT.failure, EXIT.noBus, EXIT.alreadyRunning, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('../verbs/run.ts')).runRun(context, {
        isOnce: values.isSet('once'),
        isDryRun: values.isSet('dryRun'),
        timeoutMs: values.durationMs('timeout'),
        logLevel: values.text('logLevel') as import('../../log.ts').LogLevel | undefined,
      }),
  },
  {
    name: 'doctor',
    summary: 'say whether hublet will work on this machine, and what of it will not',
    description:
      'Looks at what hublet needs: systemd, D-Bus, cgroup v2 and its controllers, what the kernel can limit and tell, limits of files and watches, journal, clock, configuration, directories, ports. For each thing that is not ok it says what that costs and what to do. Works before anything is installed, needs no controller and changes nothing. Exit code 0: hublet will work, also where there are warnings; 1: it can not.',
    options: [
      { flags: '-o, --output <format>', description: 'how to print', choices: ['text', 'json'], preset: 'text' },
    ],
    examples: [
      ['sudo hublet doctor', "for the host's servers, before hublet is installed"],
      ['hublet doctor --user', 'for servers of your own'],
      ['hublet doctor -o json | jq \'.checks[] | select(.level != "ok")\'', 'for a script: what is not ok'],
    ],
    exitCodes: [EXIT.failure],
    run: async (context, values) =>
      (await import('../verbs/doctor.ts')).runDoctor(context, {
        format: values.text('output') === 'json' ? 'json' : 'text',
      }),
  },
];
