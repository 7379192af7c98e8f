/** uid_t and gid_t are 32 bits and their last value means "no change": nobody has it. */
const MAX_ID = 2 ** 32 - 2;

/** A uid or gid in decimal; undefined for anything else, leading zeros and numbers beyond 32 bits included. */
export function parseId(text: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

/** What an account or a group is asked for by. */
export type NssKey =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'id'; readonly id: number }
  /** Can't be one, and must not be asked: getent would take it for something else. */
  | { readonly kind: 'impossible' };

/**
 * How a text names an account or a group: digits are a uid or gid, as for getent and for systemd's User= and Group=.
 *
 * Refused are what would be an option (`-x`), what cannot stand in a line (`:`, newline, NUL), and numbers in any form
 * that getent's strtoul takes but that is no id: ` 5`, `+5`, `007`, and 4294967296, which it answers with root.
 */
export function nssKey(text: string): NssKey {
  if (text === '' || /^[-+]|[:\n\0]|^\s|\s$/.test(text)) return { kind: 'impossible' };
  if (!/^\d+$/.test(text)) return { kind: 'name', name: text };
  const id = parseId(text);
  return id === undefined ? { kind: 'impossible' } : { kind: 'id', id };
}
