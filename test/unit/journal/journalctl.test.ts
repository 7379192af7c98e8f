import { expect, test } from 'vitest';
import { createJournal } from '../../../src/journal/journalctl.ts';
import { JournalError } from '../../../src/journal/types.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

const ID = '8d5c0a3f6a1f4f0f9c7e2b1d0a9b8c7d';
const UNIT = 'hublet-alice.service';

function open(
  directory: TemporaryDirectory,
  script: string,
  manager: Parameters<typeof createJournal>[0]['manager'] = { kind: 'system' },
) {
  const clock = new FakeClock();
  return {
    clock,
    journal: createJournal({ clock, manager, program: directory.recordingProgram('journalctl', script) }),
  };
}

test('asks for the words of PID 1 about the run and for its own output, and reads the answer', async () => {
  using directory = new TemporaryDirectory();
  const { journal } = open(directory, `echo '{"_SYSTEMD_INVOCATION_ID":"${ID}","_PID":"7","MESSAGE":"hello"}'`);

  const record = await journal.readInvocation(ID, { unit: UNIT, lines: 5 });

  expect(record).toEqual({ lines: ['hello'], result: undefined, exit: undefined, isOomSeen: false });
  expect(directory.calls()[0]?.slice(-6)).toEqual([
    '_PID=1',
    `INVOCATION_ID=${ID}`,
    '+',
    `_SYSTEMD_INVOCATION_ID=${ID}`,
    '+',
    `_SYSTEMD_UNIT=${UNIT}`,
  ]);
  expect(directory.calls()[0]).toContain('--output=json');
});

test('asks for the words of the user manager in user mode', async () => {
  using directory = new TemporaryDirectory();
  const { journal } = open(directory, '', { kind: 'user', uid: 1000 });

  await journal.readInvocation(ID, { unit: UNIT, lines: 5 });

  expect(directory.calls()[0]).toContain(`USER_INVOCATION_ID=${ID}`);
  expect(directory.calls()[0]).toContain('_UID=1000');
});

test('a journal that cannot be read is an error, not an empty record', async () => {
  using directory = new TemporaryDirectory();
  const { journal } = open(directory, 'echo "No journal files were opened" >&2; exit 1');

  await expect(journal.readInvocation(ID, { unit: UNIT, lines: 5 })).rejects.toThrow(
    new JournalError(`journal not read: ${directory.path}/journalctl ended with 1: No journal files were opened`),
  );
});

test('a journal that does not answer within 5 s is an error', async () => {
  using directory = new TemporaryDirectory();
  const { clock, journal } = open(directory, 'exec sleep 600');
  const record = journal.readInvocation(ID, { unit: UNIT, lines: 5 });

  clock.advance(5_000);

  await expect(record).rejects.toThrow('no answer within 5 s');
});

test('what is no invocation id is refused and not put into arguments', async () => {
  using directory = new TemporaryDirectory();
  const { journal } = open(directory, '');

  for (const id of ['', '--flush', `${ID}0`])
    await expect(journal.readInvocation(id, { unit: UNIT, lines: 5 })).rejects.toThrow(JournalError);

  expect(directory.calls()).toEqual([]);
});
