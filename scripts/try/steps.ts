import { comeback, limit, metrics, removal } from './changes.ts';
import { claim, readRow } from './claims.ts';
import { kill, typo } from './faults.ts';
import type { Step } from './runner.ts';
import { SPECS, type Stage } from './stage.ts';

const LOG_HINT =
  'what hublet itself says: journalctl -u hublet (npm run try -- --keep leaves the machine up for a look)';
const READY_MS = 180_000;

const machine: Step<Stage> = {
  title: 'A fresh machine',
  hint: 'docs/guides/machine.md says what it needs; "npm run machine -- build --force" builds its image again',
  async run(stage) {
    await stage.open();
    const system = await stage.look(
      `. /etc/os-release; echo "$PRETTY_NAME, $(systemctl --version | sed -n '1s/ (.*//p'), $(nproc) cores, $(free -h | awk '/^Mem/ {print $2}')"`,
    );
    return system;
  },
};

const service: Step<Stage> = {
  title: 'hublet in it, as a systemd service',
  hint: LOG_HINT,
  async run(stage) {
    await stage.install();
    await stage.type('systemctl start hublet');
    await stage.type('systemctl is-active hublet');
    const health = await stage.look('curl -s http://127.0.0.1:9810/readyz');
    claim(health.startsWith('ok'), `its /readyz says: ${health}`);
    return 'active, and ready by its own word';
  },
};

const servers: Step<Stage> = {
  title: 'Two files, two servers: a Jupyter for alice, a small web server for bob',
  hint: LOG_HINT,
  async run(stage) {
    await makeToken(stage);
    await stage.type(`install -m 640 /opt/hublet/desired-state/*.yaml ${SPECS}/`);
    const ready = new Set<string>();
    const isLast = (line: string): boolean => {
      const row = readRow(line);
      if (row?.phase === 'Ready' && row.isReady) ready.add(row.name);
      return ready.has('alice') && ready.has('bob');
    };
    await stage.follow('hublet get --watch', isLast, READY_MS);
    const { status } = await stage.status('alice');
    const user = await stage.look(`ps -o user= -p ${status.mainPid}`);
    claim(user === 'alice', `the main process of alice's server is ${user}'s`);
    const events = await stage.look('cat /run/hublet/events.jsonl');
    claim(!events.includes('InsecureSpec'), 'hublet warned of an insecure spec file');
    return `both Ready; ${status.unit} runs as alice with PID ${status.mainPid}`;
  },
};

/** Jupyter's token is alice's secret: a file of hers that no one else can read, never a part of the spec. */
async function makeToken(stage: Stage): Promise<void> {
  await stage.look(
    [
      'install -d -o alice -g alice -m 700 ~alice/.jupyter',
      'install -o alice -g alice -m 600 /dev/null ~alice/.jupyter/token',
      "od -An -v -tx1 -N24 /dev/urandom | tr -d ' \\n' > ~alice/.jupyter/token",
    ].join(' && '),
  );
  stage.screen.note('made a random token for her Jupyter: ~alice/.jupyter/token, mode 0600');
}

const answers: Step<Stage> = {
  title: "alice's Jupyter answers, but only to who has her token",
  hint: 'what her server says: hublet logs alice',
  async run(stage) {
    const { address } = (await stage.status('alice')).status;
    claim(address !== null, 'her status names no address');
    const url = `http://127.0.0.1:${await stage.forward(address.port)}/api/status`;
    const token = await stage.look('cat ~alice/.jupyter/token');
    stage.screen.output(`GET ${url}`);
    const stranger = await ask(stage, url, 'without token', {});
    const alice = await ask(stage, url, 'with token   ', { Authorization: `token ${token}` });
    claim(stranger === 403, `without the token it answers ${stranger}, not 403`);
    claim(alice === 200, `with the token it answers ${alice}, not 200`);
    return '403 without, 200 with it';
  },
};

/** Asks from this computer, through the forwarded port; returns the HTTP status. */
async function ask(stage: Stage, url: string, how: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(60_000) });
  const body = await answer.text();
  stage.screen.output(`${how}  ${answer.status} ${answer.statusText}  ${answer.ok ? body : ''}`.trimEnd());
  return answer.status;
}

/** What is shown, in this order. `isKept`: the machine stays, and alice's server is there again at the end. */
export function stepsFor({ isKept }: { readonly isKept: boolean }): readonly Step<Stage>[] {
  return [machine, service, servers, answers, limit, kill, typo, metrics, removal, ...(isKept ? [comeback] : [])];
}
