import { expect, it } from 'vitest';
import { formatLastGood } from '../../../src/source/lastgoodFile.ts';
import { lookAt, parseFacts } from '../../chaos/facts.ts';
import { FIRST_WISH, subjectOf, wishText } from '../../chaos/servers.ts';
import type { ExecOptions } from '../../machine/machine.ts';

const stored = formatLastGood({
  name: 's0',
  generation: 4,
  source: '/etc/hublet/desired-state',
  file: { path: '/etc/hublet/desired-state/s0.yaml', ino: 1, size: 2, mtimeNs: '3' },
  text: wishText(subjectOf('s0'), { ...FIRST_WISH, edit: 12 }),
  canonical: '',
});

const output = `===== controller
MainPID=42
ActiveState=active
===== memory
VmRSS:	    2048 kB
===== units
Id=hublet-s0.service
ActiveState=active
InvocationID=abc
MainPID=77
MemoryMax=67108864
ControlGroup=/hublet.slice/hublet-s0.service
===== statuses
===== host
===== environments
/proc/77/environ:CHAOS=s0
/proc/77/environ:VERSION=3
/proc/78/environ:CHAOS=s0
===== groups
/proc/77/cgroup:0::/hublet.slice/hublet-s0.service
===== kept
2 /run/hublet/env
===== goods
${stored}${stored.slice(0, -40)}
===== cursor
-- cursor: s=1;i=2
===== starts
{"UNIT":"hublet.service"}
{"UNIT":"hublet-lab.slice"}
{"UNIT":"hublet-s0.service"}
{"UNIT":"hublet-s0.service"}
===== ends
{"MESSAGE":"hublet.service: Main process exited, code=killed, status=9/KILL"}
===== log
{"MESSAGE":"{\\"level\\":\\"info\\",\\"msg\\":\\"ready\\"}"}
{"MESSAGE":[66,195,164]}
===== end
`;

it('a look reads what systemd, the kernel and hublet say; what hublet would not take for a whole spec is none', () => {
  expect(parseFacts(output)).toEqual({
    controller: { state: 'active', pid: 42, memoryBytes: 2 ** 21 },
    host: undefined,
    statuses: new Map(),
    units: new Map([
      [
        'hublet-s0.service',
        {
          state: 'active',
          invocationId: 'abc',
          mainPid: 77,
          memoryMaxBytes: '67108864',
          controlGroup: '/hublet.slice/hublet-s0.service',
        },
      ],
    ]),
    processes: [{ pid: 77, server: 's0', version: 3, controlGroup: '/hublet.slice/hublet-s0.service' }],
    kept: new Map([['/run/hublet/env', 2]]),
    lastGoods: new Map([['s0', 12]]),
    starts: new Map([['hublet-s0.service', 2]]),
    ends: ['hublet.service: Main process exited, code=killed, status=9/KILL'],
    log: ['{"level":"info","msg":"ready"}', 'Bä'],
    cursor: 's=1;i=2',
  });
});

it('a look that ended early is an error', () => {
  expect(() => parseFacts(output.replace('===== end\n', ''))).toThrow(/ended early/);
});

it('a look reads the journal from the entry on at which the one before ended, and not that one again', async () => {
  const asked: string[] = [];
  const machine = {
    exec: async (_command: string, { input = '' }: ExecOptions = {}) => {
      asked.push(`${input}`);
      return { code: 0, stdout: output, stderr: '' };
    },
  };

  await lookAt(machine, 's=1;i=2');

  expect(asked.join().match(/--cursor='s=1;i=2'.*grep -vF 's=1;i=2'/g)).toHaveLength(3);
});
