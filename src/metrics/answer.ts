import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gunzip, gzip } from 'node:zlib';

/** What a request gets, whoever asked and how. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body compressed, made at the first call off the loop's thread; undefined where that isn't worth it. */
  readonly gzipped: (() => Promise<Buffer>) | undefined;
}

const GZIP_FROM_BYTES = 1024;
/** Exposition text repeats itself so much that the higher levels gain a twelfth in size for twice the time. */
const GZIP_LEVEL = 1;

const compress = promisify(gzip);

export function textAnswer(
  status: number,
  text: string | Buffer,
  contentType = 'text/plain; charset=utf-8',
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = typeof text === 'string' ? Buffer.from(text) : text;
  let compressed: Promise<Buffer> | undefined;
  const gzipped = (): Promise<Buffer> => {
    compressed ??= compress(body, { level: GZIP_LEVEL });
    return compressed;
  };
  return {
    status,
    headers: { 'content-type': contentType, ...headers },
    body,
    gzipped: body.length < GZIP_FROM_BYTES ? undefined : gzipped,
  };
}

/** A body that goes out as it is. */
export function bareAnswer(headers: Readonly<Record<string, string>>, body: Buffer): Answer {
  return { status: 200, headers, body, gzipped: undefined };
}

/** UTF-8 of all pieces compressed, each as soon as it is there. */
export async function gzipped(pieces: AsyncIterable<string>): Promise<Buffer> {
  const stream = createGzip({ level: GZIP_LEVEL });
  const [compressed] = await Promise.all([buffer(stream), pipeline(pieces, stream)]);
  return compressed;
}

/** What `gzipped` compressed. */
export const gunzipped: (bytes: Buffer) => Promise<Buffer> = promisify(gunzip);
