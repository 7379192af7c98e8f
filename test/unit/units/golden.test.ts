import { createSecretKey } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dynamicAccount } from '../../../src/admission/dynamicAccount.ts';
import { choosePort } from '../../../src/admission/ports.ts';
import { admit } from '../../../src/admission/resolve.ts';
import { accountName } from '../../../src/admission/runsAs.ts';
import type { ServerSpec } from '../../../src/spec/types.ts';
import { compileUnit } from '../../../src/units/compile.ts';
import { wholeSpec } from '../../fakes/wholeSpec.ts';

/**
 * Each fixture is a spec (with a line `# user mode` for a user manager) with what must come of it below the line `--- expected`: the properties sent at the start, then the
 * environment file; or the refusal. `npm run gen:units` (`UPDATE_GOLDEN=1`) writes the lower part anew: read the difference before it is committed,
 * because another HUBLET_UNIT_HASH for the same spec tells everyone who upgrades that their servers need a restart.
 */
const FOLDER = new URL('../../fixtures/units/', import.meta.url);
const LINE = '--- expected\n';

const CONTEXT = {
  instanceId: '0123456789abcdef0123456789abcdef',
  hashKey: createSecretKey(Buffer.alloc(32, 7)),
  environmentDirectory: '/run/hublet/env',
};

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.golden'));

describe('a spec compiles to exactly these properties and this environment', () => {
  it('has fixtures', () => {
    expect(files.length).toBeGreaterThanOrEqual(60);
  });

  it.each(files)('%s', (file) => {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    const [source = '', expected] = text.split(LINE);

    const actual = compiled(source);

    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(new URL(file, FOLDER), source + LINE + actual);
    else expect(actual).toBe(expected);
  });
});

function compiled(source: string): string {
  const name = /^metadata: \{name: (.*)\}$/m.exec(source)?.[1] ?? '';
  const spec = wholeSpec(source, name);
  const port = portOf(spec);
  const isUserMode = /^# user mode$/m.test(source);
  const account = spec.dynamicUser ? dynamicAccount(spec.name, true) : accountOf(spec);
  const admitted = admit(spec, { account, isUserMode, ...(port === undefined ? {} : { port }) });
  if (admitted.kind === 'refused') return `refused ${admitted.reason}: ${admitted.message}\n`;
  const specPath = `/etc/hublet/desired-state/${spec.name}.yaml`;
  const plan = compileUnit(admitted.server, { ...CONTEXT, specPath, isUserMode });
  // By name alone: one that comes twice keeps its order, which counts.
  const sorted = plan.properties.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const properties = sorted.map(({ name, signature, value }) => `${name} ${signature} ${show(value)}`);
  return [plan.unit, ...properties, '', plan.environmentFile.text].join('\n');
}

function portOf(spec: ServerSpec): number | undefined {
  if (spec.port === 'none') return undefined;
  const nobody: ReadonlyMap<string, number> = new Map();
  const range = { first: 20_000, last: 29_999 };
  const choice = choosePort({
    wanted: spec.port,
    name: spec.name,
    assigned: nobody,
    fixed: nobody,
    range,
    isFree: () => true,
  });
  return choice.kind === 'port' ? choice.port : undefined;
}

/** `nohome` has none; every other account has its home below /home. A number is alice's. */
function accountOf(spec: ServerSpec) {
  const asked = accountName(spec);
  const name = /^\d+$/.test(asked) ? 'alice' : asked;
  return { name, uid: 1001, gid: 1002, home: name === 'nohome' ? '' : `/home/${name}`, shell: '/bin/sh' };
}

function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  if (value instanceof Uint8Array) return readable(value);
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return JSON.stringify(value);
}

function readable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  return /^HUBLET_/.test(text) ? JSON.stringify(text) : `<${Buffer.from(bytes).toString('hex')}>`;
}
