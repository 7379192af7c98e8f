import type { Verb, VerbOption } from '../catalogue/verb.ts';
import { argumentOffer, type Offer, type OptionWords, optionWords, quoted } from './words.ts';

/** A completion script for zsh, to be sourced or to be put into a directory of fpath as `_hublet`. */
export function renderZsh(verbs: readonly Verb[], globals: readonly VerbOption[]): string {
  const shared = globals.map(optionWords);
  return `#compdef hublet
# zsh completion of hublet: source <(hublet completion zsh)
_hublet_servers() {
  local -a mode names
  mode=(\${(M)words:#--(user|system)})
  names=(\${(f)"$(command hublet get -o name $mode 2>/dev/null)"})
  compadd -- $names
}

_hublet_verbs() {
  local -a verbs
  verbs=(
${verbs.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}\n`).join('')}    'help:print the help of a command'
  )
  _describe 'command' verbs
}

_hublet() {
  local state
  local -a shared
  shared=(
${shared.map((option) => `    ${optionSpecs(option).join(' ')}\n`).join('')}  )
  _arguments -C $shared '--help[print help]' '--version[print the version of hublet]' '1: :_hublet_verbs' '*:: :->rest' && return
  case $words[1] in
${verbs.map(verbCase).join('')}    help) _arguments '1: :_hublet_verbs' ;;
  esac
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _hublet "$@"; else compdef _hublet hublet; fi
`;
}

function verbCase(verb: Verb): string {
  const options = verb.options.flatMap((option) => optionSpecs(optionWords(option)));
  const offer = argumentOffer(verb);
  const argument = offer.kind === 'nothing' ? [] : [quoted(`*:${verb.argument?.usage ?? ''}:${action(offer)}`)];
  return `    ${verb.name}) _arguments $shared ${[...options, "'--help[print help]'", ...argument].join(' ')} ;;\n`;
}

/** `-o` and `--output` each with description and value, as _arguments wants them. */
function optionSpecs({ short, long, description, value }: OptionWords): readonly string[] {
  const text = description.replaceAll(/[[\]:\\]/g, '\\$&');
  const rest = value === undefined ? '' : `: :${action(value)}`;
  return [short, long].filter((flag) => flag !== undefined).map((flag) => quoted(`${flag}[${text}]${rest}`));
}

function action(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `(${offer.words.join(' ')})`;
    case 'servers':
      return '_hublet_servers';
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'nothing':
      return ' ';
  }
}
