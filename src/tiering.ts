import { setFlagsFromString } from 'node:v8';

/** Calls after which V8 makes fast machine code of a function, and after which the fastest; its own are 400 and 3,000. */
export const CALLS_BEFORE_COMPILING = {
  'invocation-count-for-maglev': 4_000,
  'invocation-count-for-turbofan': 30_000,
} as const;

/**
 * Has V8 compile only what is called often for long.
 *
 * By its own measure a burst of fifty starts has it compile eight hundred functions, on other threads, for a third of all the
 * processor time that the burst costs, and too late for it. What runs all the time is compiled all the same, a little later.
 * Called when all modules are loaded: compiled code that is kept on disk counts only under the flags that it was made with.
 * @see node --v8-options
 */
export function compileLater(): void {
  for (const [name, calls] of Object.entries(CALLS_BEFORE_COMPILING)) setFlagsFromString(`--${name}=${calls}`);
}
