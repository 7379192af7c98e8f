/** A word as bash reads it literally. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** dropbear's MAX_CMD_LEN, less what is put around. */
const longestCommand = 8_500;

/**
 * What the machine's ssh server is asked to run for a bash command of that user (root when absent), in the user's home.
 * Without `timeoutMs` it may run for ever.
 * @throws when it is too long for the ssh server.
 */
export function guestCommand(
  command: string,
  options: { readonly user?: string; readonly timeoutMs?: number },
): string {
  const { user, timeoutMs } = options;
  const limit = timeoutMs === undefined ? '' : `timeout --kill-after=5 ${timeoutMs / 1000} `;
  const bash = `${limit}bash -c ${quote(command)}`;
  if (bash.length > longestCommand)
    throw new Error(`a command of ${bash.length} bytes: put it into a file, or give it as input to bash -s`);
  if (user === undefined) {
    return `export PATH=${searchPath} LANG=C.UTF-8; exec ${bash}`;
  }
  const account = quote(user);
  return `cd "$(getent passwd ${account} | cut -d: -f6)" && exec setpriv --reuid=${account} --regid="$(id -g ${account})" --init-groups --reset-env ${bash}`;
}
