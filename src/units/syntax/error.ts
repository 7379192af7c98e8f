/** A property's text does not have the syntax that unit files have for it; the message says what is expected. */
export class PropertySyntaxError extends Error {
  override readonly name = 'PropertySyntaxError';
}
