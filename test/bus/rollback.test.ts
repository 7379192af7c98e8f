import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { readRevisions } from '../../src/store/revisionReader.ts';
import { ControllerHost } from '../fakes/controllerHost.ts';
import { ControllerProcess } from '../fakes/controllerProcess.ts';

/** An account that every system has, in a group of the same number. */
const ACCOUNT = 'nobody';

let host: ControllerHost;
let hublet: ControllerProcess;

beforeEach(async () => {
  host = await ControllerHost.open({ clock: createSystemClock() });
  hublet = new ControllerProcess(host);
  await hublet.start();
});

afterEach(async () => {
  await hublet.kill();
  await host.close();
});

const text = (tasks: number, token = 'abc') => `# the server of alice
apiVersion: hublet/v1
kind: Server
metadata: {name: alice}
spec:
  user: ${ACCOUNT}
  command: [/usr/bin/sleep, infinity]
  environment: {TOKEN: ${token}}
  resources: {tasks: ${tasks}}   # as agreed
`;

const tasksMax = () => Number(host.unit('alice')?.properties.TasksMax);

async function put(tasks: number, token?: string): Promise<void> {
  host.put('alice', text(tasks, token));
  await host.until(() => tasksMax() === tasks, `${tasks} tasks are in force`);
  // Written a moment after it was accepted.
  const kept = () => readRevisions(host.config.stateDirectory, 'alice').revisions;
  await host.until(() => kept().at(-1)?.text === text(tasks, token), 'its revision is kept');
}

describe('a spec that was wrong', () => {
  it('is undone by one command, on the running server, with its comments', async () => {
    await put(100);
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');
    await put(200);

    const history = await hublet.run(['history', 'alice']);
    expect(history).toMatchObject({ code: 0, err: '' });
    expect(history.out).toMatch(/^2 .*spec\.resources\.tasks/m);

    const dry = await hublet.run(['rollback', 'alice', '--dry-run']);
    expect(dry.out).toContain('spec.resources.tasks: 200 -> 100');
    expect(host.text('alice')).toBe(text(200));

    expect(await hublet.run(['rollback', 'alice'])).toMatchObject({ code: 0, err: '' });
    await host.until(() => tasksMax() === 100, 'the old limit is in force');
    expect(host.text('alice')).toBe(text(100));
    expect(host.invocation('alice')).toBe(before);
    expect((await hublet.run(['history', 'alice'])).out).toMatch(/^3 .*as 1 was: spec\.resources\.tasks/m);
  });

  it('and that no longer parses is undone too, while its server runs on', async () => {
    await put(100);
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');
    host.put('alice', 'kind: Server\nspec: [\n');
    await host.until(() => host.condition('alice', 'Accepted')?.status === 'False', 'it is refused');

    expect((await hublet.run(['rollback', 'alice'])).code).toBe(0);
    await host.until(() => host.condition('alice', 'Accepted')?.status === 'True', 'it is good again');
    expect(host.text('alice')).toBe(text(100));
    expect(host.invocation('alice')).toBe(before);
  });

  it('never shows a value of its environment, and keeps five revisions over crashes of the controller', async () => {
    for (const tasks of [100, 110, 120, 130]) await put(tasks, `s3cret${tasks}`);
    await hublet.kill();
    await hublet.start();
    for (const tasks of [140, 150, 160]) await put(tasks, `s3cret${tasks}`);
    await hublet.kill();

    const { code, out } = await hublet.run(['history', 'alice', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).revisions.map(({ revision }: { revision: number }) => revision)).toEqual([3, 4, 5, 6, 7]);
    const shown = [out, (await hublet.run(['history', 'alice'])).out];
    shown.push((await hublet.run(['rollback', 'alice', '--to', '3', '--dry-run'])).out);
    expect(shown.join('')).toContain('spec.environment.TOKEN');
    expect(shown.join('')).not.toContain('s3cret');
    expect((await hublet.run(['rollback', 'alice', '--to', '2'])).code).toBe(4);
  });

  it('and a server that was deleted by mistake is brought back, as a new revision of the old', async () => {
    await put(100);
    await host.untilPhase('alice', 'Ready');
    expect((await hublet.run(['delete', 'alice', '--wait'])).code).toBe(0);
    expect(host.fake.units()).toEqual([]);

    const history = await hublet.run(['history', 'alice']);
    expect(history.err).toContain("'hublet rollback alice' writes its file again");
    expect((await hublet.run(['rollback', 'alice'])).code).toBe(0);
    await host.untilPhase('alice', 'Ready');
    expect(host.text('alice')).toBe(text(100));
    expect((await hublet.run(['history', 'alice'])).out).toMatch(/^2 .*nothing, written anew/m);
    expect((await hublet.run(['rollback', 'nobody'])).code).toBe(4);
  });
});
