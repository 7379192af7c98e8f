import { createSystemClock } from '../../src/clock.ts';
import { createHttpServer, type HttpServer } from '../../src/metrics/http.ts';
import { createSite } from '../../src/page/site.ts';
import type { PageSnapshot } from '../../src/page/types.ts';
import { FakeLog } from '../fakes/log.ts';
import { exampleSnapshot } from './example.ts';

/** hublet's HTTP server with made-up content, which may change while somebody looks. */
export class ExampleServer {
  readonly address: string;
  readonly #http: HttpServer;
  readonly #shown: { snapshot: PageSnapshot };

  private constructor(http: HttpServer, address: string, shown: { snapshot: PageSnapshot }) {
    this.#http = http;
    this.address = address;
    this.#shown = shown;
  }

  static async start(snapshot: PageSnapshot = exampleSnapshot()): Promise<ExampleServer> {
    const clock = createSystemClock();
    const log = new FakeLog();
    const shown = { snapshot };
    const http = createHttpServer({
      clock,
      log,
      render: async function* () {
        yield '# EOF\n';
      },
      readiness: [],
      liveness: [],
      site: createSite({ clock, log, snapshot: () => shown.snapshot }),
    });
    const result = await http.start('127.0.0.1:0');
    if (result.kind === 'failed') throw new Error(result.message);
    return new ExampleServer(http, `http://${result.address}`, shown);
  }

  show(change: (before: PageSnapshot) => PageSnapshot): void {
    this.#shown.snapshot = change(this.#shown.snapshot);
  }

  async stop(): Promise<void> {
    await this.#http.stop();
  }
}
