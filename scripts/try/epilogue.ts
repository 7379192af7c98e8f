import type { Outcome } from './runner.ts';
import { KEPT_NAME, type Stage } from './stage.ts';

const HUBLET_PORT = 9810;

const NEXT = `To go on:
  npm run try -- --keep      the same, and the machine stays: look around, break things
  sh scripts/install         hublet on a host of yours (systemd 252 or newer), as root
  desired-state/             the two files you have seen; docs/reference/fields.md has every field
  npm test                   every claim of the README, tested`;

/** What a person can do next; where the machine stays, the ways into it. */
export async function epilogue(stage: Stage, outcome: Outcome): Promise<string> {
  if (!stage.isKept || !stage.isOpen) return NEXT;
  return `${outcome.isComplete ? await addresses(stage) : 'The machine stays up for a look.\n'}
${waysIn()}`;
}

async function addresses(stage: Stage): Promise<string> {
  const [alice, bob, hublet, token] = await Promise.all([
    portOf(stage, 'alice'),
    portOf(stage, 'bob'),
    stage.forward(HUBLET_PORT),
    stage.look('cat ~alice/.jupyter/token'),
  ]);
  return `The machine stays up. From this computer:
  http://127.0.0.1:${alice}/?token=${token}   alice's Jupyter
  http://127.0.0.1:${bob}/   bob's web server
  http://127.0.0.1:${hublet}/   hublet's page; /metrics, /healthz, /readyz
`;
}

async function portOf(stage: Stage, server: string): Promise<number> {
  const { address } = (await stage.status(server)).status;
  if (address === null) throw new Error(`${server} has no address`);
  return stage.forward(address.port);
}

function waysIn(): string {
  return `To get in, and to end it:
  npm run machine -- shell --name ${KEPT_NAME}
  npm run machine -- run --name ${KEPT_NAME} 'hublet get'
  npm run machine -- down --name ${KEPT_NAME}
Things to do there: edit a file in /etc/hublet/desired-state, hublet describe alice, hublet suspend bob, hublet events -w`;
}
