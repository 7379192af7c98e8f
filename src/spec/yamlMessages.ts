/** The YAML parser's errors by its codes, in our words: its own quote pieces of the text, which may be secret. */
const MESSAGES: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'has an alias (*name) with a tag or anchor of its own',
  BAD_ALIAS: 'has an alias (*name) that fits no anchor (&name) before it: put a text that begins with * in quotes',
  BAD_COLLECTION_TYPE: 'has a tag (!name) that means nothing here: put the text in quotes',
  BAD_DIRECTIVE: 'has a line that begins with %: put the text in quotes',
  BAD_DQ_ESCAPE: 'has an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'is indented in a way that fits nothing above it',
  BAD_PROP_ORDER: 'has a tag (!name) or anchor (&name) in the wrong place',
  BAD_SCALAR_START: 'has a text that begins with a special character (such as @ ` % &): put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: "has a second ': ' on one line: put the text in quotes",
  BLOCK_IN_FLOW: 'has a block inside of [ ] or { }',
  KEY_OVER_1024_CHARS: 'has a key of more than 1024 characters',
  MISSING_CHAR:
    'lacks a character here: a closing quote or bracket, a comma, or the colon after a key (inside of [ ] put {PORT} in quotes)',
  MULTILINE_IMPLICIT_KEY: 'has a key that goes over several lines: is a colon missing, or an indentation?',
  MULTIPLE_ANCHORS: 'has two anchors (&name) in one place: put a text that begins with & in quotes',
  MULTIPLE_DOCS: 'has a second document (---): one file holds one',
  MULTIPLE_TAGS: 'has two tags (!name) in one place: put a text that begins with ! in quotes',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'is indented by a tab: use blanks',
  TAG_RESOLVE_FAILED: 'has a tag (!name) that means nothing here: put the text in quotes',
};

/** What is wrong, in words that follow the position. */
export function yamlMessage(code: string): string {
  return MESSAGES[code] ?? 'is not YAML here: something is left over, or a text needs quotes';
}
