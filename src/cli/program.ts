/** The command line: what was typed becomes one call of one verb, and whatever goes wrong one line and an exit code. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { VERSION } from '../version.ts';
import { type Verb, type VerbOption, VerbValues } from './catalogue/verb.ts';
import { GLOBAL_OPTIONS, VERBS } from './catalogue.ts';
import type { Context } from './context.ts';
import { CliError, EXIT, EXIT_MEANINGS, errorCode, judgeError } from './errors.ts';
import { type ContextFlags, createHostContext, printError } from './hostContext.ts';

export interface ProgramOptions {
  /** Makes what verbs are given; by default from this process. */
  readonly createContext?: (flags: ContextFlags) => Context;
}

/**
 * Parses arguments (without `node` and the script) and runs the verb they name.
 *
 * Resolves to the exit code, with everything printed; never rejects.
 */
export async function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram(async (verb, values, flags) => {
    exitCode = await verb.run((options.createContext ?? createHostContext)(flags), values);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error);
  }
}

/** Ends the process without a word when whoever reads the output has seen enough (`| head`). */
export function exitQuietlyOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (errorCode(error) !== 'EPIPE') throw error;
      process.exit(EXIT.ok);
    });
  }
}

function reportError(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version come as errors with code 0; messages were printed already.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  const { message, exitCode } = judgeError(error);
  printError(message);
  if ((process.env.HUBLET_DEBUG ?? '') !== '' && error instanceof Error) {
    process.stderr.write(`${error.stack}\n`);
    if (error.cause instanceof Error) process.stderr.write(`caused by ${error.cause.stack}\n`);
  }
  return exitCode;
}

type Act = (verb: Verb, values: VerbValues, flags: ContextFlags) => Promise<void>;

/** The whole command tree; `act` is called with the verb that was chosen. */
export function buildProgram(act: Act): Command {
  const program = new Command('hublet')
    .description('One YAML file per server, kept running as confined systemd units.')
    .version(VERSION, '--version', 'print the version of hublet')
    .usage('[options] <command>')
    .helpCommand('help [command]', 'print the help of a command')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: (text) => printError(usageMessage(text, 'hublet')) });
  for (const option of GLOBAL_OPTIONS) program.addOption(toOption(option));
  for (const verb of VERBS) addVerb(program, verb, act);
  program.addHelpText(
    'after',
    `\nExamples:\n${examplesText(VERBS.filter(({ isCommon }) => isCommon === true).flatMap((verb) => verb.examples.slice(0, 1)))}`,
  );
  return program;
}

function addVerb(program: Command, verb: Verb, act: Act): void {
  const command = program.command(verb.name).summary(verb.summary).description(verb.description);
  if (verb.argument !== undefined) {
    const argument = new Argument(verb.argument.usage, verb.argument.description);
    command.addArgument(verb.argument.choices === undefined ? argument : argument.choices(verb.argument.choices));
  }
  for (const option of verb.options) command.addOption(toOption(option));
  command.configureHelp({ showGlobalOptions: true });
  command.configureOutput({ outputError: (text) => printError(usageMessage(text, `hublet ${verb.name}`)) });
  command.addHelpText('after', `\nExamples:\n${examplesText(verb.examples)}\nExit codes:\n${exitCodesText(verb)}`);
  command.action(async () => {
    const flags: Record<string, unknown> = command.optsWithGlobals();
    await act(verb, new VerbValues(command.args, command.opts()), toContextFlags(flags));
  });
}

function toOption({
  flags,
  description,
  choices,
  preset,
  isRequired,
  conflicts,
}: VerbOption & { readonly conflicts?: string }): Option {
  const option = new Option(flags, description);
  if (choices !== undefined) option.choices(choices);
  if (preset !== undefined) option.default(preset);
  if (isRequired === true) option.makeOptionMandatory();
  if (conflicts !== undefined) option.conflicts(conflicts);
  return option;
}

function toContextFlags(flags: Readonly<Record<string, unknown>>): ContextFlags {
  const text = (name: string): string | undefined => {
    const value = flags[name];
    if (value === '') throw new CliError(EXIT.usage, `an option needs a value that is not empty: try 'hublet --help'`);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    config: text('config'),
    desiredState: text('desiredState'),
    runtimeDir: text('runtimeDir'),
    stateDir: text('stateDir'),
    listen: text('listen'),
    isUserMode: flags.user === true ? true : flags.system === true ? false : undefined,
  };
}

/** Commander's message as one line of ours: `unknown option '--al' (did you mean --all?): try 'hublet --help'`. */
function usageMessage(text: string, command: string): string {
  const words = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*\(Did/g, ' (did')
    .replaceAll('\n', ' ');
  return `${words.replace(/\.$/, '')}: try '${command} --help'`;
}

/** Exit codes of a verb, lowest first. */
export function exitCodesOf(verb: Verb): readonly number[] {
  return [...new Set<number>([EXIT.ok, EXIT.usage, EXIT.noPermission, ...verb.exitCodes])].sort((a, b) => a - b);
}

function exitCodesText(verb: Verb): string {
  return exitCodesOf(verb)
    .map((code) => `  ${String(code).padEnd(3)} ${EXIT_MEANINGS[code]}\n`)
    .join('')
    .trimEnd();
}

function examplesText(examples: Verb['examples']): string {
  return examples.map(([command, does]) => `  ${command}\n      ${does}\n`).join('');
}
