import { describe, expect, it } from 'vitest';
import { logFailedLook } from '../../../src/reconciler/failedLook.ts';
import { SystemdError } from '../../../src/systemd/port.ts';
import { FakeLog } from '../../fakes/log.ts';

describe('a look at a server that failed', () => {
  it.each(['Disconnected', 'UnknownOutcome'] as const)(
    'by the connection to systemd (%s) is no error: the host tells of it once',
    (code) => {
      const log = new FakeLog();
      logFailedLook(log, 'alice', new SystemdError(code, 'not connected to systemd (write EPIPE)'));
      expect(log.complaints()).toEqual([]);
      expect(log.lines).toMatchObject([{ server: 'alice', reason: 'not connected to systemd (write EPIPE)' }]);
    },
  );

  it.each([new SystemdError('Failed', 'odd'), new TypeError('odd'), 'odd'])(
    'by anything else is one, with all that is known: %s',
    (error) => {
      const log = new FakeLog();
      logFailedLook(log, 'alice', error);
      expect(log.lines).toMatchObject([{ level: 'error', server: 'alice', reason: 'odd', err: error }]);
    },
  );
});
