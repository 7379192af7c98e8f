import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllerHost } from '../fakes/controllerHost.ts';
import { throwDice } from '../machine/dice.ts';

/** A spec with something of everything, so that it can be cut in the middle of anything. */
const text = `# alice's notebook
apiVersion: hublet/v1
kind: Server
metadata:
  name: alice
  labels: {team: physics}
spec:
  command: [/usr/bin/jupyter, lab, "--port={PORT}"]
  user: alice
  environment:
    GREETING: "it's \\"me\\"\\nand you"
    TOKEN: s3cret
  resources:
    memory: {limit: 4G, high: 3G}
    cpu: {limit: 1.5, weight: 200}
    tasks: 400
  sandbox: {privateTmp: true, readOnlyPaths: [/srv/data]}
  terminationGracePeriod: 20s
  restartPolicy: Always
  port: 20123
`;

/** What may be done to a running server whose file is damaged: limits of a shorter spec that is valid are its owner's word. */
const harmless = ['SetUnitProperties', 'GetAll', 'Get', 'ListUnitsByPatterns', 'GetId'];

let host: ControllerHost;
let before: string | undefined;

beforeEach(async () => {
  host = await ControllerHost.open();
  host.put('alice', text);
  await host.start();
  await host.untilPhase('alice', 'Ready');
  before = host.invocation('alice');
  host.fake.resetCalls();
});

afterEach(async () => {
  await host.close();
});

describe('a spec that is cut off', () => {
  it.each(['in place', 'by a file renamed over it'] as const)(
    'at any byte, %s, never stops or restarts its server',
    async (way) => {
      for (let length = 0; length < Buffer.byteLength(text); length += 1) {
        await write(way, Buffer.from(text).subarray(0, length));
        expectUntouched(`cut at byte ${length}`);
      }
      await expectWholeTextTaken(way);
    },
  );

  it('at any byte of the restart that its server answers for, never restarts it again', async () => {
    const annotated = `${text}metadata:\n  name: alice\n  annotations:\n    hublet/restartedAt: 2026-01-01T10:00:00Z\n`;
    const reordered = annotated.replace(/^metadata:\n {2}name: alice\n {2}labels.*\n/m, '');
    host.put('alice', reordered);
    const isRestarted = () => ![undefined, before].includes(host.invocation('alice'));
    await host.until(() => isRestarted() && host.status('alice')?.phase === 'Ready', 'restarted');
    before = host.invocation('alice');
    host.fake.resetCalls();

    for (let length = reordered.length - 40; length < reordered.length; length += 1) {
      await write('in place', Buffer.from(reordered).subarray(0, length));
      expectUntouched(`cut at byte ${length}`);
    }
  });
});

describe('a spec with flipped bits', () => {
  it('never stops or restarts its server, and the whole text is taken afterwards', async () => {
    const dice = throwDice('flipped bits');
    for (let round = 0; round < 500; round += 1) {
      const bytes = Buffer.from(text);
      for (let flips = dice.below(3) + 1; flips > 0; flips -= 1) {
        const at = dice.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
      }
      await write(dice.below(2) === 0 ? 'in place' : 'by a file renamed over it', bytes);
      expectUntouched(`round ${round}: ${JSON.stringify(bytes.toString())}`);
    }
    await expectWholeTextTaken('in place');
  });
});

async function write(way: 'in place' | 'by a file renamed over it', bytes: Buffer): Promise<void> {
  if (way === 'in place') host.rewrite('alice', bytes);
  else host.put('alice', bytes);
  // A listing, the stillness of a file written in place, and three tries for one that is unfinished.
  await host.pass(2_500);
  expect(host.answeredSize('alice'), 'the file that the status answers for').toBe(bytes.length);
}

function expectUntouched(what: string): void {
  expect(host.invocation('alice'), what).toBe(before);
  const calls = Object.keys(host.fake.calls()).filter((method) => !harmless.includes(method));
  expect(calls, what).toEqual([]);
  expect(host.status('alice')?.phase, what).toBe('Ready');
}

async function expectWholeTextTaken(way: 'in place' | 'by a file renamed over it'): Promise<void> {
  const longer = text.replace('tasks: 400', 'tasks: 500');
  await write(way, Buffer.from(longer));
  expect(host.unit('alice')?.properties.TasksMax).toBe(500n);
  expect(host.condition('alice', 'Accepted')?.status).toBe('True');
  expect(host.condition('alice', 'UpdatePending')?.status).toBe('False');
  expect(host.invocation('alice')).toBe(before);
}
