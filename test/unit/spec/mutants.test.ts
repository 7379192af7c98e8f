import { describe, expect, it } from 'vitest';
import { MAX_DOCUMENT_BYTES } from '../../../src/spec/document.ts';
import { parseSpec } from '../../../src/spec/parse.ts';
import { formatProblem } from '../../../src/spec/problems.ts';
import type { Problem } from '../../../src/spec/types.ts';
import { bombs } from '../../arbitraries/bombs.ts';
import { mutate } from '../../arbitraries/mutants.ts';
import { throwDice } from '../../machine/dice.ts';

/** Told to nobody: values of variables and arguments. */
const secret = '+hunter2';
const text = `# alice's notebook
apiVersion: hublet/v1
kind: Server
metadata:
  name: alice
  labels: {team: physics}
spec:
  command: [/usr/bin/jupyter, lab, "--token=${secret}", "--port={PORT}"]
  user: alice
  environment:
    TOKEN: ${secret}
    OTHER: "a ${secret}"
  resources: {memory: {limit: 4G, high: 3G}, cpu: {limit: 1.5, cpus: "0-3"}}
  sandbox: {privateTmp: true, readOnlyPaths: [/srv/data], capabilities: [CAP_KILL]}
  probes:
    readiness: {http: {path: /api, headers: {Authorization: "token ${secret}"}}}
  restartPolicy: Always
`;
const codes = ['Incomplete', 'ParseError', 'SchemaError', 'UnknownField', 'NotInThisVersion', 'TooLarge'];
/** More of them: HUBLET_MUTANTS. */
const count = Number(process.env.HUBLET_MUTANTS ?? 2_000);

describe('mutated specs', () => {
  it(`are taken, or refused with a reason and a place, and tell no secret: ${count} of them`, {
    timeout: 300_000,
  }, () => {
    const dice = throwDice('mutated specs', 514_734_812);
    const kinds = { valid: 0, incomplete: 0, invalid: 0 };
    for (let at = 0; at < count; at += 1) {
      const { how, bytes } = mutate(text, dice);
      kinds[judge(bytes.toString(), `mutant ${at}: ${how}`)] += 1;
    }
    // Otherwise they are too harmless, or too wild, to show anything.
    for (const kind of ['valid', 'incomplete', 'invalid'] as const) expect(kinds[kind]).toBeGreaterThan(count / 50);
  });

  it.each(bombs.map((bomb, at) => [at, bomb] as const))('bomb %i does not go off', (at, bomb) => {
    const mutant = bomb(text);
    judge(mutant, `bomb ${at}`);
    expect(parseSpec(mutant, 'alice'), 'once more').toEqual(parseSpec(mutant, 'alice'));
  });
});

function judge(mutant: string, what: string): 'valid' | 'incomplete' | 'invalid' {
  const parsed = parseSpec(mutant, 'alice');
  if (parsed.kind === 'valid') expect(Buffer.byteLength(mutant), what).toBeLessThanOrEqual(MAX_DOCUMENT_BYTES);
  const problems = parsed.kind === 'valid' ? [] : parsed.kind === 'invalid' ? parsed.problems : [parsed.problem];
  expect(problems.length, what).toBeLessThanOrEqual(26);
  const lines = mutant.split(/\r\n|\n|\r/).length;
  for (const problem of problems) expectExplained(problem, lines, what);
  return parsed.kind;
}

function expectExplained(problem: Problem, lines: number, what: string): void {
  const words = formatProblem('alice.yaml', problem);
  expect(codes, what).toContain(problem.code);
  expect(words, what).toMatch(/^alice\.yaml:\d+:\d+: ./);
  expect(words.length, `${what}: ${words}`).toBeLessThan(1_500);
  expect(words, what).not.toMatch(/\n|\0|node_modules|\.ts:|TypeError|RangeError|undefined|\[object/);
  expect(words, what).not.toContain(secret);
  expect(problem.line, what).toBeGreaterThan(0);
  expect(problem.line, what).toBeLessThanOrEqual(lines);
  expect(problem.column, what).toBeGreaterThan(0);
}
