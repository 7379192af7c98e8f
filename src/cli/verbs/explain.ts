import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { findField } from '../fieldLookup.ts';
import { renderField, renderSetting } from '../fieldText.ts';

/**
 * `hublet explain`: what a field of a spec or of the configuration is.
 *
 * @throws {CliError} usage, where there is no such field
 */
export async function runExplain(context: Context, path: string): Promise<number> {
  const found = findField(path === '' ? 'server' : path);
  if (found.kind === 'unknown') throw new CliError(EXIT.usage, found.message);
  context.print(
    found.kind === 'found' ? renderField(found.field, context.style) : renderSetting(found.setting, context.style),
  );
  return EXIT.ok;
}
