import { printable } from '../../src/cli/table.ts';
import type { Outcome } from './runner.ts';
import { KEPT_NAME, type Stage } from './stage.ts';

const HUBLET_PORT = 9810;

const NEXT = `To go on:
  npm run try -- --keep   the same, and the machine stays: look around, break things
  sh scripts/install      hublet on a host of yours (systemd 252 or newer), as root
  desired-state/          the two files you have seen; every field is in docs/reference/fields.md
  npm test                the tests; npm run test:long has the rest`;

const WAYS_IN = `To get in, and to end it:
  npm run machine -- shell --name ${KEPT_NAME}
  npm run machine -- run --name ${KEPT_NAME} 'hublet get'
  npm run machine -- down --name ${KEPT_NAME}`;

const IDEAS = `Things to do there: edit /etc/hublet/desired-state/bob.yaml, hublet describe alice, hublet suspend bob, hublet events -w`;

/** What a person can do next: where the machine stays, the ways into it; where something was not seen, hublet's own words on it. */
export async function epilogue(stage: Stage, { isComplete }: Outcome): Promise<string> {
  if (!stage.isOpen) return NEXT;
  const parts = [
    ...(isComplete ? [] : [await lastWords(stage)]),
    ...(stage.isKept && isComplete ? [await addresses(stage)] : []),
    ...(stage.isKept ? [WAYS_IN] : []),
    ...(stage.isKept && isComplete ? [IDEAS] : []),
    ...(stage.isKept ? [] : [NEXT]),
  ];
  return parts.join('\n\n');
}

async function lastWords(stage: Stage): Promise<string> {
  const { stdout } = await stage.machine.exec('journalctl --unit=hublet --output=cat --no-pager --lines=8');
  const lines = stdout.trimEnd().split('\n').map(printable);
  return ['The last lines of its log:', ...lines].join('\n  ');
}

async function addresses(stage: Stage): Promise<string> {
  const [alice, bob, hublet, token] = await Promise.all([
    portOf(stage, 'alice'),
    portOf(stage, 'bob'),
    stage.forward(HUBLET_PORT),
    stage.look('cat ~alice/.jupyter/token'),
  ]);
  return `The machine stays up. From this computer:
  http://127.0.0.1:${hublet}/   hublet's page; /metrics, /healthz and /readyz too
  http://127.0.0.1:${bob}/   bob's web server
  http://127.0.0.1:${alice}/?token=${token}   alice's Jupyter`;
}

async function portOf(stage: Stage, server: string): Promise<number> {
  const { address } = (await stage.status(server)).status;
  if (address === null) throw new Error(`${server} has no address`);
  return stage.forward(address.port);
}
