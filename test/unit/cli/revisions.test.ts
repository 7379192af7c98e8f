import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/errors.ts';
import { loadRevisions } from '../../../src/cli/keptRevisions.ts';
import { compareSpecs } from '../../../src/cli/specChange.ts';
import { runHistory } from '../../../src/cli/verbs/history.ts';
import { runRestart } from '../../../src/cli/verbs/restart.ts';
import { runRollback } from '../../../src/cli/verbs/rollback.ts';
import { runSuspend } from '../../../src/cli/verbs/suspend.ts';
import { parseSpec } from '../../../src/spec/parse.ts';
import { revisionKey } from '../../../src/store/revisionFile.ts';
import { RevisionStore } from '../../../src/store/revisions.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { TestHost } from './testHost.ts';

let host: TestHost;
let store: RevisionStore;
let clock: FakeClock;
let generation: number;

beforeEach(() => {
  host = new TestHost();
  clock = new FakeClock();
  store = new RevisionStore({ stateDirectory: host.config.stateDirectory, clock, log: new FakeLog() });
  generation = 0;
});

afterEach(() => {
  store.close();
  host.remove();
});

function text(memory: string, more = ''): string {
  return `# of alice\napiVersion: hublet/v1\nkind: Server\nmetadata:\n  name: alice\nspec:\n  command: [sleep, s3cret]\n  resources: {memory: {limit: ${memory}}}   # enough\n${more}`;
}

/** The controller takes the file as it is. */
function accept(): void {
  const taken = readFileSync(host.specPath('alice'), 'utf8');
  const parsed = parseSpec(taken, 'alice');
  if (parsed.kind !== 'valid') throw new Error('the controller would not take it');
  generation += 1;
  store.note({
    name: 'alice',
    generation,
    source: host.specs,
    file: { path: host.specPath('alice'), ino: 1, size: 1, mtimeNs: '1' },
    text: taken,
    canonical: parsed.canonical,
  });
  clock.advance(60_000);
}

function given(...texts: readonly string[]): void {
  for (const one of texts) {
    host.writeSpec('alice', one);
    accept();
  }
}

const rollback = (to?: number, isDryRun = false) => runRollback(host.context, { name: 'alice', to, isDryRun });
const read = () => readFileSync(host.specPath('alice'), 'utf8');
const refusal = (exitCode: number) => expect.objectContaining({ exitCode });

describe('what changed', () => {
  it('is told by field; what may be secret without its value', () => {
    const before = { spec: { environment: { TOKEN: 'old', GONE: 'x' }, command: ['a'], resources: { tasks: 1 } } };
    const after = {
      spec: {
        environment: { TOKEN: 'new' },
        command: ['b'],
        resources: { tasks: 2 },
        probes: { liveness: { http: { headers: { Authorization: 'Bearer abc' } } } },
        port: 'none',
      },
    };
    const changes = compareSpecs(JSON.stringify(before), JSON.stringify(after));

    expect(changes).toEqual([
      { path: 'spec.command', kind: 'changed', before: undefined, after: undefined },
      { path: 'spec.environment.GONE', kind: 'removed', before: undefined, after: undefined },
      { path: 'spec.environment.TOKEN', kind: 'changed', before: undefined, after: undefined },
      { path: 'spec.port', kind: 'added', before: undefined, after: 'none' },
      {
        path: 'spec.probes.liveness.http.headers.Authorization',
        kind: 'added',
        before: undefined,
        after: undefined,
      },
      { path: 'spec.resources.tasks', kind: 'changed', before: '1', after: '2' },
    ]);
  });
});

describe('hublet history', () => {
  it('lists what was accepted, oldest first, with times, fields and source, and no values', async () => {
    given(text('1G'), text('2G', '  environment: {TOKEN: s3cret}\n'), text('1G'));

    expect(await runHistory(host.context, 'alice', 'table')).toBe(EXIT.ok);

    const rows = host.out.split('\n').map((line) => line.split(/ {3,}/));
    expect(rows).toEqual([
      ['REVISION', 'ACCEPTED', 'CHANGED', 'SOURCE'],
      ['1', '2026-01-01T00:00:00Z', 'first', host.specs],
      ['2', '2026-01-01T00:01:00Z', 'spec.environment.TOKEN added, spec.resources.memory.limit', host.specs],
      [
        '3',
        '2026-01-01T00:02:00Z',
        'as 1 was: spec.environment.TOKEN removed, spec.resources.memory.limit',
        host.specs,
      ],
      [''],
    ]);
    expect(host.out + host.err).not.toContain('s3cret');
    expect(host.err).toBe('');
  });

  it('prints JSON for scripts', async () => {
    given(text('1G'), text('2G'));

    await runHistory(host.context, 'alice', 'json');

    expect(JSON.parse(host.out)).toEqual({
      name: 'alice',
      deletedAt: null,
      damaged: [],
      revisions: [
        { revision: 1, at: '2026-01-01T00:00:00.000Z', source: host.specs, sameAs: null, changes: null },
        {
          revision: 2,
          at: '2026-01-01T00:01:00.000Z',
          source: host.specs,
          sameAs: null,
          changes: [{ path: 'spec.resources.memory.limit', kind: 'changed' }],
        },
      ],
    });
  });

  it('says that the file as it is now is not in it', async () => {
    given(text('1G'));
    host.writeSpec('alice', 'spec: [\n');

    await runHistory(host.context, 'alice', 'table');

    expect(host.err).toContain('as it is now is no valid spec');
  });

  it('passes a damaged revision over and tells of it', async () => {
    given(text('1G'), text('2G'));
    const path = join(host.config.stateDirectory, 'revisions', `${revisionKey('alice')}.1.json`);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));

    expect(await runHistory(host.context, 'alice', 'table')).toBe(EXIT.ok);

    expect(host.err).toBe('alice: revision 1 is damaged and passed over\n');
    expect(host.out).toContain('what was before is not kept');
  });

  it('answers 4 for a name that nobody knows, and 0 for a server that was never accepted', async () => {
    expect(await runHistory(host.context, 'nobody', 'table')).toBe(EXIT.notFound);
    host.writeSpec('bob');
    expect(await runHistory(host.context, 'bob', 'table')).toBe(EXIT.ok);
    expect(host.err).toBe(
      "nobody: not found: 'hublet get' lists the servers there are\nbob: no revisions are kept: its file was not accepted yet\n",
    );
  });

  it('says of a deleted server how to bring it back', async () => {
    given(text('1G'));
    rmSync(host.specPath('alice'));
    store.markDeleted('alice');

    expect(await runHistory(host.context, 'alice', 'table')).toBe(EXIT.ok);

    expect(host.err).toMatch(
      /^alice was deleted .* ago; its revisions are kept until 2026-01-08T00:01:00\.000Z: 'hublet rollback alice'/,
    );
  });

  it('answers 77 where only root may read them', () => {
    const read = () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'scandir' });
    };

    expect(() => loadRevisions(host.context, host.config, 'alice', read)).toThrow(
      expect.objectContaining({ exitCode: EXIT.noPermission, message: expect.stringContaining('run it as root') }),
    );
  });
});

describe('hublet rollback', () => {
  it('keeps beside it what no revision has: broken, binary, never accepted, or with newer comments', async () => {
    const backup = `${host.specPath('alice')}~`;
    given(text('1G'), text('2G'));
    for (const replaced of ['spec: [\n', Buffer.from([0xff, 0, 0xfe]), text('4G'), text('2G', '# newer\n')]) {
      writeFileSync(host.specPath('alice'), replaced, { mode: 0o640 });
      chmodSync(host.specPath('alice'), 0o600);
      expect(await rollback(1)).toBe(EXIT.ok);
      expect(read()).toBe(text('1G'));
      expect(readFileSync(backup)).toEqual(Buffer.from(replaced));
      expect(statSync(backup).mode & 0o777).toBe(0o600);
      expect(host.err).toContain(`${host.specPath('alice')} was no revision: it is kept as ${backup}`);
    }
    expect(readdirSync(host.specs).sort()).toEqual(['alice.yaml', 'alice.yaml~']);
  });

  it('keeps nothing beside it where a revision has it, nor in a dry run, which says so', async () => {
    given(text('1G'), text('2G'));
    await rollback();
    host.writeSpec('alice', 'spec: [\n');
    await rollback(1, true);
    expect(host.err).toContain(`is no revision: it would be kept as ${host.specPath('alice')}~`);
    expect(readdirSync(host.specs)).toEqual(['alice.yaml']);
  });

  it('writes the last other spec as it was written then, comments included', async () => {
    given(text('1G'), text('2G'));

    expect(await rollback()).toBe(EXIT.ok);

    expect(read()).toBe(text('1G'));
    expect(host.out).toBe('alice rolled back to revision 1: spec.resources.memory.limit\n');
    expect(readdirSync(host.specs)).toEqual(['alice.yaml']);
  });

  it('undoes itself when it is asked again', async () => {
    given(text('1G'), text('2G'));
    await rollback();
    accept();
    await rollback();

    expect(read()).toBe(text('2G'));
  });

  it('goes to the revision that is named, and says where nothing is to be done', async () => {
    given(text('1G'), text('2G'), text('3G'));

    await rollback(1);
    await rollback(1);

    expect(read()).toBe(text('1G'));
    expect(host.out).toContain('alice is as revision 1 already\n');
  });

  it('with --dry-run tells each change, values that are no secrets with it, and writes nothing', async () => {
    given(text('1G', '  environment: {TOKEN: s3cret}\n'), text('2G', '  environment: {TOKEN: s3cret2}\n'));

    expect(await rollback(undefined, true)).toBe(EXIT.ok);

    expect(host.out).toBe(
      'alice would be rolled back to revision 1: \n   spec.environment.TOKEN: changed\n   spec.resources.memory.limit: 2G -> 1G\n',
    );
    expect(read()).toContain('2G');
  });

  it('puts the last good spec in the place of a broken file', async () => {
    given(text('1G'), text('2G'));
    host.writeSpec('alice', 'spec: [\n');

    await rollback();

    expect(read()).toBe(text('2G'));
    expect(host.err).toContain('is no valid spec now');
  });

  it('keeps restarts and suspension as they are now, and passes over revisions that differ in nothing else', async () => {
    given(text('1G'), text('2G'));
    await runRestart(host.context, ['alice']);
    accept();
    await runSuspend(host.context, { names: ['alice'], reason: 'exam' });
    accept();

    await rollback();

    const parsed = parseSpec(read(), 'alice');
    if (parsed.kind !== 'valid') throw new Error('not valid');
    expect(parsed.document.metadata.annotations?.['hublet/restartedAt']).toMatch(/^\d{4}-/);
    expect(parsed.document.spec).toMatchObject({
      suspend: { reason: 'exam' },
      resources: { memory: { limit: '1G' } },
    });
    expect(read()).toContain('# enough');
    expect(host.out).toContain('alice rolled back to revision 1: spec.resources.memory.limit\n');
  });

  it('does not wake or stop a server by an old suspension', async () => {
    given(text('1G', '  suspend: true\n'), text('2G'));

    await rollback();

    expect(read()).toBe(text('1G'));
  });

  it('brings a deleted server back, into the source that it came from', async () => {
    given(text('1G'));
    rmSync(host.specPath('alice'));
    store.markDeleted('alice');

    expect(await rollback()).toBe(EXIT.ok);

    expect(read()).toBe(text('1G'));
    expect(host.out).toBe('alice rolled back to revision 1: its file is there again\n');
  });

  it('answers 4 for a server that nobody knows and for a revision that is not kept', async () => {
    expect(await rollback()).toBe(EXIT.notFound);
    given(text('1G'));
    await expect(rollback(7)).rejects.toThrow(refusal(EXIT.notFound));
  });

  it('answers 6 where there is nothing to go back to', async () => {
    given(text('1G'));
    await expect(rollback()).rejects.toThrow(refusal(EXIT.refused));
    expect(read()).toBe(text('1G'));
  });

  it('answers 6 where the source is away', async () => {
    given(text('1G'));
    rmSync(host.specs, { recursive: true });
    await expect(rollback()).rejects.toThrow(refusal(EXIT.refused));
  });

  it('answers 3 for a revision that this version refuses, and leaves the file', async () => {
    given(text('1G'));
    generation += 1;
    store.note({
      name: 'alice',
      generation,
      source: host.specs,
      file: { path: host.specPath('alice'), ino: 1, size: 1, mtimeNs: '1' },
      text: text('1G', '  fromThePast: 1\n'),
      canonical: '{"spec":{"fromThePast":1}}',
    });

    await expect(rollback(2)).rejects.toThrow(refusal(EXIT.invalid));
    expect(read()).toBe(text('1G'));
  });
});
