import type { Config } from '../config/types.ts';
import type { Context } from './context.ts';
import { EXIT } from './errors.ts';
import { type EditValue, editSpec } from './output.ts';
import { findSpecFile, readSpecText, type SpecFile, writeSpecText } from './specFiles.ts';
import { type CheckedSpec, requireValid } from './specText.ts';

export interface FieldEdit {
  readonly path: readonly string[];
  /** Undefined: the field is taken away. */
  readonly value: EditValue | undefined;
  /** Printed after the server's name. */
  readonly done: string;
}

/** The edit that this spec needs, the words that say why it needs none, or a refusal. */
export type EditDecision =
  | { readonly kind: 'edit'; readonly edit: FieldEdit }
  | { readonly kind: 'unchanged'; readonly words: string }
  | { readonly kind: 'refused'; readonly words: string };

/**
 * Sets or removes one field in the spec of each server, comments kept, and says for each what was done.
 *
 * Names without a file are told of and give exit code 4, refusals 6; the other servers are edited all the same.
 * @throws {CliError} invalid, where the file is not a valid spec, before or after
 */
export async function editServers(
  context: Context,
  names: readonly string[],
  decide: (spec: CheckedSpec & { readonly kind: 'valid' }) => EditDecision,
): Promise<number> {
  const config = await context.config();
  let exitCode: number = EXIT.ok;
  for (const name of new Set(names)) {
    const file = findSpecFile(config, name);
    if (file === undefined) {
      context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
      exitCode = EXIT.notFound;
      continue;
    }
    const text = readSpecText(file.path);
    const decision = decide(requireValid(text, name, file.path, config));
    switch (decision.kind) {
      case 'edit':
        writeEdit(file, text, decision.edit, config);
        context.print(`${name} ${decision.edit.done}\n`);
        break;
      case 'unchanged':
        context.print(`${name} ${decision.words}\n`);
        break;
      case 'refused':
        context.warn(`${name} ${decision.words}`);
        exitCode = EXIT.refused;
    }
  }
  return exitCode;
}

function writeEdit({ name, path }: SpecFile, text: string, { path: field, value }: FieldEdit, config: Config): void {
  const edited = editSpec(text, field, value);
  requireValid(edited, name, path, config);
  writeSpecText(path, edited);
}
