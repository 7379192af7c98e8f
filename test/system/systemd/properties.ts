/**
 * Runs in the machine, on its systemd: makes one unit for each sample of a setting, which never runs anything, and prints as JSON
 * what systemd refused, and what it gave back that is not what it was sent. What that should be is in ../properties.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createSystemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { SystemdOverDbus } from '../../../src/systemd/adapter.ts';
import { unitPath } from '../../../src/systemd/path.ts';
import { readBackEqual } from '../../../src/units/readBack.ts';
import { propertyRow, propertyRows, settingOf } from '../../../src/units/table.ts';
import type { UnitProperty } from '../../../src/units/types.ts';
import { parseSystemdVersion, unsupportedProperties } from '../../../src/units/versions.ts';

interface Outcome {
  readonly sample: string;
  /** systemd's words. */
  readonly refused?: string;
  /** Named by hublet as too new for this systemd. */
  readonly isNewer?: boolean;
  readonly different?: readonly { readonly name: string; readonly sent: unknown; readonly reported: unknown }[];
  /** Properties that were reported and compared. */
  readonly compared: number;
}

const samples = readFileSync('test/fixtures/unitProperties/samples.txt', 'utf8').split('\n').filter(Boolean);
const systemd = new SystemdOverDbus({
  clock: createSystemClock(),
  log: createLog('silent'),
  liveProperties: propertyRows().map(({ name }) => name),
  pingIntervalMs: 10_000,
});

/** Kept while we are connected, and never run: so there is all the time to read it. */
const idle: readonly UnitProperty[] = [
  { name: 'AddRef', signature: 'b', value: true },
  { name: 'Type', signature: 's', value: 'exec' },
  { name: 'ExecStart', signature: 'a(sasb)', value: [['/bin/true', ['/bin/true'], false]] },
  { name: 'Conditions', signature: 'a(sbbs)', value: [['ConditionPathExists', false, true, '/']] },
];

async function outcomeOf(sample: string, index: number): Promise<Outcome> {
  const name = sample.slice(0, sample.indexOf('='));
  const setting = settingOf(name);
  if (setting === undefined) return { sample, refused: 'no such setting', compared: 0 };
  const properties = setting.read([sample.slice(name.length + 1)], { memoryBytes: 2 ** 31 });
  const isNewer = unsupportedProperties(properties, systemd.version()).length > 0;
  const unit = `hublet-sample${index}.service`;
  try {
    await systemd.startTransientUnit(unit, [...idle.filter((own) => own.name !== name), ...properties]);
  } catch (error) {
    return { sample, refused: error instanceof Error ? error.message : String(error), isNewer, compared: 0 };
  }
  const service = (await systemd.read(unit))?.live ?? {};
  const reported = setting.man === 'systemd.unit(5)' ? unitProperties(unit) : service;
  const compared = properties.filter((property) => reported[property.name] !== undefined);
  const different = compared.filter((property) => {
    const row = propertyRow(property.name);
    return row === undefined || !readBackEqual(row, property.value, reported[property.name]);
  });
  return {
    sample,
    isNewer,
    compared: compared.length,
    ...(different.length === 0
      ? {}
      : { different: different.map(({ name, value }) => ({ name, sent: value, reported: reported[name] })) }),
  };
}

/** Those of the interface that the adapter reads only in part. */
function unitProperties(unit: string): Readonly<Record<string, unknown>> {
  const get = ['org.freedesktop.DBus.Properties', 'GetAll', 's', 'org.freedesktop.systemd1.Unit'];
  const text = execFileSync('busctl', ['--json=short', 'call', 'org.freedesktop.systemd1', unitPath(unit), ...get], {
    encoding: 'utf8',
  });
  const { data } = JSON.parse(text) as { data: [Record<string, { data: unknown }>] };
  return Object.fromEntries(Object.entries(data[0]).map(([key, value]) => [key, value.data]));
}

await systemd.open(30_000);
const outcomes: Outcome[] = [];
for (const [index, sample] of samples.entries()) outcomes.push(await outcomeOf(sample, index));
const show = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
process.stdout.write(`${JSON.stringify({ version: parseSystemdVersion(systemd.version()), outcomes }, show)}\n`);
systemd.close();
