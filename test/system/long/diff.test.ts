import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHublet } from '../../machine/hublet.ts';
import { boot, type Machine } from '../../machine/machine.ts';
import { projectDirectory } from '../../machine/places.ts';
import { awaitPhase, desiredState } from '../../machine/servers.ts';

const EXAMPLES = readdirSync(join(projectDirectory, 'desired-state/examples'))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => basename(file, '.yaml'));

/** Stand-ins for programs that the machine doesn't have: they listen where the arguments say. */
const RSERVER = `#!/usr/bin/python3
import socket, sys, time
path = next(one.split("=", 1)[1] for one in sys.argv if one.startswith("--www-socket="))
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
time.sleep(1e6)
`;
const CODE_SERVER = `#!/usr/bin/python3
import http.server, sys
place = next(one.split("=", 1)[1] for one in sys.argv if one.startswith("--bind-addr="))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 302)
        self.end_headers()
host, port = place.split(":")
http.server.HTTPServer((host, int(port)), Answer).serve_forever()
`;

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine, { start: true });
  await machine.put({ files: { rserver: RSERVER, 'code-server': CODE_SERVER } }, '/opt/stand-ins');
  await machine.run(
    [
      'install -D -m 755 /opt/stand-ins/rserver /usr/lib/rstudio-server/bin/rserver',
      'install -d -o bob -g bob /home/bob/.local /home/bob/.local/bin',
      'install -o bob -g bob -m 755 /opt/stand-ins/code-server /home/bob/.local/bin/code-server',
      'install -d -o alice -g alice -m 700 /home/alice/.jupyter',
      'echo sesame > /home/alice/.jupyter/token',
      'chown alice: /home/alice/.jupyter/token; chmod 600 /home/alice/.jupyter/token',
      'mkdir -p /opt/datasets',
      `install -m 640 /opt/hublet/desired-state/examples/*.yaml ${desiredState}/`,
    ].join(' && '),
  );
});

afterAll(() => machine?.kill());

describe('each example', () => {
  it('is Ready as it is', async () => {
    const statuses = await awaitPhase(machine, EXAMPLES, 'Ready', 280_000);

    expect(statuses).toHaveLength(EXAMPLES.length);
  });
});

describe('hublet diff', () => {
  it('says nothing of servers that run as they were asked for', async () => {
    expect(await machine.exec('hublet diff')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('finds every property of the examples as it was sent, where only systemd can tell', async () => {
    // Without the key of the installation no hash can stand for the properties.
    expect(await machine.exec('hublet diff --state-dir /run/nowhere')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('tells a change for the running server from one that needs a restart, and shows no variable', async () => {
    await machine.run(
      `sed -e 's/limit: 2G/limit: 3G/' -e 's/tasks: 500/tasks: 400/' -e 's/protectProc: invisible/protectProc: default/' -e 's/^  environment:/&\\n    SECRET: sesame-canary/' ${desiredState}/jupyter.yaml > /root/jupyter.yaml`,
    );

    const { code, stdout, stderr } = await machine.exec('hublet diff -f /root/jupyter.yaml');

    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, '   '))).toEqual([
      'jupyter',
      'spec.resources.memory.limit: 2G -> 3G   live',
      'spec.resources.tasks: 500 -> 400   live',
      'spec.sandbox.protectProc: invisible -> default   needs restart',
      'spec.environment.SECRET: changed   needs restart',
      '',
    ]);
  });

  it('names who would be started and who would be stopped', async () => {
    await machine.run('systemctl stop hublet.service');
    await machine.run(
      `mv ${desiredState}/daemon.yaml /root/ && cp /opt/hublet/desired-state/bob.yaml ${desiredState}/`,
    );

    const { code, stdout } = await machine.exec('hublet diff');

    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: '+ bob   would start\n- daemon   would be stopped: no spec asks for it\n',
    });
  });

  it('is not for everybody', async () => {
    const { code, stdout } = await machine.exec('hublet --system diff', { user: 'alice' });

    expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
  });
});

describe('on a host', () => {
  it('explain, schema and completion need nothing but hublet itself', async () => {
    expect(await machine.run('hublet explain spec.resources.memory', { user: 'alice' })).toMatch(/^ {2}limit +size/m);
    expect(JSON.parse(await machine.run('hublet schema config', { user: 'alice' }))).toHaveProperty('properties.pools');
    const words = 'COMP_WORDS=(hublet describe jup); COMP_CWORD=2; _hublet; echo "$COMPREPLY"';
    expect(await machine.run(`source <(hublet completion bash); ${words}`)).toBe('jupyter\n');
  });
});
