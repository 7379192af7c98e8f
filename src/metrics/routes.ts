import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Site } from '../page/site.ts';
import type { Sink } from '../page/stream.ts';
import { type Answer, bareAnswer, gunzipped, gzipped, textAnswer } from './answer.ts';
import { CONTENT_TYPES, type ExpositionFormat } from './exposition.ts';
import { answerHealth, type HealthCheck } from './health.ts';
import { acceptsGzip, chooseFormat } from './negotiation.ts';
import { paced } from './pace.ts';
import { reused } from './reuse.ts';

/** What there is to show. */
export interface HttpContent {
  /** One scrape, in pieces. */
  readonly render: (format: ExpositionFormat) => AsyncIterable<string>;
  /** Of /readyz: whether hublet can do its work. */
  readonly readiness: readonly HealthCheck[];
  /** Of /healthz: whether it must be restarted. */
  readonly liveness: readonly HealthCheck[];
  readonly site: Site;
}

export interface Request {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** An answer that goes on: `begin` is called once its headers are sent. False: too many have one already. */
export interface StreamAnswer {
  readonly kind: 'stream';
  readonly headers: Readonly<Record<string, string>>;
  begin(sink: Sink): boolean;
  readonly isFull: () => boolean;
}

export type RoutedAnswer = Answer | StreamAnswer;

/** The name of a file changes with its content, so that it may be kept. */
const ASSET_HEADERS = { 'cache-control': 'public, max-age=31536000, immutable' };

/** Finds the answer to a GET; an unknown path gets 404. Rejects only where the content itself can't be made. */
export function createRoutes(content: HttpContent, clock: Clock): (request: Request) => Promise<RoutedAnswer> {
  const { site } = content;
  const scrapes = {
    text: createScrape('text'),
    openmetrics: createScrape('openmetrics'),
  };
  const pace = paced(clock);

  /** Compressed while it is made: of a megabyte or two of text no more than a family is there at a time. */
  function createScrape(format: ExpositionFormat): (isGzip: boolean) => Promise<Answer> {
    const headers = { 'content-type': CONTENT_TYPES[format], vary: 'Accept, Accept-Encoding' };
    const compressed = reused(clock, () => gzipped(content.render(format)));
    const plain = reused(clock, async () => gunzipped(await compressed()));
    return async (isGzip) =>
      isGzip
        ? bareAnswer({ ...headers, 'content-encoding': 'gzip' }, await compressed())
        : bareAnswer(headers, await plain());
  }

  async function page(make: () => Promise<string | undefined>): Promise<Answer> {
    const answer = await pace(async () => {
      const text = await make();
      return text === undefined ? pageAnswer(404, site.missing()) : pageAnswer(200, text);
    });
    return answer ?? tooMany();
  }

  function pageAnswer(status: number, text: string): Answer {
    return textAnswer(status, text, 'text/html; charset=utf-8', { 'content-security-policy': site.policy });
  }

  function follow({ url, headers }: Request): StreamAnswer {
    const server = url.searchParams.get('server') ?? undefined;
    const header = headers['last-event-id'];
    const lastId = (Array.isArray(header) ? header[0] : header) ?? url.searchParams.get('since') ?? undefined;
    return {
      kind: 'stream',
      // The second is for proxies of nginx's kind, which would hold it back.
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
      isFull: () => site.isFull(),
      begin: (sink) => site.follow(server, lastId, sink),
    };
  }

  return async (request) => {
    const { url, headers } = request;
    const [, endpoint = '', only, ...deeper] = url.pathname.split('/');
    if (deeper.length > 0) return notFound();
    switch (endpoint) {
      case 'readyz':
        return health(endpoint, content.readiness, only, url);
      case 'healthz':
        return health(endpoint, content.liveness, only, url);
      case 'servers':
        return only === undefined || only === '' ? notFound() : page(() => serverPage(site, only));
      case 'assets':
        return assetAnswer(site, only ?? '');
    }
    if (only !== undefined) return notFound();
    switch (endpoint) {
      case '':
        return page(() => site.overview(url.searchParams));
      case 'events':
        return follow(request);
      case 'metrics':
        return scrapes[chooseFormat(headers.accept)](acceptsGzip(headers['accept-encoding']));
      default:
        return notFound();
    }
  };
}

async function serverPage(site: Site, encoded: string): Promise<string | undefined> {
  const name = decodeName(encoded);
  return name === undefined ? undefined : site.server(name);
}

/** Undefined: it is no percent-encoded UTF-8. */
function decodeName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function assetAnswer(site: Site, name: string): Answer {
  const asset = site.assets.find(name);
  return asset === undefined ? notFound() : textAnswer(200, asset.text, asset.contentType, ASSET_HEADERS);
}

function health(endpoint: string, checks: readonly HealthCheck[], only: string | undefined, url: URL): Answer {
  const { status, text } = answerHealth(endpoint, checks, {
    ...(only && { only }),
    isVerbose: url.searchParams.has('verbose'),
    excluded: url.searchParams.getAll('exclude'),
  });
  return textAnswer(status, text);
}

function notFound(): Answer {
  return textAnswer(404, 'not found: there are /, /servers/NAME, /metrics, /healthz and /readyz\n');
}

/** Another try makes sense soon. */
export function tooMany(): Answer {
  return textAnswer(503, 'too many ask at once: try again in a moment\n', undefined, { 'retry-after': '5' });
}
