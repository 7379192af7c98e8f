/**
 * The first character of a text that systemd can't take, as `U+FFFE`: NUL, a lone surrogate or a non-character. Undefined: none.
 *
 * One of them makes systemd refuse a whole D-Bus message, and skip a whole environment file.
 * @see systemd's src/basic/utf8.c, unichar_is_valid()
 */
export function unsafeCharacterIn(text: string): string | undefined {
  const unsafe = /[\0\ufdd0-\ufdef]|\p{Surrogate}/u.exec(text)?.[0] ?? endOfPlaneIn(text);
  if (unsafe === undefined) return undefined;
  return `U+${(unsafe.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** U+nFFFE or U+nFFFF. */
function endOfPlaneIn(text: string): string | undefined {
  // Cheap first look: their last UTF-16 unit is one of these.
  if (!/[\ufffe\uffff\udffe\udfff]/.test(text)) return undefined;
  for (const character of text) if (((character.codePointAt(0) ?? 0) & 0xfffe) === 0xfffe) return character;
  return undefined;
}
