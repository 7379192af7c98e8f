/**
 * `npm run try`: the main job on a real systemd, in a virtual machine of its own, shown step by step.
 *
 * Ends with 0 only where every step was really seen, with 1 otherwise, with 2 for a wrong call.
 */
import { parseArgs } from 'node:util';
import { epilogue } from './try/epilogue.ts';
import { runSteps, summarise } from './try/runner.ts';
import { Screen } from './try/screen.ts';
import { isUp, KEPT_NAME, Stage } from './try/stage.ts';
import { stepsFor } from './try/steps.ts';

const USAGE = `usage: npm run try -- [--keep]

Shows what hublet does, on a real systemd in a virtual machine that ends with it.

  --keep   leave the machine up, with alice's and bob's servers, and say how to get in
  --help   this text
`;

const PROLOGUE = `hublet: one YAML file per server, kept running as a confined systemd unit.

What follows is real, in a virtual machine: Debian with systemd, cgroups, accounts and Jupyter, emulated, so about
ten times slower than this computer, and gone at the end. The systemd of this computer is not touched.
The first time, its image is built: two to three minutes more.`;

function readArguments(): { readonly keep: boolean; readonly help: boolean } | undefined {
  try {
    return parseArgs({
      options: { keep: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    }).values;
  } catch (err) {
    process.stderr.write(`${(err as Error).message}\n\n${USAGE}`);
    return undefined;
  }
}

/** Ends the machine, then this process, when a person or the terminal asks for it; asking again changes nothing. */
function endOnSignals(stage: Stage, screen: Screen): void {
  let isEnding = false;
  const end = (what: string, code: number): void => {
    if (isEnding) return;
    isEnding = true;
    screen.close(`\n${what}: ending the machine`);
    void stage.close().finally(() => process.exit(code));
  };
  process.on('SIGINT', () => end('interrupted', 130));
  process.on('SIGTERM', () => end('terminated', 143));
  process.on('SIGHUP', () => end('hung up', 129));
  process.stdout.on('error', (err: NodeJS.ErrnoException) => {
    // Whoever read our output has seen enough.
    if (err.code !== 'EPIPE') throw err;
    end('nobody reads on', 1);
  });
}

async function show(isKept: boolean): Promise<number> {
  const screen = new Screen(process.stdout, process.env);
  if (isKept && isUp(KEPT_NAME)) {
    screen.text(`A machine "${KEPT_NAME}" is up already. To end it: npm run machine -- down --name ${KEPT_NAME}`);
    return 1;
  }
  const stage = new Stage({ screen, isKept });
  endOnSignals(stage, screen);
  screen.text(PROLOGUE);
  const steps = stepsFor({ isKept });
  const outcome = await runSteps(steps, stage, screen);
  screen.text(`\n${summarise(outcome, steps.length)}`);
  screen.text(`\n${await epilogue(stage, outcome)}`);
  if (!isKept) await stage.close();
  return outcome.isComplete ? 0 : 1;
}

const options = readArguments();
if (options === undefined) process.exitCode = 2;
else if (options.help) process.stdout.write(USAGE);
else {
  try {
    process.exitCode = await show(options.keep);
  } catch (err) {
    process.stderr.write(`${(err as Error).message}\n`);
    process.exitCode = 1;
  }
}
