import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import type { HostStatus } from '../../src/status/types.ts';
import { ControllerHost } from '../fakes/controllerHost.ts';
import { ControllerProcess, type ProgramEnd } from '../fakes/controllerProcess.ts';

let host: ControllerHost;
let hublet: ControllerProcess;

beforeEach(async () => {
  host = await ControllerHost.open({ clock: createSystemClock() });
  hublet = new ControllerProcess(host);
});

afterEach(async () => {
  await hublet.kill();
  await host.close();
});

describe('hublet run says in one line why it does not, and the exit code says it to scripts:', () => {
  it('a configuration that is wrong: 78, file, line and column', async () => {
    const path = join(host.root, 'wrong.yaml');
    writeFileSync(path, 'apiVersion: hublet/v1\nkind: Config\nreconcile:\n  maxStarting: many\n');
    const end = await hublet.run(['run', '--config', path]);
    expect(oneLine(end)).toMatch(/^hublet: \/.*wrong\.yaml:4:16: reconcile\.maxStarting: /);
    expect(end.code).toBe(78);
  });

  it('a configuration that is not there: 78', async () => {
    const end = await hublet.run(['run', '--config', join(host.root, 'absent.yaml')]);
    expect(oneLine(end)).toContain('absent.yaml');
    expect(end.code).toBe(78);
  });

  it('an address to listen on that means nothing: 78', async () => {
    const end = await hublet.run(['run', '--listen', 'nonsense']);
    expect(oneLine(end)).toContain('nonsense');
    expect(end.code).toBe(78);
  });

  it('no bus: 69', async () => {
    const end = await hublet.run(['run', '--once', '--timeout', '1s'], 'unix:path=/nowhere');
    expect(oneLine(end)).toMatch(/^hublet: no connection to systemd .*is this host run by systemd/);
    expect(end.code).toBe(69);
  });

  it('another one that runs: 75, and which', async () => {
    await hublet.start();
    const { pid } = statusOf();
    const end = await new ControllerProcess(host).run(['run']);
    expect(oneLine(end)).toMatch(new RegExp(`^hublet: .*already running.* ${pid} .*${host.config.lockPath}`));
    expect(end.code).toBe(75);
  });

  it('a flag that there is not: 2', async () => {
    const end = await hublet.run(['run', '--desired-sate', host.specs]);
    expect(oneLine(end)).toMatch(/^hublet: unknown option '--desired-sate'.*--desired-state/);
    expect(end.code).toBe(2);
  });

  it('a state directory that was damaged: what to do about it', async () => {
    mkdirSync(host.config.stateDirectory, { recursive: true });
    writeFileSync(join(host.config.stateDirectory, 'instance.json'), '{\n');
    const end = await hublet.run(['run']);
    expect(oneLine(end)).toMatch(/^hublet: \/.*\/instance\.json: not JSON\. .*restore it/);
    expect(end.code).toBe(1);
  });

  it('but runs without its directory of specs, and waits for it', async () => {
    renameSync(host.specs, `${host.specs}.away`);
    const child = hublet.launch();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await host.until(() => sourceReady()?.reason === 'Missing', 'the source is told of as missing');
    renameSync(`${host.specs}.away`, host.specs);
    await host.until(() => sourceReady()?.status === 'True', 'the source is ready');
    expect(await hublet.stop()).toBe(0);
    expect(said).toBe('');
  });
});

function statusOf(): HostStatus {
  return JSON.parse(readFileSync(join(host.config.runtimeDirectory, 'status.json'), 'utf8')) as HostStatus;
}

/** Undefined: there is no status yet. */
function sourceReady() {
  try {
    return statusOf().conditions.find(({ type }) => type === 'SourceReady');
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return undefined;
    throw err;
  }
}

function oneLine({ err }: ProgramEnd): string {
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  return err.trimEnd();
}
