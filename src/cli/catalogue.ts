/** The one table of verbs: arguments, options, examples and exit codes. Arguments are parsed, help and docs are made from it. */
import { parseDurationMs, QuantityError } from '../spec/quantities.ts';
import type { Context } from './context.ts';
import { CliError, EXIT } from './errors.ts';

export interface VerbOption {
  /** As commander writes them: `-o, --output <format>`. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly preset?: string;
  readonly isRequired?: boolean;
}

export interface Verb {
  readonly name: string;
  /** As commander writes them: `[name...]`. */
  readonly argument?: { readonly usage: string; readonly description: string; readonly choices?: readonly string[] };
  /** One line, for the list of verbs. */
  readonly summary: string;
  readonly description: string;
  readonly options: readonly VerbOption[];
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** True: its first example is shown in the help of the program as a whole. */
  readonly isCommon?: boolean;
  /** Exit codes beside 0, 2 and 77, which every verb has. */
  readonly exitCodes: readonly number[];
  /** Loads the verb's own file and runs it. */
  run(context: Context, values: VerbValues): Promise<number>;
}

/** What was written on the command line, checked for form by the parser. */
export class VerbValues {
  readonly names: readonly string[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(names: readonly string[], options: Readonly<Record<string, unknown>>) {
    this.names = names;
    this.#options = options;
  }

  get name(): string {
    return this.names[0] ?? '';
  }

  text(option: string): string | undefined {
    const value = this.#options[option];
    return typeof value === 'string' ? value : undefined;
  }

  list(option: string): readonly string[] {
    const value = this.#options[option];
    return Array.isArray(value) ? value.map(String) : [];
  }

  isSet(option: string): boolean {
    return this.#options[option] === true;
  }

  /** @throws {CliError} usage, where it is no duration */
  durationMs(option: string): number {
    const text = this.text(option) ?? '0s';
    try {
      return parseDurationMs(text);
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      throw new CliError(EXIT.usage, `--${option}: ${error.message}`);
    }
  }

  /** Undefined where it was not given. @throws {CliError} usage, where it is no whole number */
  count(option: string): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    if (!/^\d{1,9}$/.test(text))
      throw new CliError(EXIT.usage, `--${option} '${text}' is not a number: write 0, 1, 2 ...`);
    return Number(text);
  }
}

const NAMES = { usage: '<name...>', description: 'names of servers' };
const NAME = { usage: '<name>', description: 'name of a server' };

export const VERBS: readonly Verb[] = [
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
      (await import('./verbs/run.ts')).runRun(context, {
        isOnce: values.isSet('once'),
        isDryRun: values.isSet('dryRun'),
        timeoutMs: values.durationMs('timeout'),
        logLevel: values.text('logLevel') as import('../log.ts').LogLevel | undefined,
      }),
  },
  {
    name: 'get',
    isCommon: true,
    argument: { usage: '[name...]', description: 'names of servers; none: all' },
    summary: 'list servers with their phase and what they use',
    description:
      'Shows servers by name: phase, readiness, restarts, CPU and memory in use against their limits. Reads files, so it works while the controller is down, and says so.',
    options: [
      {
        flags: '-l, --selector <selector>',
        description: 'only servers with these labels: k=v, k!=v, k in (a,b), k, !k',
      },
      {
        flags: '-o, --output <format>',
        description: 'how to print; wide adds user, pool, unit, port and why it is not ready',
        choices: ['table', 'wide', 'json', 'yaml', 'name'],
        preset: 'table',
      },
      { flags: '-w, --watch', description: 'print servers again when they change' },
    ],
    examples: [
      ['hublet get', 'all servers'],
      ['hublet get -o wide -l team=physics', 'one team, with the reasons why some are not ready'],
      ["hublet get alice -o json | jq -r '.status.phase'", 'one field for a script'],
    ],
    exitCodes: [EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('./verbs/get.ts')).runGet(context, {
        names: values.names,
        selector: values.text('selector'),
        format: (values.text('output') ?? 'table') as import('./serverPrinter.ts').ServerFormat,
        isWatching: values.isSet('watch'),
      }),
  },
  {
    name: 'describe',
    isCommon: true,
    argument: NAME,
    summary: 'say why a server is not up, and all that is known of it',
    description:
      'Begins with why the server is not as its spec wants it, then: spec (no values of its environment, no arguments), unit, limits in force, conditions, last exit with its last log lines, recent events.',
    options: [],
    examples: [['hublet describe alice', 'everything about alice']],
    exitCodes: [EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) => (await import('./verbs/describe.ts')).runDescribe(context, values.name),
  },
  {
    name: 'validate',
    argument: { usage: '<path...>', description: 'spec files, or directories of them' },
    summary: 'check specs without touching anything',
    description:
      'Checks spec files and says file:line:column for each thing that is wrong. Needs no controller, no root and no systemd.',
    options: [],
    examples: [
      ['hublet validate alice.yaml', 'one file'],
      ['hublet validate /etc/hublet/desired-state', 'a whole directory, also for two servers with one port'],
    ],
    exitCodes: [EXIT.invalid],
    run: async (context, values) => (await import('./verbs/validate.ts')).runValidate(context, values.names),
  },
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
    run: async (context, values) => (await import('./verbs/apply.ts')).runApply(context, values.list('filename')),
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
      (await import('./verbs/delete.ts')).runDelete(context, {
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
    run: async (context, values) => (await import('./verbs/restart.ts')).runRestart(context, values.names),
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
      (await import('./verbs/suspend.ts')).runSuspend(context, {
        names: values.names,
        reason: values.text('reason'),
        until: values.text('until'),
      }),
  },
  {
    name: 'resume',
    argument: NAMES,
    summary: 'let suspended servers run again',
    description: 'Takes spec.suspend out of the specs. Comments stay.',
    options: [],
    examples: [['hublet resume alice', 'one server']],
    exitCodes: [EXIT.invalid, EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) => (await import('./verbs/suspend.ts')).runResume(context, values.names),
  },
  {
    name: 'wait',
    isCommon: true,
    argument: NAMES,
    summary: 'wait until servers are ready, stopped or gone',
    description:
      'Waits until each server got there. Only what the controller says of the file as it is now counts, so it can follow apply at once.',
    options: [
      {
        flags: '--for <goal>',
        description: 'ready, stopped, deleted, condition=TYPE or condition=TYPE=STATUS',
        preset: 'ready',
      },
      { flags: '--timeout <duration>', description: 'how long to wait', preset: '60s' },
    ],
    examples: [
      ['hublet apply -f alice.yaml && hublet wait alice --timeout 2m', 'start a server and wait for it'],
      ['hublet wait alice --for condition=UpdatePending=False', 'until the running unit is up to date'],
    ],
    exitCodes: [EXIT.notFound, EXIT.tooLate, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('./verbs/wait.ts')).runWait(context, {
        names: values.names,
        goal: values.text('for') ?? 'ready',
        timeoutMs: values.durationMs('timeout'),
      }),
  },
  {
    name: 'logs',
    argument: NAME,
    summary: "print a server's journal",
    description: "Prints the journal's lines of a server over all its runs, by journalctl.",
    options: [
      { flags: '-f, --follow', description: 'print new lines as they come' },
      { flags: '-n, --lines <count>', description: 'only that many of the last lines' },
      { flags: '--previous', description: 'only the run before the last one' },
      { flags: '--raw', description: 'what the server wrote and nothing else' },
    ],
    examples: [
      ['hublet logs alice -n 50 -f', 'the last 50 lines and what follows'],
      ['hublet logs alice --previous', 'what it said before it crashed'],
    ],
    exitCodes: [EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('./verbs/logs.ts')).runLogs(context, {
        name: values.name,
        isFollowing: values.isSet('follow'),
        lines: values.count('lines'),
        isPrevious: values.isSet('previous'),
        isRaw: values.isSet('raw'),
      }),
  },
  {
    name: 'events',
    argument: { usage: '[name]', description: 'name of a server; none: all, and those of the host' },
    summary: 'list what happened',
    description: 'Prints the last 1000 events since the host started, newest last.',
    options: [
      {
        flags: '-o, --output <format>',
        description: 'how to print; json is one object a line',
        choices: ['table', 'json'],
        preset: 'table',
      },
      { flags: '-w, --watch', description: 'print new events as they come' },
    ],
    examples: [['hublet events alice -w', "one server's, as they come"]],
    exitCodes: [EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('./verbs/events.ts')).runEvents(context, {
        name: values.names[0],
        isWatching: values.isSet('watch'),
        format: values.text('output') === 'json' ? 'json' : 'table',
      }),
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
      (await import('./verbs/schema.ts')).runSchema(context, values.name === 'config' ? 'config' : 'server'),
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
      (await import('./verbs/version.ts')).runVersion(context, values.text('output') === 'json' ? 'json' : 'text'),
  },
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
