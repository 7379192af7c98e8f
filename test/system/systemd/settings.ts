import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allSettings } from '../../../src/units/table.ts';
import { boot, type Machine } from '../../machine/machine.ts';
import { projectDirectory } from '../../machine/places.ts';
import type { SystemdAge } from '../../machine/systemd.ts';

interface Outcome {
  readonly sample: string;
  readonly refused?: string;
  readonly isNewer?: boolean;
  readonly different?: unknown;
  readonly compared: number;
}

const samples = readFileSync(join(projectDirectory, 'test/fixtures/unitProperties/samples.txt'), 'utf8');

/** Tests of the property table on a real systemd of that age: each setting is sent and read back. */
export function testSettings(age: SystemdAge): void {
  /** What systemd said to one unit for each sample; made by systemd/properties.ts in the machine. */
  let seen: { readonly version: number; readonly outcomes: readonly Outcome[] };
  let machine: Machine;

  beforeAll(async () => {
    machine = await boot({ systemd: age });
    const entries = ['src', 'test/system/systemd', 'test/fixtures/unitProperties', 'package.json'];
    await machine.putEntries(projectDirectory, entries, '/opt/hublet');
    const output = await machine.run('cd /opt/hublet && node test/system/systemd/properties.ts', {
      timeoutMs: 200_000,
    });
    seen = JSON.parse(output);
  });

  afterAll(() => machine?.kill());

  it('every setting that unitProperties takes has a sample', () => {
    const sampled = new Set(seen.outcomes.map(({ sample }) => sample.slice(0, sample.indexOf('='))));
    const missing = allSettings().filter(
      ({ name, owner }) => (owner.kind === 'free' || owner.kind === 'preset') && !sampled.has(name),
    );
    expect(seen.outcomes).toHaveLength(samples.trim().split('\n').length);
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('every sample that hublet says this systemd has is taken', () => {
    expect(seen.outcomes.filter(({ refused, isNewer }) => refused !== undefined && !isNewer)).toEqual([]);
  });

  it('every sample that hublet says it lacks is refused', () => {
    expect(seen.outcomes.filter(({ refused, isNewer }) => refused === undefined && isNewer)).toEqual([]);
  });

  it('what it gives back equals what it was sent', () => {
    expect(seen.outcomes.filter(({ different }) => different !== undefined)).toEqual([]);
    expect(seen.outcomes.filter(({ compared }) => compared > 0).length).toBeGreaterThan(220);
  });
}
