/** The same bytes for numbers: these cost half of what they cost through the buffer, which checks in JavaScript. */
export function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
