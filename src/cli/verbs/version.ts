import { readHostStatus } from '../../status/statusFile.ts';
import { VERSION } from '../../version.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, judgeError } from '../errors.ts';

/** `hublet version`: of the program, of Node, and of the systemd that the controller talks to where one has written its status. */
export async function runVersion(context: Context, format: 'text' | 'json'): Promise<number> {
  const versions = {
    hublet: VERSION,
    node: process.versions.node,
    ...(await readHostVersions(context)),
  };
  if (format === 'json') context.print(`${JSON.stringify(versions, null, 2)}\n`);
  else {
    for (const [name, version] of Object.entries(versions)) context.print(`${name} ${version}\n`);
  }
  return EXIT.ok;
}

/** What the controller said; nothing where none ran, and where it can't be known a line on standard error says why. */
async function readHostVersions(context: Context): Promise<{ controller?: string; systemd?: string }> {
  try {
    const host = readHostStatus((await context.config()).runtimeDirectory);
    return host === undefined ? {} : { controller: host.version, systemd: host.systemdVersion };
  } catch (error) {
    const { message, exitCode } = judgeError(error);
    if (error instanceof CliError || exitCode === EXIT.noPermission) context.warn(message);
    else throw error;
    return {};
  }
}
