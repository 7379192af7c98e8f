import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';

/** `hublet schema`: the JSON Schema that editors check files with. */
export async function runSchema(context: Context, kind: 'server' | 'config'): Promise<number> {
  if (kind === 'server') {
    const { renderServerJsonSchema } = await import('../../spec/jsonSchema.ts');
    context.print(renderServerJsonSchema());
  } else {
    const { renderConfigJsonSchema } = await import('../../config/jsonSchema.ts');
    context.print(renderConfigJsonSchema());
  }
  return EXIT.ok;
}
