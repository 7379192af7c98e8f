import { EXIT } from '../errors.ts';
import { USAGE_ORDERS } from '../usageTable.ts';
import { NAME, NAMES, type Verb } from './verb.ts';

/** Verbs that look at servers and change nothing. */
export const LOOKING_VERBS: readonly Verb[] = [
  {
    name: 'get',
    isCommon: true,
    argument: { usage: '[name...]', description: 'names of servers; none: all', completes: 'servers' },
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
      (await import('../verbs/get.ts')).runGet(context, {
        names: values.names,
        selector: values.text('selector'),
        format: (values.text('output') ?? 'table') as import('../serverPrinter.ts').ServerFormat,
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
    run: async (context, values) => (await import('../verbs/describe.ts')).runDescribe(context, values.name),
  },
  {
    name: 'diff',
    argument: { usage: '[name...]', description: 'names of servers; none: all', completes: 'servers' },
    summary: 'say what would change: specs against what runs',
    description:
      'Compares the specs, under the profiles of the configuration, with what systemd runs now. Says of each difference whether it can be changed on the running server or needs a restart, and which servers would be started or stopped. Variables, commands and credentials are named, never shown. Exit code 0: no difference; 1: some; more: an error.',
    options: [
      { flags: '-f, --filename <file...>', description: 'spec files to compare instead, or - for standard input' },
      { flags: '-o, --output <format>', description: 'how to print', choices: ['text', 'json'], preset: 'text' },
    ],
    examples: [
      ['hublet diff', 'what the controller would do, if it ran now'],
      ['hublet diff -f alice.yaml', 'what this file would change, before it is applied'],
    ],
    exitCodes: [EXIT.failure, EXIT.invalid, EXIT.notFound, EXIT.noBus, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('../verbs/diff.ts')).runDiff(context, {
        names: values.names,
        files: values.list('filename'),
        format: values.text('output') === 'json' ? 'json' : 'text',
      }),
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
      (await import('../verbs/wait.ts')).runWait(context, {
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
      (await import('../verbs/logs.ts')).runLogs(context, {
        name: values.name,
        isFollowing: values.isSet('follow'),
        lines: values.count('lines'),
        isPrevious: values.isSet('previous'),
        isRaw: values.isSet('raw'),
      }),
  },
  {
    name: 'top',
    argument: { usage: '[name...]', description: 'names of servers; none: all that run', completes: 'servers' },
    summary: 'show what servers use now',
    description:
      'CPU, memory, tasks and I/O of the servers that run, with their share of the limits in force and how many of their processes were killed for memory. Read from their cgroups, so it works while the controller is down. I/O only where the io controller is on.',
    options: [
      {
        flags: '-l, --selector <selector>',
        description: 'only servers with these labels: k=v, k!=v, k in (a,b), k, !k',
      },
      { flags: '-s, --sort <order>', description: 'which come first', choices: USAGE_ORDERS, preset: 'cpu' },
      { flags: '-d, --delay <duration>', description: 'time over which rates are measured', preset: '1s' },
      { flags: '-w, --watch', description: 'measure again and again' },
      {
        flags: '-o, --output <format>',
        description: 'how to print; json is one object a measuring, in base units',
        choices: ['table', 'json'],
        preset: 'table',
      },
    ],
    examples: [
      ['hublet top', 'who uses how much CPU'],
      ['hublet top -w --sort memory -l team=physics', 'memory of one team, until you stop it'],
    ],
    exitCodes: [EXIT.notFound, EXIT.badConfiguration],
    run: async (context, values) =>
      (await import('../verbs/top.ts')).runTop(context, {
        names: values.names,
        selector: values.text('selector'),
        order: USAGE_ORDERS.find((order) => order === values.text('sort')) ?? 'cpu',
        periodMs: values.durationMs('delay'),
        isWatching: values.isSet('watch'),
        format: values.text('output') === 'json' ? 'json' : 'table',
      }),
  },
  {
    name: 'events',
    argument: {
      usage: '[name]',
      description: 'name of a server; none: all, and those of the host',
      completes: 'servers',
    },
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
      (await import('../verbs/events.ts')).runEvents(context, {
        name: values.names[0],
        isWatching: values.isSet('watch'),
        format: values.text('output') === 'json' ? 'json' : 'table',
      }),
  },
];
