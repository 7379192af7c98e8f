import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSite } from '../../../src/page/site.ts';
import type { PageSnapshot } from '../../../src/page/types.ts';
import { metricsSnapshot } from '../../../src/reconciler/metricsView.ts';
import { pageSnapshot } from '../../../src/reconciler/pageView.ts';
import { UsageRecorder } from '../../../src/reconciler/usageRecorder.ts';
import { parseSpec } from '../../../src/spec/parse.ts';
import { formatProblem } from '../../../src/spec/problems.ts';
import { serverFields } from '../../arbitraries/server.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { World } from '../../fakes/world.ts';
import { exampleSnapshot } from '../../page/example.ts';

const MARKER = 's3cretM4rker';

/** Every page there is, and what is sent to readers who follow them. */
async function everything(snapshot: PageSnapshot): Promise<string> {
  const site = createSite({ clock: new FakeClock(), log: new FakeLog(), snapshot: () => snapshot });
  const pages = [await site.overview(new URLSearchParams())];
  for (const { name } of snapshot.servers) pages.push((await site.server(name)) ?? '');
  site.endAll();
  return pages.join('\n');
}

function snapshotOf(world: World): PageSnapshot {
  const ports = world.loopPorts;
  const metrics = metricsSnapshot(world.loop.entries.values(), ports, {
    ends: world.loop.ends,
    queueDepth: 0,
    busLostMs: 0,
    pools: [],
    config: { isGood: true, loadedAtMs: 0 },
  });
  const host = { name: 'host', version: '0', memoryBytes: 1, cpuCount: 1 };
  return pageSnapshot(ports, { metrics, entries: world.loop.entries, usage: new UsageRecorder(), host });
}

test('no environment, argument, credential or log line of a server is on any page, whatever becomes of it', async () => {
  const fate = fc.constantFrom('runs', 'crashes', 'not-found', 'killed', 'denied');
  await fc.assert(
    fc.asyncProperty(serverFields(), fate, async (fields, becomes) => {
      const world = new World();
      world.journal = { lines: [`log line ${MARKER}`] };
      world.source.put('alice', {
        resources: fields.resources,
        sandbox: fields.sandbox,
        user: becomes === 'denied' ? 'nobody-knows' : 'alice',
        command: ['tool', `--token=${MARKER}`, MARKER],
        preStart: [['prepare', MARKER]],
        postStop: [['clean', MARKER]],
        environment: { ...fields.environment, SECRET: MARKER, PATH: `/opt/${MARKER}/bin` },
        probes: {
          readiness: { http: { path: '/', headers: { Authorization: MARKER } } },
          liveness: { exec: { command: ['check', MARKER] } },
        },
      });
      if (becomes === 'crashes') world.systemd.startOutcome.set('hublet-alice.service', { execMainStatus: 1 });
      if (becomes === 'not-found') world.systemd.startOutcome.set('hublet-alice.service', { execMainStatus: 203 });
      if (becomes === 'killed')
        world.systemd.startOutcome.set('hublet-alice.service', { execMainCode: 2, execMainStatus: 9 });
      await world.start();
      const text = await everything(snapshotOf(world));
      await world.kill();
      expect(text).toContain('alice');
      expect(text).not.toContain(MARKER);
    }),
    { numRuns: 60 },
  );
});

/** Files with secrets in the right places, each of which somebody gets wrong. */
const FILE = `apiVersion: hublet/v1
kind: Server
metadata:
  name: alice
spec:
  user: alice
  command: [/usr/bin/tool, "--token=${MARKER}", ${MARKER}]
  environment:
    SECRET: "${MARKER}"
    OTHER: '${MARKER}'
  credentials: {key: /etc/${MARKER}}
  probes:
    readiness: {http: {path: /, headers: {Authorization: "${MARKER}"}}}
  unitProperties:
    SetLoginEnvironment: "${MARKER}"
    UnsetEnvironment: "SECRET=${MARKER} 1"
`;
const SLIPS: readonly (readonly [what: string, from: string | RegExp, to: string])[] = [
  ['a list for a mapping', /environment:\n.*\n.*\n/, `environment: [SECRET=${MARKER}]\n`],
  ['an assignment for a mapping', /environment:\n.*\n.*\n/, `environment: SECRET=${MARKER}\n`],
  ['an assignment as a name', /environment:\n.*\n.*\n/, `environment: {SECRET=${MARKER}}\n`],
  ['an assignment as a name of a block', /environment:\n.*\n.*\n/, `environment:\n    SECRET=${MARKER}:\n`],
  ['an assignment among the fields', '  user: alice\n', `  user: alice\n  SECRET=${MARKER}:\n`],
  ['a number for a text', `"${MARKER}"`, '12'],
  ['a mapping for a text', `SECRET: "${MARKER}"`, `SECRET: {a: "${MARKER}"}`],
  ['a text for a list', /command: .*\n/, `command: "tool ${MARKER}"\n`],
  ['a mapping for a list', /command: .*\n/, `command: {tool: ${MARKER}}\n`],
  ['a missing quote', `SECRET: "${MARKER}"`, `SECRET: "${MARKER}`],
  ['two colons', `SECRET: "${MARKER}"`, `SECRET: a: ${MARKER}`],
  ['an alias', `SECRET: "${MARKER}"`, `SECRET: *${MARKER}`],
  ['a tag', `SECRET: "${MARKER}"`, `SECRET: !${MARKER} x`],
  ['a control character', `"${MARKER}"`, `"${MARKER}\\u0000"`],
  ['a wrong indentation', `    SECRET: "${MARKER}"`, `   SECRET: "${MARKER}"`],
  ['a template that is none', `"${MARKER}"`, `"{${MARKER}}"`],
];

function pageOf(text: string): Promise<string> {
  const parsed = parseSpec(text, 'alice');
  const problems = parsed.kind === 'invalid' ? parsed.problems : parsed.kind === 'incomplete' ? [parsed.problem] : [];
  const message = problems.map((problem) => formatProblem('/etc/specs/alice.yaml', problem)).join('\n');
  const example = exampleSnapshot();
  const [server] = example.servers;
  if (server === undefined) throw new Error('the example has no servers');
  const condition = { observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00.000Z' };
  const event = {
    at: '2026-01-01T00:00:00.000Z',
    server: 'alice',
    type: 'Warning',
    reason: 'SpecRejected',
    message,
    count: 1,
  } as const;
  return everything({
    ...example,
    servers: [
      {
        ...server,
        name: 'alice',
        event,
        conditions: [{ ...condition, type: 'Accepted', status: 'False', reason: 'SchemaError', message }],
      },
    ],
    events: [event],
  });
}

test.each(SLIPS)('what is said of a file with %s has no value of it', async (_what, from, to) => {
  const text = FILE.replace(from, to);
  expect(text).not.toBe(FILE);
  expect(await pageOf(text)).not.toContain(MARKER);
});

test('what is said of a file that is cut off or damaged anywhere has no value of it', async () => {
  const damage = fc.tuple(
    fc.nat(FILE.length),
    fc.constantFrom('', '"', "'", ':', ' ', '\n', '\t', '{', '[', '*', '&', '!', '#'),
    fc.boolean(),
  );
  await fc.assert(
    fc.asyncProperty(damage, async ([at, character, isCut]) => {
      expect(await pageOf(FILE.slice(0, at) + character + (isCut ? '' : FILE.slice(at)))).not.toContain(MARKER);
    }),
    { numRuns: 200 },
  );
});
