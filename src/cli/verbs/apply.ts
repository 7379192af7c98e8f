import { ADMIN_POLICY, policyProblems } from '../../admission/policy.ts';
import type { Config } from '../../config/types.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { readSpecName } from '../output.ts';
import { findSpecFile, newSpecPath, readSpecText, writeSpecText } from '../specFiles.ts';
import { readInputs } from '../specInputs.ts';
import { type CheckedSpec, checkSpec } from '../specText.ts';

interface Change {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** `hublet apply`: puts specs into the first source, all of them or, where one is invalid, none. The text stays as it is, comments included. */
export async function runApply(context: Context, files: readonly string[]): Promise<number> {
  const config = await context.config();
  const changes: Change[] = [];
  const lines: string[] = [];
  const denials: string[] = [];
  for (const input of await readInputs(context, files)) {
    const name = readSpecName(input.text) ?? input.stem;
    const checked = checkSpec(input.text, name, input.label, config);
    if (checked.kind !== 'valid') lines.push(...checked.lines);
    else if (changes.some((change) => change.name === name)) lines.push(`${input.label}: ${name} is given twice`);
    else {
      denials.push(...denialsOf(checked, input.label, config));
      changes.push({ name, path: targetPath(config, name), text: endLine(input.text) });
    }
  }
  for (const line of [...lines, ...denials]) context.warn(line);
  if (lines.length > 0) return EXIT.invalid;
  if (denials.length > 0) return EXIT.denied;
  for (const change of changes) context.print(`${change.name} ${writeChange(change)}\n`);
  return EXIT.ok;
}

/** What the first source's policy has against it, as far as that can be said without looking anybody up. */
function denialsOf(checked: CheckedSpec & { readonly kind: 'valid' }, label: string, config: Config): string[] {
  const policy = config.sources[0]?.policy ?? ADMIN_POLICY;
  const problems = policyProblems(checked.document, checked.spec, checked.profile, policy, undefined);
  return problems.map((problem) => `${label}: policy ${policy.name}: ${problem}`);
}

/** A file without a line break at its end may still be being written, so the controller would wait for more. */
function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** The first source's file of that name. @throws {CliError} refused, where another source has the server already */
function targetPath(config: Config, name: string): string {
  const target = newSpecPath(config, name);
  const existing = findSpecFile(config, name);
  if (existing === undefined || existing.path === target) return target;
  throw new CliError(
    EXIT.refused,
    `${name}: ${existing.path} has this server already: change it there, or remove that file`,
  );
}

function writeChange({ path, text }: Change): 'created' | 'configured' | 'unchanged' {
  const before = readIfThere(path);
  if (before === text) return 'unchanged';
  writeSpecText(path, text);
  return before === undefined ? 'created' : 'configured';
}

/** What is written there now; a thing that is no spec reads as another text, because it is replaced. */
function readIfThere(path: string): string | undefined {
  try {
    return readSpecText(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof CliError) return '';
    throw error;
  }
}
