import { describe, expect, test } from 'vitest';
import { publicLines, publicWords } from '../../../src/page/words.ts';
import { exitMessage } from '../../../src/status/exitMessage.ts';

describe('a message for everybody', () => {
  test('has no search path, which comes from the environment', () => {
    const exit = { result: 'exit-code', code: 'exited', status: 203 } as const;
    const words = publicWords(exitMessage(exit, { bareNames: ['tool'], path: '/srv/s3cret/bin:/usr/bin' }));
    expect(words).toBe('exit code 203/EXEC: tool not found, or not executable');
  });

  test.each([
    ['/d/a.yaml:7:5: spec.environment.TOKEN: must be a text', '/d/a.yaml:7:5: spec.environment.…: must be a text'],
    ['a.yaml:7:5: spec.environment["T=s3cret"]: is empty', 'a.yaml:7:5: spec.environment.…: is empty'],
    ['a.yaml:7:5: spec.credentials["\\"s3cret"]: is empty', 'a.yaml:7:5: spec.credentials.…: is empty'],
    ['a.yaml:7:5: spec["T=s3cret"]: is not a known field', 'a.yaml:7:5: spec["T=…"]: is not a known field'],
    ['expects names of variables, not "T=s3cret"', 'expects names of variables, not "T=…"'],
    ['GET /?token=s3cret: status 403', 'GET /?token=[hidden] status 403'],
  ])('of %s is %s', (message, words) => {
    expect(publicWords(message)).toBe(words);
  });

  test('keeps its lines', () => {
    expect(publicLines('one\n\ntwo\n')).toEqual(['one', 'two']);
  });
});
