import { type Html, html } from './html.ts';

/** Nothing but the page's own files may load or run, nobody may frame it, and it sends nothing anywhere else. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Addresses of the page's own files, which change with their content. */
export interface AssetPaths {
  readonly style: string;
  readonly script: string;
  readonly icon: string;
}

export interface LayoutParts {
  readonly title: string;
  readonly assets: AssetPaths;
  /** Where the script listens for changes of what is shown. */
  readonly stream: string;
  readonly hostName: string;
  readonly version: string;
  readonly systemdVersion: string;
  readonly body: Html;
}

const LOGO = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><path class="spoke" d="M16 16V4M16 16L26.4 10M16 16L26.4 22M16 16V28M16 16L5.6 22M16 16L5.6 10"/><circle class="node" cx="16" cy="4" r="2.6"/><circle class="node" cx="26.4" cy="10" r="2.6"/><circle class="node" cx="26.4" cy="22" r="2.6"/><circle class="node" cx="16" cy="28" r="2.6"/><circle class="node" cx="5.6" cy="22" r="2.6"/><circle class="node" cx="5.6" cy="10" r="2.6"/><circle class="hub" cx="16" cy="16" r="5"/></svg>`;

/** A whole document. Without scripts it loads itself again every 10 s. */
export function renderLayout(parts: LayoutParts): string {
  const { assets } = parts;
  const systemd = parts.systemdVersion === '' ? 'unknown' : parts.systemdVersion;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${parts.title}</title>
<link rel="icon" href="${assets.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${assets.style}">
<script src="${assets.script}" defer></script>
<noscript><meta http-equiv="refresh" content="10"></noscript>
</head>
<body data-stream="${parts.stream}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/">${LOGO}<span>hublet</span></a>
<p class="host">${parts.hostName}</p>
<p id="live" class="live" role="status" hidden>connecting</p>
<nav aria-label="Elsewhere"><a href="/metrics">Metrics</a><a href="/readyz?verbose">Readiness</a></nav>
</header>
<main id="main">
${parts.body}
</main>
<footer class="bottom"><p>hublet ${parts.version} on systemd ${systemd}. Read only. <kbd>/</kbd> filters.</p></footer>
</body>
</html>
`.text;
}
