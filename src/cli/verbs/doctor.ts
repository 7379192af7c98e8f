import { userInfo } from 'node:os';
import { defaultPlaces } from '../../config/defaults.ts';
import type { Config } from '../../config/types.ts';
import { examine } from '../../doctor/examine.ts';
import type { Caller, ConfigurationFacts } from '../../doctor/facts.ts';
import { worstOf } from '../../doctor/finding.ts';
import { readHostFacts } from '../../doctor/read/host.ts';
import type { Context } from '../context.ts';
import { findingsDocument, renderFindings } from '../doctorReport.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { toJson } from '../output.ts';

export interface DoctorOptions {
  readonly format: 'text' | 'json';
  /** Of the kernel's and the system's files; absent: the host's own. */
  readonly root?: string;
}

/**
 * `hublet doctor`: whether hublet will work on this machine, and what of it will not.
 *
 * Exit code 0 also with warnings; 1: it can't do its work.
 */
export async function runDoctor(context: Context, { format, root = '/' }: DoctorOptions): Promise<number> {
  const { environment, clock, isUserMode } = context;
  const who = findCaller(isUserMode);
  const { config, configuration } = await readConfiguration(context);
  const facts = await readHostFacts({
    root,
    who,
    environment,
    clock,
    config,
    configuration,
    defaultSource: defaultPlaces(isUserMode, who.uid, environment)?.desiredState ?? '',
  });
  const findings = examine(facts);
  context.print(
    format === 'json' ? toJson(findingsDocument(findings, isUserMode)) : renderFindings(findings, context.style),
  );
  return worstOf(findings) === 'fail' ? EXIT.failure : EXIT.ok;
}

/** A configuration that is bad is one more thing to tell, and no reason to tell nothing else. */
async function readConfiguration(
  context: Context,
): Promise<{ readonly config: Config | undefined; readonly configuration: ConfigurationFacts }> {
  try {
    const config = await context.config();
    const loaded = await context.configSource?.load(new Set());
    return { config, configuration: { kind: 'good', files: [...(loaded?.files ?? [])] } };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { config: undefined, configuration: { kind: 'bad', message: error.message } };
  }
}

function findCaller(isUserMode: boolean): Caller {
  const uid = process.geteuid?.() ?? 0;
  return { isUserMode, uid, name: nameOf(uid) };
}

function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch (error) {
    // The account database has no name for it.
    if (errorCode(error) === 'ERR_SYSTEM_ERROR') return String(uid);
    throw error;
  }
}
