const MAX_NAME_BYTES = 255;

/** What is wrong with the name of a credential, or undefined: it becomes a file below CREDENTIALS_DIRECTORY. @see systemd.exec(5), "LoadCredential=" */
export function credentialNameProblem(name: string): string | undefined {
  const isName = /^[A-Za-z0-9_.-]+$/.test(name) && name !== '.' && name !== '..' && name.length <= MAX_NAME_BYTES;
  return isName ? undefined : 'is not the name of a credential: letters, digits, _, - and .';
}
