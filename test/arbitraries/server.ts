/** Valid servers of every kind, as their files have them. */
import fc from 'fast-check';
import type { ServerDocument } from '../../src/spec/schema.ts';

type Fields = ServerDocument['spec'];

/** What a host has that servers may speak of: outside a test of pure code, only what is there starts. */
export interface ServerPlaces {
  /** Programs that take any arguments. */
  readonly programs: readonly string[];
  /** Accounts by name or number; none: the server's own name. */
  readonly users: readonly (string | number)[];
  readonly groups: readonly (string | number)[];
  /** Directories that are there, without those whose loss a program would not survive. */
  readonly directories: readonly string[];
  /** Block devices, or paths on them. */
  readonly disks: readonly string[];
  readonly devices: readonly string[];
  /** Readable files for environmentFiles and credentials. */
  readonly files: readonly string[];
  readonly pools: readonly string[];
  readonly cpus: number;
  /** Fields that are left out, such as `dynamicUser`; names at the top of `spec`, or `sandbox.privateNetwork`. */
  readonly without?: readonly string[];
}

export const ANY_PLACES: ServerPlaces = {
  programs: ['/usr/bin/sleep', 'sleep', '{HOME}/bin/tool'],
  users: ['alice', 'lab-{NAME}', 1001, 'dom+user@example'],
  groups: ['users', 'lab', 100, 'g-{NAME}'],
  directories: ['/srv', '/opt/data', '/', '{HOME}', '{HOME}/work', '{STATE_DIR}/x'],
  disks: ['/dev/vda', '/', '{HOME}'],
  devices: ['/dev/nvidia0', '/dev/dri/card0', 'char-pts', 'block-*'],
  files: ['/etc/lab.env', '{HOME}/.env', '/etc/[a]*.env'],
  pools: ['gpu', 'lab_2', 'a'],
  cpus: 64,
};

/** Names that a file can have: letters of any script, blanks, escapes, what looks like a path or a template; long ones too. */
export const serverName: fc.Arbitrary<string> = fc
  .oneof(
    fc.stringMatching(/^[a-z][a-z0-9_-]{0,30}$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc
      .array(fc.constantFrom('a', 'A', '-', '.', ' ', '\\', 'x2d', '@', '{NAME}', '%', '$', 'ü', '='), { minLength: 1 })
      .map((parts) => parts.join('')),
    fc.stringMatching(/^[a-zü]{60,128}$/),
  )
  .filter(isName);

/** Documents that the schema accepts, without contradictions or gaps. */
export function serverDocument(
  places: ServerPlaces = ANY_PLACES,
  names: fc.Arbitrary<string> = serverName,
): fc.Arbitrary<ServerDocument> {
  return fc.record({
    apiVersion: fc.constant('hublet/v1' as const),
    kind: fc.constant('Server' as const),
    metadata: names.map((name) => ({ name })),
    spec: serverFields(places),
  });
}

/** `spec` of such a document. */
export function serverFields(places: ServerPlaces = ANY_PLACES): fc.Arbitrary<Fields> {
  const path = fc.constantFrom(...places.directories);
  const command = fc
    .tuple(fc.constantFrom(...places.programs), fc.array(argument, { maxLength: 4 }))
    .map(([program, rest]) => [program, ...rest]);
  const paths = fc.uniqueArray(
    path.chain((one) => fc.constantFrom(one, `-${one}`)),
    { maxLength: 2 },
  );
  const file = fc.constantFrom(...places.files);
  const group = fc.constantFrom(...places.groups);
  const byDisk = <T>(limit: fc.Arbitrary<T>) => fc.dictionary(fc.constantFrom(...places.disks), limit, { maxKeys: 2 });
  const device = fc
    .tuple(fc.constantFrom(...places.devices), fc.constantFrom('', ' r', ' rw', ' wr', ' rwm'))
    .map((parts) => parts.join(''));
  const bind = fc
    .tuple(fc.constantFrom('', '-'), path, fc.constantFrom('', ':/mnt', ':/mnt/a:rbind', ':/mnt/b:norbind'))
    .filter(([, source, rest]) => rest !== '' || source !== '/')
    .map((parts) => parts.join(''));
  const fields = optionally({
    user: fc.constantFrom(...places.users),
    group,
    supplementaryGroups: fc.array(group, { maxLength: 2 }),
    dynamicUser: fc.boolean(),
    preStart: fc.array(command, { maxLength: 2 }),
    postStop: fc.array(command, { maxLength: 2 }),
    workingDirectory: path,
    environment: fc.dictionary(variableName, text, { maxKeys: 5 }),
    environmentFiles: fc.array(
      file.chain((one) => fc.constantFrom(one, `-${one}`)),
      { maxLength: 2 },
    ),
    credentials: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9._-]{0,9}$/), file, { maxKeys: 2 }),
    extraPaths: fc.array(path, { maxLength: 2 }),
    shell: fc.constantFrom('/bin/sh', '/bin/bash', '{HOME}/sh'),
    port: fc.constantFrom('auto' as const, 'none' as const),
    resources: optionally({
      memory: fc.tuple(size, size, size, size).map(([limit, more, less, swap]) => ({
        limit: limit + more + less,
        high: limit + more,
        guarantee: limit,
        swap,
      })),
      cpu: optionally({
        limit: fc.oneof(
          fc.integer({ min: 1, max: 64_000 }).map((millicores) => `${millicores}m`),
          fc.integer({ min: 1000, max: 9_999_999 }).map((micros) => micros / 1e6),
        ),
        weight: fc.integer({ min: 1, max: 10_000 }),
        cpus: fc
          .uniqueArray(fc.nat(places.cpus - 1), { minLength: 1, maxLength: 4 })
          .map((cpus) => cpus.map(String).join(',')),
      }),
      tasks: fc.integer({ min: 16, max: 4_194_304 }),
      files: fc.integer({ min: 64, max: 65_536 }),
      io: optionally({
        weight: fc.integer({ min: 1, max: 10_000 }),
        readBytesPerSecond: byDisk(size),
        writeBytesPerSecond: byDisk(size),
        readIops: byDisk(fc.integer({ min: 100, max: 1_000_000 })),
        writeIops: byDisk(fc.integer({ min: 100, max: 1_000_000 })),
      }),
    }),
    sandbox: optionally({
      privateTmp: fc.boolean(),
      privateDevices: fc.boolean(),
      deviceAllow: fc.array(device, { minLength: 1, maxLength: 3 }),
      noNewPrivileges: fc.boolean(),
      readOnlyPaths: paths,
      readWritePaths: paths,
      inaccessiblePaths: fc.subarray(['-/srv/none', '-/var/cache/none']),
      bindPaths: fc.array(bind, { maxLength: 2 }),
      bindReadOnlyPaths: fc.array(bind, { maxLength: 2 }),
      protectSystem: fc.constantFrom(true, false, 'full' as const, 'strict' as const),
      protectHome: fc.constantFrom(false, 'read-only' as const),
      protectProc: fc.constantFrom('default', 'noaccess', 'invisible', 'ptraceable'),
      privateNetwork: fc.boolean(),
      ipAddressAllow: fc.array(address, { maxLength: 3 }),
      ipAddressDeny: fc.array(address, { maxLength: 3 }),
      capabilities: fc.uniqueArray(fc.constantFrom('CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_BPF')),
      systemCallFilter: fc.constantFrom<string[][]>(
        ['@system-service'],
        ['~@reboot', '@swap:EPERM'],
        ['@system-service', '~@keyring', 'ptrace'],
      ),
      umask: fc.constantFrom('0077', '022', '0002'),
    }),
    pool: fc.constantFrom(...places.pools),
    unitProperties: fc.constantFrom<NonNullable<Fields['unitProperties']>[]>(
      {},
      { Nice: '5' },
      { MemoryMin: '1M', LimitCORE: '0' },
      { OOMScoreAdjust: '100', RestrictAddressFamilies: ['AF_UNIX AF_INET', 'AF_INET6'] },
    ),
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    backoff: optionally({
      initial: fc.constantFrom('500ms', '10s', 30),
      max: fc.constantFrom('30s', '5m'),
      resetAfter: fc.constantFrom('1m', 600),
    }),
    priority: fc.integer({ min: -10, max: 10 }),
    // Open at any time, and no age that a test comes to: on a machine such a server is to run.
    schedule: fc.record(
      {
        timeZone: fc.constantFrom('UTC', 'Europe/Berlin'),
        windows: fc.constant<{ start: string; stop: string }[]>([{ start: '*/5 * * * *', stop: '*/5 * * * *' }]),
        overrun: fc.constantFrom('stop' as const, 'finish' as const),
      },
      { requiredKeys: ['windows'] },
    ),
    idle: fc.constantFrom<NonNullable<Fields['idle']>>(
      { timeout: '1h' },
      { timeout: 7200, check: ['cpu'], cpuCores: '100m', warnBefore: '1m' },
    ),
    maxAge: fc.constantFrom('12h', 90_000),
    deletionPolicy: fc.constantFrom('Stop' as const, 'Orphan' as const),
    updateStrategy: fc.constantFrom('OnRestart' as const, 'WhenIdle' as const, 'Immediate' as const),
    terminationGracePeriod: fc.constantFrom('500ms', '10s', 30, '1h30m'),
    startTimeout: fc.constantFrom('30s', 90, '5m'),
  });
  return fc.tuple(command, fields).map(([program, rest]) => {
    return consistent({ command: program, ...leaveOut(rest as Fields, places.without ?? []) });
  });
}

/** Any text that an environment or an argument can hold, with what systemd and templates would trip over. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('$HOME', '$$', '%h', '{NAME}', '{{UID}}', '{"a": {}}', "'", '"', '\\', '\n', ' ', ';', '#', 'ü'),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''))
  .filter(isUnicode);
const argument = text.filter((one) => one !== '');
const variableName = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/)
  .filter((name) => !/^(?:SYSTEMD|LISTEN|WATCHDOG|MONITOR|TRIGGER|MEMORY_PRESSURE)_/.test(name) && name !== 'MAINPID');
const size = fc.integer({ min: 2 ** 24, max: 2 ** 40 });
const address = fc.oneof(
  fc.constantFrom('any', 'localhost', 'link-local', 'multicast'),
  fc.tuple(fc.ipV4(), fc.nat(32)).map(([ip, length]) => `${ip}/${length}`),
  fc.tuple(fc.ipV6(), fc.nat(128)).map(([ip, length]) => `${ip}/${length}`),
);

function optionally<T extends Record<string, unknown>>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(fields, { requiredKeys: [] });
}

/** Without what contradicts the rest. */
function consistent(fields: Fields): Fields {
  const { user, group, dynamicUser, sandbox = {}, ...rest } = fields;
  const { privateDevices, deviceAllow, bindPaths, ...others } = sandbox;
  const open = deviceAllow === undefined ? { privateDevices } : { deviceAllow };
  const kept = { ...open, bindPaths, ...others };
  if (dynamicUser !== true) return clean({ ...rest, user, group, dynamicUser, sandbox: clean(kept) });
  const { privateTmp: _tmp, noNewPrivileges: _privileges, protectSystem: _system, protectHome: _home, ...free } = kept;
  return clean({ ...rest, dynamicUser, sandbox: clean(free) });
}

function leaveOut(fields: Fields, names: readonly string[]): Fields {
  const left = (object: object, prefix: string): object =>
    Object.fromEntries(
      Object.entries(object)
        .filter(([name]) => !names.includes(prefix + name))
        .map(([name, value]) => [
          name,
          prefix === '' && name === 'sandbox' ? left(value as object, 'sandbox.') : value,
        ]),
    );
  return left(fields, '') as Fields;
}

function clean<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function isName(name: string): boolean {
  return (
    name !== '' &&
    Buffer.byteLength(name) <= 128 &&
    !name.startsWith('.') &&
    !/[/~\p{Cc}]/u.test(name) &&
    isUnicode(name)
  );
}

function isUnicode(value: string): boolean {
  return value.isWellFormed() && !/[\0\ufdd0-\ufdef]|[\ufffe\uffff]|[\ud83f-\udbff][\udffe\udfff]/.test(value);
}
