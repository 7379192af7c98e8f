/**
 * A command of a unit as systemd keeps it until it is run much later.
 *
 * Reading its units anew, systemd 252 takes `$` and `;` of a transient unit's commands for `\$` and `\;`: it had written them so.
 * So a command that has one is said to a shell in characters that come back as they were, and the shell becomes the program.
 * @returns the command itself where nothing in it is at risk
 */
export function storedCommand(command: readonly string[]): readonly string[] {
  if (!command.some((argument) => /[$;]/.test(argument))) return command;
  const line = `exec ${command.map(quoted).join(' ')}`;
  return ['/bin/sh', '-c', `eval "\`printf %b '${octal(line)}'\`"`];
}

/** One word of a shell's line, whatever is in it. @see POSIX.1-2017, Shell Command Language, 2.2.2 */
function quoted(argument: string): string {
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

/** As the argument of printf's `%b`, with no character that a shell, printf or a unit file has a use for. @see POSIX.1-2017, printf */
function octal(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_./:=,@ -]/.test(character) ? character : `\\0${byte.toString(8).padStart(3, '0')}`;
  }).join('');
}
