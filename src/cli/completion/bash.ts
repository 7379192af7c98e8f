import type { Verb, VerbOption } from '../catalogue/verb.ts';
import { argumentOffer, type Offer, type OptionWords, optionWords } from './words.ts';

/**
 * A completion script for bash; needs nothing but bash 4.
 *
 * Names of servers come from `hublet get -o name` and are never given to anything that expands them, since a name may hold `$(...)`.
 */
export function renderBash(verbs: readonly Verb[], globals: readonly VerbOption[]): string {
  const shared = globals.map(optionWords);
  const all = [...shared, ...verbs.flatMap((verb) => verb.options.map(optionWords))];
  return `# bash completion of hublet: source <(hublet completion bash)
_hublet_words() {
  local word
  for word in "$@"; do [[ $word == "$cur"* ]] && COMPREPLY+=("$word"); done
}

_hublet_servers() {
  local name mode=()
  for name in "\${COMP_WORDS[@]}"; do [[ $name == --user || $name == --system ]] && mode=("$name"); done
  while IFS= read -r name; do
    [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf %q "$name")")
  done < <(command hublet get -o name "\${mode[@]}" 2>/dev/null)
}

_hublet_paths() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_hublet() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} verb='' index word
  local shared=(${flagWords(shared)} --help)
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      ${valuePattern(all)}) ((index++)) ;;
      -*) ;;
      *) verb=$word; break ;;
    esac
  done
  case $verb/$previous in
${[...shared.map((option) => optionCase('*', option)), ...verbs.flatMap((verb) => verb.options.map((option) => optionCase(verb.name, optionWords(option))))].join('')}  esac
  case $verb/$cur in
    /-*) _hublet_words "\${shared[@]}" --version ;;
    /*) _hublet_words ${verbs.map(({ name }) => name).join(' ')} help ;;
${verbs.map((verb) => `    ${verb.name}/-*) _hublet_words ${flagWords(verb.options.map(optionWords))} "\${shared[@]}" ;;\n`).join('')}${verbs.map(argumentCase).join('')}    help/*) _hublet_words ${verbs.map(({ name }) => name).join(' ')} ;;
  esac
}

complete -F _hublet hublet
`;
}

/** Options after which a value follows. */
function valuePattern(options: readonly OptionWords[]): string {
  return [...new Set(options.filter(({ value }) => value !== undefined).flatMap(flagsOf))].join('|');
}

function optionCase(verb: string, option: OptionWords): string {
  if (option.value === undefined) return '';
  const pattern = flagsOf(option)
    .map((flag) => `${verb}/${flag}`)
    .join('|');
  return `    ${pattern}) ${action(option.value)}; return ;;\n`;
}

function argumentCase(verb: Verb): string {
  const offer = argumentOffer(verb);
  return offer.kind === 'nothing' ? '' : `    ${verb.name}/*) ${action(offer)} ;;\n`;
}

function action(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `_hublet_words ${offer.words.join(' ')}`;
    case 'servers':
      return '_hublet_servers';
    case 'files':
      return '_hublet_paths -f';
    case 'directories':
      return '_hublet_paths -d';
    case 'nothing':
      return ':';
  }
}

function flagsOf({ short, long }: OptionWords): readonly string[] {
  return short === undefined ? [long] : [short, long];
}

function flagWords(options: readonly OptionWords[]): string {
  return options.map(({ long }) => long).join(' ');
}
