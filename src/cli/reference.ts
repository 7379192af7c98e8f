import { GLOBAL_OPTIONS, VERBS } from './catalogue.ts';
import { EXIT_MEANINGS } from './errors.ts';
import { buildProgram, exitCodesOf } from './program.ts';

type Command = ReturnType<typeof buildProgram>;
type Option = Command['options'][number];

/** docs/reference/cli.md, whole: every verb as the parser has it, so that the page can't tell of an option that isn't there. */
export function renderCliReference(): string {
  const program = buildProgram(async () => {});
  const globals = program.options.slice(-GLOBAL_OPTIONS.length);
  return [
    '# Command line',
    'Made from the definitions in `src/cli/catalogue/` by `npm run gen`; do not edit.',
    program.description(),
    '```\nhublet [options] <command>\n```',
    `## Options of every command`,
    'A path is taken from its flag, else its environment variable, else the configuration file, else the default.',
    optionTable(globals),
    `## Exit codes`,
    table(
      ['code', 'meaning'],
      Object.entries(EXIT_MEANINGS).map(([code, meaning]) => [code, meaning]),
    ),
    'Errors are one line each on standard error, beginning with `hublet: `. `HUBLET_DEBUG=1` adds where they come from.',
    ...program.commands.flatMap((command) => renderVerb(command)),
  ]
    .join('\n\n')
    .concat('\n');
}

function renderVerb(command: Command): string[] {
  const verb = VERBS.find(({ name }) => name === command.name());
  if (verb === undefined) return [];
  const parts = [
    `## hublet ${command.name()}`,
    command.description(),
    `\`\`\`\nhublet ${command.name()} ${command.usage()}\n\`\`\``,
  ];
  const args = command.registeredArguments.map((argument) => [
    `\`${argument.name()}\``,
    withChoices(argument.description, argument.argChoices),
  ]);
  if (args.length > 0) parts.push(table(['argument', 'meaning'], args));
  if (command.options.length > 0) parts.push(optionTable(command.options));
  const examples = verb.examples.map(([line, does]) => `# ${does}\n${line}`).join('\n');
  parts.push(`\`\`\`sh\n${examples}\n\`\`\``);
  parts.push(`Exit codes: ${exitCodesOf(verb).join(', ')}.`);
  return parts;
}

function optionTable(options: readonly Option[]): string {
  return table(
    ['option', 'meaning', 'default'],
    options.map((option) => [
      `\`${option.flags}\``,
      withChoices(option.description, option.argChoices),
      option.defaultValue === undefined ? (option.mandatory ? 'must be given' : '') : `\`${option.defaultValue}\``,
    ]),
  );
}

function withChoices(description: string, choices: readonly string[] | undefined): string {
  return choices === undefined ? description : `${description}: ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
