import { describe, expect, it } from 'vitest';
import { compileUnit } from '../../../src/units/compile.ts';
import { diffLive } from '../../../src/units/diff.ts';
import {
  nameProblem,
  parseUnitProperties,
  type UnitProperties,
  usesPrivilegePrefix,
} from '../../../src/units/unitProperties.ts';
import { CONTEXT, makeServer } from './servers.ts';

const refusals = (texts: UnitProperties) => {
  const parsed = parseUnitProperties(texts);
  return parsed.kind === 'refused' ? parsed.refusals : [];
};
const planOf = (unitProperties: UnitProperties) => compileUnit(makeServer({ unitProperties }), CONTEXT);
const sent = (unitProperties: UnitProperties, name: string) =>
  planOf(unitProperties)
    .properties.filter((property) => property.name === name)
    .map(({ value }) => value);

describe('a name in unitProperties', () => {
  it.each([
    ['MemoryMim', 'did you mean MemoryMin?'],
    ['privatemounts', 'did you mean PrivateMounts?'],
    ['Zebra', 'see systemd.exec(5) and systemd.resource-control(5)'],
    ['CPUQuoto', 'did you mean CPUQuota, which is spec.resources.cpu.limit in a spec?'],
    ['CPUQuotaPerSecUSec', 'is what D-Bus calls CPUQuota: write CPUQuota, which is spec.resources.cpu.limit in a spec'],
    ['RuntimeMaxUSec', 'is what D-Bus calls RuntimeMaxSec: write RuntimeMaxSec'],
    ['LimitASSoft', 'is what D-Bus calls LimitAS: write LimitAS'],
    ['MemoryMax', 'is spec.resources.memory.limit in a spec: write it there'],
    ['MemoryLimit', 'is spec.resources.memory.limit in a spec: write it there'],
    ['PrivateTmp', 'is spec.sandbox.privateTmp in a spec: write it there'],
    ['Environment', 'is spec.environment in a spec: write it there'],
    ['Slice', 'is spec.pool in a spec: write it there'],
    ['Type', 'belongs to hublet: it starts every server as Type=exec'],
    ['KillMode', 'belongs to hublet: KillMode=mixed'],
    ['SetCredential', 'belongs to hublet: everybody on the host can read it there; use spec.credentials'],
    ['ConditionPathExists', 'belongs to hublet: a server that may not start looks like one that ended'],
    ['AssertHost', 'belongs to hublet: '],
    ['FailureAction', 'belongs to hublet: the end of a server does nothing to the host'],
    ['toString', 'is no setting of a service'],
  ])('%s is refused', (name, message) => {
    expect(nameProblem(name)).toContain(message);
    expect(refusals({ [name]: 'x' })).toEqual([{ setting: name, message: expect.stringContaining(message) }]);
  });

  it('is refused together with all others', () => {
    expect(refusals({ Type: 'exec', MemoryMin: 'lots', Nice: '5', Bogus: '1' }).map(({ setting }) => setting)).toEqual([
      'Type',
      'MemoryMin',
      'Bogus',
    ]);
  });
});

describe('unitProperties', () => {
  it('become properties of the unit', () => {
    expect(sent({ Nice: '5' }, 'Nice')).toEqual([5]);
    expect(sent({ LimitAS: '1G:2G' }, 'LimitAS')).toEqual([2n ** 31n]);
    expect(sent({ LimitAS: '1G:2G' }, 'LimitASSoft')).toEqual([2n ** 30n]);
    expect(sent({ After: [] }, 'After')).toEqual([]);
  });

  it('come in the place of what hublet presets', () => {
    expect(sent({ OOMPolicy: 'kill' }, 'OOMPolicy')).toEqual(['kill']);
    expect(sent({ StandardOutput: 'append:/var/log/x' }, 'StandardOutput')).toEqual([]);
    expect(sent({ StandardOutput: 'append:/var/log/x' }, 'StandardOutputFileToAppend')).toEqual(['/var/log/x']);
    expect(sent({ StandardOutput: 'append:/var/log/x' }, 'StandardError')).toEqual(['inherit']);
  });

  it('come after the commands of the field', () => {
    const spec = { preStart: [['/bin/first']], unitProperties: { ExecStartPre: ['/bin/second', '/bin/third'] } };
    const plan = compileUnit(makeServer(spec), CONTEXT);
    const commands = plan.properties.filter(({ name }) => name === 'ExecStartPre').flatMap(({ value }) => value);
    expect(commands.map((command) => (command as string[])[0])).toEqual(['/bin/first', '/bin/second', '/bin/third']);
  });

  it('that are limits change in the running unit, and go back when they are taken out', () => {
    const plain = planOf({});
    const limited = planOf({ MemoryMin: '1G', IODeviceWeight: '/dev/vda 500', StartupCPUWeight: '50' });
    const live = Object.fromEntries(limited.live.map(({ name, value }) => [name, value]));

    expect(limited.hash).toBe(plain.hash);
    expect(limited.properties).toContainEqual({ name: 'MemoryMin', signature: 't', value: 2n ** 30n });
    expect(plain.properties.map(({ name }) => name)).not.toContain('MemoryMin');
    expect(diffLive(limited.live, live)).toEqual([]);
    expect(diffLive(plain.live, live)).toEqual([
      { name: 'MemoryMin', signature: 't', value: 0n },
      { name: 'StartupCPUWeight', signature: 't', value: 2n ** 64n - 1n },
      { name: 'IODeviceWeight', signature: 'a(st)', value: [] },
    ]);
  });

  it('ask for a restart where they differ, and in another order of one list', () => {
    const hashes = [
      planOf({}),
      planOf({ Nice: '5' }),
      planOf({ Nice: '6' }),
      planOf({ ExecStartPre: ['/bin/a', '/bin/b'] }),
      planOf({ ExecStartPre: ['/bin/b', '/bin/a'] }),
      planOf({ SystemCallLog: ['@mount', '~@reboot'] }),
      planOf({ SystemCallLog: ['~@reboot', '@mount'] }),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('ask for none where only the names come in another order', () => {
    expect(planOf({ Nice: '5', LimitAS: '1G' }).hash).toBe(planOf({ LimitAS: '1G', Nice: '5' }).hash);
  });

  it('are a mistake of the caller where they were not judged before', () => {
    expect(() => planOf({ Type: 'oneshot' })).toThrow(TypeError);
  });
});

describe('a command with rights that the server has not', () => {
  it.each<[UnitProperties, boolean]>([
    [{}, false],
    [{ ExecStartPre: '-/bin/true' }, false],
    [{ ExecStartPre: ['/bin/true', '-+/bin/true'] }, true],
    [{ ExecStopPost: '!/bin/true' }, true],
    [{ ExecReload: '!!/bin/true' }, true],
    [{ ExecStop: '/bin/echo + !' }, false],
    [{ SyslogIdentifier: '+x', Bogus: '+/bin/true' }, false],
    [{ ExecStartPre: '+"' }, false],
  ])('is told from others: %j', (texts, expected) => {
    expect(usesPrivilegePrefix(texts)).toBe(expected);
  });
});
