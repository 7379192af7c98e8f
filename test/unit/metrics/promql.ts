/** What a PromQL expression names. Reads as much of the language as rules and the dashboard use; promtool knows whether it is one. */

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

export interface Expression {
  readonly selectors: readonly Selector[];
  /** Labels in by, without, on, ignoring, group_left and group_right. */
  readonly groupings: readonly string[];
}

const TOKEN =
  /\s+|"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z_:][a-zA-Z0-9_:]*|\d+(?:\.\d+)?(?:e\d+)?|=~|!~|!=|[<>=]=?|[-+*/%^(){},]/y;
const GROUPINGS: readonly string[] = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'];
const WORDS: readonly string[] = ['and', 'or', 'unless', 'bool', 'offset'];

/** @throws at anything that is not a token of PromQL */
export function readExpression(text: string): Expression {
  const tokens = tokensOf(text);
  const selectors: Selector[] = [];
  const groupings: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (!/^[a-zA-Z_:]/.test(token) || WORDS.includes(token)) continue;
    if (GROUPINGS.includes(token)) {
      const end = tokens.indexOf(')', at);
      groupings.push(...tokens.slice(at + 2, end).filter((each) => each !== ','));
      at = end;
    } else if (tokens[at + 1] !== '(' && !GROUPINGS.includes(tokens[at + 1] ?? '')) {
      const end = tokens[at + 1] === '{' ? tokens.indexOf('}', at) : at;
      selectors.push({ metric: token, matchers: matchersOf(tokens.slice(at + 2, end)) });
      at = end;
    }
  }
  return { selectors, groupings };
}

function matchersOf(tokens: readonly string[]): Selector['matchers'] {
  const matchers: { label: string; operator: string; value: string }[] = [];
  for (let at = 0; at + 2 < tokens.length; at += 4) {
    const [label = '', operator = '', value = ''] = tokens.slice(at, at + 3);
    matchers.push({ label, operator, value: JSON.parse(value) as string });
  }
  return matchers;
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new Error(`not PromQL from here on: ${text.slice(from)}`);
    if (token.trim() !== '') tokens.push(token);
  }
  return tokens;
}
