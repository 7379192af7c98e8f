import { describe, expect, it } from 'vitest';
import { allSettings, propertyRow, settingOf } from '../../../src/units/table.ts';

const HOST = { memoryBytes: 8 * 1024 ** 3 };

/** The values by property, in order. */
const read = (name: string, ...texts: readonly string[]): [string, unknown][] =>
  (settingOf(name)?.read(texts, HOST) ?? []).map((property) => [property.name, property.value]);

describe('the table of settings', () => {
  it('has a row for every property that a setting becomes, of its own or shared', () => {
    const rows = allSettings().flatMap((setting) => setting.rows);
    for (const row of rows) expect(propertyRow(row.name)?.signature).toBe(row.signature);
    expect(new Set(allSettings().map(({ name }) => name)).size).toBe(allSettings().length);
  });

  it('has over 180 that unitProperties takes, and knows over 300', () => {
    const kinds = allSettings().map(({ owner }) => owner.kind);
    expect(kinds.filter((kind) => kind === 'free' || kind === 'preset').length).toBeGreaterThan(180);
    expect(kinds.length).toBeGreaterThan(300);
  });
});

describe('what systemd-run does otherwise', () => {
  it.each<[string, string, [string, unknown][]]>([
    // A percentage is bytes at once, so that it can be compared with what is in force.
    ['MemoryMin', '10%', [['MemoryMin', 858_992_640n]]],
    ['MemoryMin', '50.5%', [['MemoryMin', 4_337_913_856n]]],
    ['MemoryMin', '5‰', [['MemoryMin', 42_946_560n]]],
    ['MemoryMin', '100%', [['MemoryMin', 8_589_934_592n]]],
    // In newer systemds only.
    ['MemoryZSwapMax', '1G', [['MemoryZSwapMax', 1_073_741_824n]]],
    ['OpenFile', '/etc/hostname:x:read-only,graceful', [['OpenFile', [['/etc/hostname', 'x', 9n]]]]],
    ['OpenFile', '/etc/hostname', [['OpenFile', [['/etc/hostname', 'hostname', 0n]]]]],
    ['PrivateTmp', 'disconnected', [['PrivateTmpEx', 'disconnected']]],
    ['PrivateUsers', 'identity', [['PrivateUsersEx', 'identity']]],
    ['LogFilterPatterns', '~debug', [['LogFilterPatterns', [[false, 'debug']]]]],
    ['LogFilterPatterns', 'error', [['LogFilterPatterns', [[true, 'error']]]]],
    // As unit files have it.
    ['StandardInputText', 'a\\x20b', [['StandardInputData', Buffer.from('a b\n')]]],
    [
      'IPAddressAllow',
      'localhost 1.2.3.4',
      [
        [
          'IPAddressAllow',
          [
            [2, Buffer.from([127, 0, 0, 0]), 8],
            [10, ip6('::1'), 128],
            [2, Buffer.from([1, 2, 3, 4]), 32],
          ],
        ],
      ],
    ],
    ['IPAddressDeny', '10.1.2.3/8', [['IPAddressDeny', [[2, Buffer.from([10, 0, 0, 0]), 8]]]]],
    ['IPAddressDeny', '::ffff:10.1.2.3', [['IPAddressDeny', [[10, ip6('::ffff:a01:203'), 128]]]]],
    ['IPAddressDeny', 'fe80::1/10', [['IPAddressDeny', [[10, ip6('fe80::'), 10]]]]],
    ['DeviceAllow', 'char-pts', [['DeviceAllow', [['char-pts', 'rwm']]]]],
    [
      'ExecStartPre',
      '/bin/a 1 ; -/bin/b 2',
      [
        [
          'ExecStartPre',
          [
            ['/bin/a', ['/bin/a', '1'], false],
            ['/bin/b', ['/bin/b', '2'], true],
          ],
        ],
      ],
    ],
    ['ExecStartPre', '/bin/a \\; ";" ;', [['ExecStartPre', [['/bin/a', ['/bin/a', ';', ';'], false]]]]],
    ['ExecStartPre', '"-/bin/my program" x', [['ExecStartPre', [['/bin/my program', ['/bin/my program', 'x'], true]]]]],
    // Its own flag for it does not survive a daemon-reload.
    ['ExecStartPre', ':/bin/echo $HOME', [['ExecStartPre', [['/bin/echo', ['/bin/echo', '$$HOME'], false]]]]],
    ['ExecStopPost', '!!@/bin/echo name $HOME', [['ExecStopPostEx', [['/bin/echo', ['name', '$HOME'], ['ambient']]]]]],
    [
      'RootImageOptions',
      'root:ro:home:nosuid usr:nodev',
      [
        [
          'RootImageOptions',
          [
            ['root', 'ro'],
            ['home', 'nosuid'],
            ['usr', 'nodev'],
          ],
        ],
      ],
    ],
    ['SuccessExitStatus', 'TEMPFAIL SIGTERM 143 75', [['SuccessExitStatus', [[75, 143], [15]]]]],
    ['ReadOnlyPaths', '-/a//b/ +/c -+/d/.', [['ReadOnlyPaths', ['-/a/b', '+/c', '-+/d']]]],
  ])('%s=%s', (name, text, expected) => {
    expect(read(name, text)).toEqual(expected);
  });
});

describe('several assignments', () => {
  it('make one list, in order', () => {
    expect(read('ExecStartPre', '/bin/mkdir a', '-/bin/mkdir b')).toEqual([
      [
        'ExecStartPre',
        [
          ['/bin/mkdir', ['/bin/mkdir', 'a'], false],
          ['/bin/mkdir', ['/bin/mkdir', 'b'], true],
        ],
      ],
    ]);
    expect(read('After', 'a.service b.service', 'c.mount')).toEqual([['After', ['a.service', 'b.service', 'c.mount']]]);
  });

  it('begin anew after an empty one', () => {
    expect(read('After', 'a.service', '', 'b.service')).toEqual([['After', ['b.service']]]);
    expect(read('After', 'a.service', ' ')).toEqual([['After', []]]);
    expect(read('SystemCallLog', '@mount', '')).toEqual([]);
    expect(read('CapabilityBoundingSet', 'CAP_KILL', '', 'CAP_CHOWN')).toEqual([['CapabilityBoundingSet', 1n]]);
  });

  it('of a filter stay apart, since the second takes away from the first', () => {
    expect(read('SystemCallFilter', '@system-service', '~@mount @reboot:EPERM')).toEqual([
      ['SystemCallFilter', [true, ['@system-service']]],
      ['SystemCallFilter', [false, ['@mount', '@reboot:EPERM']]],
    ]);
  });

  it('of flags add up and take away', () => {
    expect(read('CapabilityBoundingSet', 'CAP_CHOWN CAP_KILL', '~CAP_KILL')).toEqual([['CapabilityBoundingSet', 1n]]);
    expect(read('AmbientCapabilities', 'CAP_CHOWN', 'CAP_KILL')).toEqual([['AmbientCapabilities', 33n]]);
    expect(read('RestrictNamespaces', 'user', 'net')).toEqual([['RestrictNamespaces', 0x5000_0000n]]);
  });

  it('need one with rights of its own to be all in the form that knows of rights', () => {
    expect(read('ExecStartPre', '/bin/a', '+-/bin/b')).toEqual([
      [
        'ExecStartPreEx',
        [
          ['/bin/a', ['/bin/a'], []],
          ['/bin/b', ['/bin/b'], ['ignore-failure', 'privileged']],
        ],
      ],
    ]);
  });

  it('make no sense where there is one value', () => {
    expect(() => read('MemoryMin', '1G', '2G')).toThrow('expects one value, not a list');
  });
});

describe('a text that makes no sense is refused, and what is expected is said', () => {
  it.each([
    ['After', 'postgresql', 'expects names of units such as postgresql.service, not "postgresql"'],
    ['AmbientCapabilities', 'CAP_NET_ADMIM', 'CAP_NET_ADMIM is no capability: did you mean CAP_NET_ADMIN?'],
    ['AmbientCapabilities', 'ROOT', 'ROOT is no capability; expects names such as CAP_NET_BIND_SERVICE'],
    ['BindPaths', '/a:/b:rw', 'expects source:destination, with :rbind or :norbind after it'],
    ['BindPaths', 'relative:/x', 'expects an absolute path without .., not "relative"'],
    ['Delegate', 'cpu ram', 'ram is no controller: expects yes, no or some of cpu, cpuset, io'],
    ['DeviceAllow', '/dev/null rwx', 'expects one device and some of the letters r, w, m'],
    ['DeviceAllow', '/etc/passwd', 'expects a device node such as /dev/fuse, or a class such as char-pts'],
    ['ExecStartPre', '+!/bin/x', 'expects the prefixes - @ : and one of + ! !!, each at most once'],
    ['ExecStartPre', './x', 'expects an absolute path without .., not "./x"'],
    ['ExecStartPre', '/bin/x "', 'has a quote that is not closed'],
    ['ExecStartPre', '/bin/x \\q', 'has a backslash that begins no escape'],
    ['IOReadIOPSMax', '/dev/vda 0', 'expects a rate above 0, or infinity'],
    ['IODeviceWeight', '/dev/vda', 'expects a path and a value for it'],
    ['IPAddressDeny', '10.0.0.0/33', '10.0.0.0/33 is no address'],
    ['IPAddressDeny', '1.2.3', '1.2.3 is no address'],
    ['IPAddressDeny', '1::2::3', '1::2::3 is no address'],
    ['LimitNOFILE', '2:1', 'expects a soft limit no larger than the hard one'],
    ['MemoryMin', '101%', 'expects a percentage between 0% and 100%'],
    ['OOMScoreAdjust', '1001', 'expects a whole number between -1000 and 1000'],
    ['PassEnvironment', '1A', 'expects names of variables, not "1A"'],
    ['RestrictAddressFamilies', 'none', 'expects address families such as AF_INET, not "none"'],
    ['RestrictFileSystems', '~tmpfs', 'expects what is allowed'],
    ['RestrictNamespaces', 'time', 'time is not a namespace: expects words among cgroup, ipc'],
    ['RuntimeMaxSec', '5 parsecs', 'expects a time span such as 1min 30s'],
    ['SecureBits', 'keep', 'expects words among noroot'],
    ['StandardOutput', 'files', 'expects inherit, null, tty, journal'],
    ['StandardOutput', 'file', 'expects an absolute path without .., not ""'],
    ['SyslogIdentifier', 'a\nb', 'has a control character or line break'],
    ['SystemCallLog', '@systemservice', '@systemservice is no group of system calls: did you mean @system-service?'],
    ['SystemCallLog', 'open:EPERM', 'expects an error only where calls are denied'],
    ['TTYRows', '99999', 'expects a whole number between 0 and 65535'],
    ['UMask', '8', 'expects permission bits in octal such as 0750'],
  ])('%s=%s', (name, text, message) => {
    expect(() => read(name, text)).toThrow(
      expect.objectContaining({ name: 'PropertySyntaxError', message: expect.stringContaining(message) }),
    );
  });

  it('where a percentage has nothing to be a part of', () => {
    expect(() => settingOf('MemoryMin')?.read(['10%'], {})).toThrow("the host's memory is not known here");
  });
});

function ip6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string): number[] =>
    part
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const all = [
    ...groups(head),
    ...Array<number>(8 - groups(head).length - groups(tail).length).fill(0),
    ...groups(tail),
  ];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
