/** One thing that must be well. `check` returns why it isn't, in a sentence anybody on the host may read; undefined: it is. */
export interface HealthCheck {
  /** Of letters, digits and hyphens: it is a part of the path. */
  readonly name: string;
  check(): string | undefined;
}

export interface HealthAnswer {
  readonly status: 200 | 404 | 503;
  readonly text: string;
}

/**
 * The answer of `/<endpoint>` or, with `only`, of `/<endpoint>/<check>`.
 *
 * As Kubernetes words it: `ok`, or with `isVerbose` and whenever one fails a line for each check. `excluded` checks are
 * left out, as its `?exclude=NAME`, and a name there that no check has is told of. Only the status differs: 503 where
 * Kubernetes answers 500, because nothing broke, and load balancers know what that means.
 * @see https://kubernetes.io/docs/reference/using-api/health-checks/
 */
export function answerHealth(
  endpoint: string,
  checks: readonly HealthCheck[],
  wish: { readonly only?: string; readonly isVerbose: boolean; readonly excluded: readonly string[] },
): HealthAnswer {
  const asked = wish.only === undefined ? checks : checks.filter(({ name }) => name === wish.only);
  if (wish.only !== undefined && asked.length === 0) return { status: 404, text: `no such check: ${wish.only}\n` };

  let hasFailed = false;
  const lines = asked.map(({ name, check }) => {
    if (wish.excluded.includes(name)) return `[+]${name} excluded: ok`;
    const reason = reasonOf(check);
    if (reason === undefined) return `[+]${name} ok`;
    hasFailed = true;
    return `[-]${name} failed: ${reason.replaceAll(/\s+/g, ' ')}`;
  });
  const unknown = wish.excluded.filter((name) => !asked.some((check) => check.name === name));
  if (unknown.length > 0)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.join(', ')}`);
  if (!hasFailed && !wish.isVerbose) return { status: 200, text: 'ok\n' };
  lines.push(`${endpoint} check ${hasFailed ? 'failed' : 'passed'}`);
  return { status: hasFailed ? 503 : 200, text: `${lines.join('\n')}\n` };
}

/** A check that breaks is a check that fails, and says why it broke. */
function reasonOf(check: HealthCheck['check']): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? `the check broke: ${error.message}` : 'the check broke';
  }
}
