import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseInvocation } from '../../../src/journal/parse.ts';

const ID = '8d5c0a3f6a1f4f0f9c7e2b1d0a9b8c7d';
const OTHER = '00000000000000000000000000000001';
const SYSTEM = { kind: 'system' } as const;

type Fields = Readonly<Record<string, unknown>>;

function journal(...entries: readonly Fields[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

function said(fields: Fields, atMs = 1_700_000_000_000): Fields {
  return {
    __CURSOR: 's=1;i=2',
    __REALTIME_TIMESTAMP: String(atMs * 1000),
    _PID: '1',
    _UID: '0',
    _COMM: 'systemd',
    INVOCATION_ID: ID,
    UNIT: 'hublet-alice.service',
    ...fields,
  };
}

function wrote(message: unknown): Fields {
  return { __REALTIME_TIMESTAMP: '1', _PID: '4711', _UID: '1000', _SYSTEMD_INVOCATION_ID: ID, MESSAGE: message };
}

function mainExited(code: string, status: number, atMs?: number): Fields {
  return said(
    {
      MESSAGE_ID: '98e322203f7a4ed290d09fe03c09fe15',
      MESSAGE: `hublet-alice.service: Main process exited, code=${code}, status=${status}`,
      COMMAND: 'ExecStart',
      EXIT_CODE: code,
      EXIT_STATUS: String(status),
    },
    atMs,
  );
}

function failedWith(result: string, atMs?: number): Fields {
  return said(
    {
      MESSAGE_ID: 'd9b373ed55a64feb8242e02dbe79a49c',
      MESSAGE: `hublet-alice.service: Failed with result '${result}'.`,
      UNIT_RESULT: result,
    },
    atMs,
  );
}

function outOfMemory(atMs?: number): Fields {
  return said(
    {
      MESSAGE_ID: 'fe6faa94e7774663a0da52717891d8ef',
      MESSAGE: 'hublet-alice.service: A process of this unit has been killed by the OOM killer.',
    },
    atMs,
  );
}

const RUN = { invocationId: ID, unit: 'hublet-alice.service' };
const parse = (text: string, lines = 5) => parseInvocation(text, RUN, SYSTEM, lines);

test('a failure gives its result, how the main process ended, and the last lines', () => {
  const text = journal(wrote('one'), wrote('two'), wrote('three'), mainExited('exited', 1), failedWith('exit-code'));

  expect(parse(text, 2)).toEqual({
    lines: ['two', 'three'],
    result: 'exit-code',
    exit: { code: 1, status: 1 },
    isOomSeen: false,
  });
});

test('what a run wrote in its last moment is its own, though journald knows it by its unit alone', () => {
  const late = (message: string, fields: Fields = {}): Fields => ({
    __REALTIME_TIMESTAMP: '1',
    _PID: '4711',
    _SYSTEMD_UNIT: 'hublet-alice.service',
    MESSAGE: message,
    ...fields,
  });
  const started = said({ MESSAGE: 'Started hublet-alice.service.' });
  const text = journal(
    late('of the run before'),
    started,
    late('cannot open the database'),
    late('of another run', { _SYSTEMD_INVOCATION_ID: OTHER }),
    late('of another server', { _SYSTEMD_UNIT: 'hublet-bob.service' }),
    mainExited('exited', 4),
    failedWith('exit-code'),
    late('at last'),
  );

  expect(parse(text).lines).toEqual(['cannot open the database', 'at last']);
});

test('a clean end gives success and no exit, as systemd does not log it', () => {
  const text = journal(
    wrote('bye'),
    said({
      MESSAGE_ID: '7ad2d189f7e94e70a38c781354912448',
      MESSAGE: 'hublet-alice.service: Deactivated successfully.',
    }),
  );

  expect(parse(text)).toEqual({ lines: ['bye'], result: 'success', exit: undefined, isOomSeen: false });
});

test('nothing in the journal gives nothing', () => {
  expect(parse('')).toEqual({ lines: [], result: undefined, exit: undefined, isOomSeen: false });
});

test('a main process killed for memory gives oom-kill, whichever entry comes first', () => {
  const kill = { result: 'oom-kill', exit: { code: 2, status: 9 }, isOomSeen: true };

  expect(parse(journal(mainExited('killed', 9), failedWith('signal'), outOfMemory()))).toMatchObject(kill);
  expect(parse(journal(outOfMemory(), mainExited('killed', 9), failedWith('signal')))).toMatchObject(kill);
  expect(parse(journal(mainExited('killed', 9), failedWith('oom-kill')))).toMatchObject({ result: 'oom-kill' });
  expect(parse(journal(outOfMemory()))).toMatchObject({ result: 'oom-kill' });
});

test('a child killed for memory is seen but does not explain an end of the main process', () => {
  const hourBefore = outOfMemory(1_700_000_000_000 - 3_600_000);

  expect(parse(journal(outOfMemory(), mainExited('exited', 1), failedWith('exit-code')))).toMatchObject({
    result: 'exit-code',
    isOomSeen: true,
  });
  expect(parse(journal(hourBefore, mainExited('killed', 9), failedWith('signal')))).toMatchObject({
    result: 'signal',
    isOomSeen: true,
  });
});

test('the exit of a control process is not that of the server', () => {
  const control = { ...mainExited('exited', 7), COMMAND: 'ExecStopPost', MESSAGE: 'Control process exited' };

  expect(parse(journal(mainExited('exited', 203), control, failedWith('exit-code')))).toMatchObject({
    exit: { code: 1, status: 203 },
  });
});

test('the exit of a command before the main one that failed the start is known as such', () => {
  const before = { ...mainExited('exited', 7), COMMAND: 'ExecStartPre', MESSAGE: 'Control process exited' };
  const after = { ...mainExited('exited', 9), COMMAND: 'ExecStopPost', MESSAGE: 'Control process exited' };

  expect(parse(journal(before, after, failedWith('exit-code')))).toMatchObject({
    exit: undefined,
    exitBefore: { code: 1, status: 7 },
  });
});

test('a server cannot pose as systemd to write the end of another', () => {
  const forged = { ...failedWith('oom-kill'), _PID: '4711', _UID: '1000', _SYSTEMD_INVOCATION_ID: OTHER };
  const forgedOwn = { ...forged, _SYSTEMD_INVOCATION_ID: ID };

  expect(parse(journal(forged))).toMatchObject({ lines: [], result: undefined });
  expect(parse(journal(forgedOwn))).toMatchObject({ result: undefined });
});

test('in user mode the word of the user manager counts, and only that of this user', () => {
  const byManager = { ...failedWith('signal'), _PID: '900', _UID: '1000', INVOCATION_ID: null, USER_INVOCATION_ID: ID };
  const read = (entry: Fields) => parseInvocation(journal(entry), RUN, { kind: 'user', uid: 1000 }, 5).result;

  expect(read(byManager)).toBe('signal');
  expect(read({ ...byManager, _UID: '1001' })).toBeUndefined();
  expect(read({ ...byManager, _COMM: 'python3' })).toBeUndefined();
});

test('messages may be bytes, several, or too long to be given', () => {
  const text = journal(
    wrote([...Buffer.from('caf\u00e9 \u001b[31mred\u001b[0m')]),
    wrote([[...Buffer.from('first')], 'second']),
    wrote(null),
    wrote('two\nlines'),
  );

  expect(parse(text).lines).toEqual(['caf\u00e9 red', 'first', 'two', 'lines']);
});

test('lines are scrubbed', () => {
  expect(parse(journal(wrote('http://127.0.0.1/?token=abcdef'))).lines).toEqual(['http://127.0.0.1/?token=[hidden]']);
});

test('output that was cut off loses its last entry alone', () => {
  const text = journal(mainExited('exited', 1), failedWith('exit-code'));

  expect(parse(`${text}{"MESSAGE": "ha`)).toMatchObject({ result: 'exit-code' });
});

test('the result is taken from the words where the field is missing', () => {
  expect(parse(journal({ ...failedWith('timeout'), UNIT_RESULT: undefined }))).toMatchObject({ result: 'timeout' });
});

test('no output makes it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc
          .dictionary(fc.constantFrom('MESSAGE', '_PID', 'MESSAGE_ID', '_SYSTEMD_INVOCATION_ID'), fc.jsonValue())
          .map((entry) => JSON.stringify(entry)),
      ),
      (text) => {
        expect(parse(text).result).toBeUndefined();
      },
    ),
  );
});
