import { type Html, html } from './html.ts';

/** Heights of drawings in their own units; the style stretches them to the size they are shown in. A small one needs no more. */
const HEIGHT = 100;
const SPARK_HEIGHT = 40;

/**
 * A small picture of how an amount went, filled down to its foot, its height the limit (or a little over its own peak).
 * Hidden from screen readers: the amount itself stands beside it. Undefined: nothing is known of it.
 */
export function sparkline(values: Float32Array | undefined, limit: number | undefined): Html | undefined {
  if (values === undefined) return undefined;
  const path = areaPath(values, scaleOf(values, limit), SPARK_HEIGHT);
  if (path === '') return undefined;
  return html`<svg class="spark" viewBox="0 0 ${values.length - 1} ${SPARK_HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><path d="${path}"/></svg>`;
}

/** How much of a limit is used, as a bar; undefined: there is none. Hidden from screen readers: the amounts stand beside it. */
export function bar(share: number | undefined): Html | undefined {
  if (share === undefined) return undefined;
  const tone = share >= 0.9 ? ' high' : share >= 0.75 ? ' warm' : '';
  return html`<svg class="bar${tone}" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${tenth(share * 100)}" height="1"/></svg>`;
}

/** A large drawing over the last hour with its limit as a line. */
export function hourChart(values: Float32Array | undefined, limit: number | undefined, label: string): Html {
  const scale = scaleOf(values ?? new Float32Array(), limit) * (limit === undefined ? 1 : 1.08);
  const path = values === undefined ? '' : areaPath(values, scale, HEIGHT);
  const width = (values?.length ?? 60) - 1;
  const limitY = limit === undefined ? undefined : tenth(HEIGHT * (1 - limit / scale));
  return html`<svg class="chart" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">${[
    1, 2, 3,
  ].map(
    (quarter) =>
      html`<path class="grid" d="M${(width * quarter) / 4} 0V${HEIGHT}"/><path class="grid" d="M0 ${(HEIGHT * quarter) / 4}H${width}"/>`,
  )}${path === '' ? undefined : html`<path class="area" d="${path}"/>`}${
    limitY === undefined ? undefined : html`<path class="limit" d="M0 ${limitY}H${width}"/>`
  }</svg>`;
}

/** Parts of a whole side by side, each in its tone. Hidden from screen readers: the numbers stand below it. */
export function stackedBar(parts: readonly { readonly tone: string; readonly amount: number }[]): Html {
  const total = parts.reduce((sum, { amount }) => sum + amount, 0);
  let from = 0;
  const rects = parts
    .filter(({ amount }) => amount > 0)
    .map(({ tone, amount }) => {
      const rect = html`<rect class="${tone}" x="${tenth((100 * from) / total)}" width="${tenth((100 * amount) / total)}" height="1"/>`;
      from += amount;
      return rect;
    });
  return html`<svg class="stack" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`;
}

function scaleOf(values: Float32Array, limit: number | undefined): number {
  if (limit !== undefined && limit > 0) return limit;
  const peak = Math.max(0, ...values.filter((value) => !Number.isNaN(value)));
  return peak > 0 ? peak * 1.25 : 1;
}

/**
 * The outline of each run of known values, closed a little below the picture, so that only its upper edge is seen.
 * Whole units and steps from point to point keep it short; level stretches are one step.
 */
function areaPath(values: Float32Array, scale: number, height: number): string {
  let path = '';
  const foot = height + 5;
  for (let at = 0; at < values.length; at += 1) {
    if (Number.isNaN(values[at])) continue;
    const first = at;
    let y = heightOf(values[at], scale, height);
    // Runs that reach the edges begin and end outside of the picture, so that no upright line stands there.
    path += first === 0 ? `M-1 ${foot}V${y}h1l` : `M${first} ${foot}V${y}l`;
    let width = 0;
    for (at += 1; at < values.length && !Number.isNaN(values[at]); at += 1) {
      const next = heightOf(values[at], scale, height);
      width += 1;
      if (next === y && at + 1 < values.length) continue;
      if (width > 1) path += `${width - 1} 0 `;
      path += `1 ${next - y} `;
      width = 0;
      y = next;
    }
    // A lone point is drawn as a short step: a line of no length is not seen.
    const rest = (at - 1 === first ? 0.5 : width) + (at === values.length ? 1 : 0);
    path += `${rest} 0V${foot}z`;
  }
  return path;
}

function heightOf(value: number | undefined, scale: number, height: number): number {
  const share = Math.min(1, Math.max(0, (value ?? 0) / scale));
  return Math.round(height * (1 - share));
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
