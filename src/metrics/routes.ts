import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../clock.ts';
import { type Answer, textAnswer } from './answer.ts';
import { CONTENT_TYPES, type ExpositionFormat } from './exposition.ts';
import { answerHealth, type HealthCheck } from './health.ts';
import { chooseFormat } from './negotiation.ts';
import { PAGE_POLICY, type PageData, renderPage } from './page.ts';
import { reused } from './reuse.ts';

/** What there is to show. */
export interface HttpContent {
  /** One scrape. */
  readonly render: (format: ExpositionFormat) => Promise<string>;
  /** Of /readyz: whether hublet can do its work. */
  readonly readiness: readonly HealthCheck[];
  /** Of /healthz: whether it must be restarted. */
  readonly liveness: readonly HealthCheck[];
  readonly page: () => PageData;
}

export interface Request {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** Finds the answer to a GET; an unknown path gets 404. Rejects only where the content itself can't be made. */
export function createRoutes(content: HttpContent, clock: Clock): (request: Request) => Promise<Answer> {
  const scrapes: Readonly<Record<ExpositionFormat, () => Promise<Answer>>> = {
    text: reused(clock, () => scrape('text')),
    openmetrics: reused(clock, () => scrape('openmetrics')),
  };
  const page = reused(clock, async () =>
    textAnswer(200, renderPage(content.page()), 'text/html; charset=utf-8', { 'content-security-policy': PAGE_POLICY }),
  );

  async function scrape(format: ExpositionFormat): Promise<Answer> {
    return textAnswer(200, await content.render(format), CONTENT_TYPES[format], { vary: 'Accept' });
  }

  return async ({ url, headers }) => {
    const [, endpoint = '', only, ...deeper] = url.pathname.split('/');
    if (deeper.length > 0) return notFound();
    if (endpoint === 'readyz') return health(endpoint, content.readiness, only, url);
    if (endpoint === 'healthz') return health(endpoint, content.liveness, only, url);
    if (only !== undefined) return notFound();
    if (endpoint === 'metrics') return scrapes[chooseFormat(headers.accept)]();
    return endpoint === '' ? page() : notFound();
  };
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
  return textAnswer(404, 'not found: there are /, /metrics, /healthz and /readyz\n');
}
