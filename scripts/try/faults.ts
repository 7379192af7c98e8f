// What goes wrong, and heals or harms nothing.
import { claim, conditionOf, positionOf, readRow } from './claims.ts';
import type { Step } from './runner.ts';
import { SPECS, type Stage } from './stage.ts';

const READY_MS = 180_000;

export const kill: Step<Stage> = {
  title: 'Her server is killed, and heals',
  hint: 'hublet describe alice shows how the last run ended, hublet logs alice --previous what it said',
  async run(stage) {
    const killed = await stage.mainPid('alice');
    claim(killed > 1, 'her server does not run');
    await stage.type(`kill -9 ${killed}`);
    const isBack = (line: string): boolean => {
      const row = readRow(line);
      return row?.phase === 'Ready' && row.isReady && row.restarts === 1;
    };
    await stage.follow('hublet get alice --watch', isBack, READY_MS);
    await stage.type("hublet describe alice | grep -A2 '^Last exit'");
    const { mainPid, restarts, lastExit } = (await stage.status('alice')).status;
    claim(restarts === 1, `its status counts ${restarts} restarts, not 1`);
    claim(
      lastExit?.result === 'signal' && lastExit.status === 9,
      `its last exit is told as ${JSON.stringify(lastExit)}`,
    );
    claim(mainPid !== killed, `its main process is still ${killed}`);
    return `${lastExit.message}; one restart, PID ${mainPid} now`;
  },
};

export const typo: Step<Stage> = {
  title: 'A typo in her file stops nothing',
  hint: 'hublet validate checks a file before hublet does',
  async run(stage) {
    const file = `${SPECS}/alice.yaml`;
    const pidBefore = await stage.mainPid('alice');
    await stage.type(`sed -i 's/memory:/memroy:/' ${file}`);
    const place = positionOf(await stage.look(`cat ${file}`), 'memroy');
    const refused = await stage.statusWhen(
      'alice',
      'status to refuse the file',
      (server) => conditionOf(server, 'Accepted')?.status === 'False',
    );
    const told = await stage.type('hublet describe alice | head -n 2');
    claim(told.includes(`${file}:${place}: `), `the message does not point at ${file}:${place}`);
    const pid = await stage.mainPid('alice');
    claim(pid === pidBefore, `her main process is ${pid}; it was ${pidBefore}`);
    claim(refused.status.phase === 'Ready', `her server is ${refused.status.phase}`);
    await stage.type(`sed -i 's/memroy:/memory:/' ${file}`);
    await stage.statusWhen(
      'alice',
      'status to accept the file again',
      (server) => conditionOf(server, 'Accepted')?.status === 'True',
    );
    return `told with line and column ${place}; PID ${pid} as before`;
  },
};
