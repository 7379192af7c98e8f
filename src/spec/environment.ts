/** Rules for the variables of a server. Each answers what is wrong, or undefined; none ever repeats a value, which may be a secret. */

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Variables through which systemd speaks to a service: one from the environment file would win over systemd's own. */
const SYSTEMD_PREFIXES = ['LISTEN_', 'WATCHDOG_', 'SYSTEMD_', 'MEMORY_PRESSURE_', 'MONITOR_', 'TRIGGER_'];
const SYSTEMD_VARIABLES = new Set([
  'NOTIFY_SOCKET',
  'INVOCATION_ID',
  'JOURNAL_STREAM',
  'CREDENTIALS_DIRECTORY',
  'RUNTIME_DIRECTORY',
  'STATE_DIRECTORY',
  'CACHE_DIRECTORY',
  'LOGS_DIRECTORY',
  'CONFIGURATION_DIRECTORY',
  'MAINPID',
  'MANAGERPID',
  'PIDFILE',
  'SERVICE_RESULT',
  'EXIT_CODE',
  'EXIT_STATUS',
  'FDSTORE',
  'LOG_NAMESPACE',
  'DEBUG_INVOCATION',
]);

/** Below systemd's and the kernel's 131,071 bytes of KEY=value. */
const MAX_VALUE_BYTES = 100 * 1024;
/** Below the kernel's 2 MB of arguments and environment at exec. */
const MAX_TOTAL_BYTES = 1_900_000;

/** The name of a variable. */
export function variableNameProblem(name: string): string | undefined {
  if (!VARIABLE_NAME.test(name)) {
    return 'is not the name of a variable: letters, digits and _, not beginning with a digit';
  }
  if (SYSTEMD_VARIABLES.has(name) || SYSTEMD_PREFIXES.some((prefix) => name.startsWith(prefix))) {
    return 'belongs to systemd, which sets it itself';
  }
  return undefined;
}

/** The value of a variable. Characters no environment can hold are refused for the whole document already. */
export function variableValueProblem(value: string): string | undefined {
  return Buffer.byteLength(value) > MAX_VALUE_BYTES ? 'must be at most 100 KiB long' : undefined;
}

/** All variables together, as exec counts them. */
export function environmentProblem(environment: Readonly<Record<string, string>>): string | undefined {
  let bytes = 0;
  for (const [name, value] of Object.entries(environment))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  return bytes > MAX_TOTAL_BYTES ? 'must be less than 1.9 MB in all' : undefined;
}
