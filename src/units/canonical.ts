/**
 * A D-Bus value as one text: equal texts mean equal values, whatever JavaScript type carries them.
 *
 * Whole numbers and bigints are alike, as are Buffers and other byte arrays. Strings carry their length, so that no two values run together.
 * @throws {TypeError} a value that D-Bus has no type for (undefined, an object, a function)
 */
export function canonicalValue(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return `i${value};`;
    case 'number':
      return Number.isInteger(value) ? `i${value};` : `d${value};`;
    case 'boolean':
      return value ? 'b1;' : 'b0;';
    case 'string':
      return `s${Buffer.byteLength(value)}:${value};`;
    default:
      if (value instanceof Uint8Array) return `y${value.length}:${Buffer.from(value).toString('hex')};`;
      if (Array.isArray(value)) return `a${value.length}[${value.map(canonicalValue).join('')}]`;
      throw new TypeError(`a ${value === null ? 'null' : typeof value} is no D-Bus value`);
  }
}
