import type { Site } from '../../src/page/site.ts';

/** Pages that nobody asks for. */
export function noSite(): Site {
  const refuse = (): never => {
    throw new Error('nobody asks for the page');
  };
  return {
    overview: refuse,
    server: refuse,
    missing: refuse,
    assets: { paths: { style: '', script: '', icon: '' }, find: () => undefined },
    policy: '',
    isFull: () => false,
    follow: refuse,
    endAll: () => undefined,
  };
}
