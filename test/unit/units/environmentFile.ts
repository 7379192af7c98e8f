type State = 'line' | 'comment' | 'name' | 'value' | 'double' | 'escaped';

/**
 * Reads the part of systemd's EnvironmentFile= grammar that hublet writes, character by character as its parser does:
 * in double quotes a backslash keeps `"`, `\`, backtick and `$`, joins lines at a line break, and is itself before anything else.
 *
 * @see systemd.exec(5), "EnvironmentFile="
 */
export function decodeEnvironmentFile(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  let state: State = 'line';
  let name = '';
  let value = '';
  for (const character of text) {
    switch (state) {
      case 'line':
        if (character === '#' || character === ';') state = 'comment';
        else if (!/\s/.test(character)) {
          name = character;
          state = 'name';
        }
        break;
      case 'comment':
        if (character === '\n') state = 'line';
        break;
      case 'name':
        if (character === '=') {
          value = '';
          state = 'value';
        } else name += character;
        break;
      case 'value':
        if (character === '"') state = 'double';
        else if (character === '\n') {
          variables.set(name, value);
          state = 'line';
        } else throw new Error('hublet writes nothing outside quotes');
        break;
      case 'double':
        if (character === '"') state = 'value';
        else if (character === '\\') state = 'escaped';
        else value += character;
        break;
      case 'escaped':
        if (/["\\`$]/.test(character)) value += character;
        else if (character !== '\n') value += `\\${character}`;
        state = 'double';
        break;
    }
  }
  if (state !== 'line') throw new Error(`the file ends in ${state}`);
  return variables;
}
