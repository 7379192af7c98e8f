import type { Verb, VerbOption } from '../catalogue/verb.ts';
import { argumentOffer, type Offer, type OptionWords, optionWords } from './words.ts';

/** A completion script for fish. */
export function renderFish(verbs: readonly Verb[], globals: readonly VerbOption[]): string {
  const lines = [
    '# fish completion of hublet: hublet completion fish | source',
    'complete -c hublet -f',
    ...globals.map((option) => `complete -c hublet ${optionFlags(optionWords(option))}`),
    'complete -c hublet -l help -s h -d "print help"',
    ...verbs.map(
      ({ name, summary }) => `complete -c hublet -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
    ),
    ...verbs.flatMap(verbLines),
  ];
  return `${lines.join('\n')}\n`;
}

function verbLines(verb: Verb): string[] {
  const condition = `complete -c hublet -n "__fish_seen_subcommand_from ${verb.name}"`;
  const offer = argumentOffer(verb);
  return [
    ...verb.options.map((option) => `${condition} ${optionFlags(optionWords(option))}`),
    ...(offer.kind === 'nothing' ? [] : [`${condition} ${action(offer)}`]),
  ];
}

function optionFlags({ short, long, description, value }: OptionWords): string {
  return [
    `-l ${long.slice(2)}`,
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(value === undefined ? [] : [value.kind === 'nothing' ? '-x' : `-r ${action(value)}`]),
    `-d ${fishQuoted(description)}`,
  ].join(' ');
}

function action(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `-f -a "${offer.words.join(' ')}"`;
    case 'servers':
      return '-f -a "(command hublet get -o name 2>/dev/null)"';
    case 'files':
      return '-F';
    case 'directories':
      return '-f -a "(__fish_complete_directories)"';
    case 'nothing':
      return '-f';
  }
}

/** In fish's single quotes only the quote and the backslash are special. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
