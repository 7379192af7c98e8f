import { describe, expect, it } from 'vitest';
import { HungBoot, isHung, retryHungBoot } from '../../machine/boot.ts';

const lockup = (seconds: number) =>
  `[   48.530613] watchdog: BUG: soft lockup - CPU#0 stuck for ${seconds}s! [busybox:100]\r\n`;

describe('a boot that hangs', () => {
  it('is one whose kernel misses a processor for a minute', () => {
    expect(
      isHung(`[   23.358927] rcu: INFO: rcu_preempt self-detected stall on CPU\r\n${lockup(45)}${lockup(71)}`),
    ).toBe(true);
  });

  it('is not one of a host that was slow for a while', () => {
    expect(isHung('')).toBe(false);
    expect(isHung(`${lockup(23)}${lockup(45)}`)).toBe(false);
  });

  it('is done again, and told of', async () => {
    const told: string[] = [];
    let boots = 0;

    const booted = await retryHungBoot(
      (line) => told.push(line),
      async () => {
        boots += 1;
        if (boots < 3) throw new HungBoot(`hangs ${boots}`);
        return 'booted';
      },
    );

    expect([booted, told]).toEqual([
      'booted',
      ['test machine: once more: hangs 1', 'test machine: once more: hangs 2'],
    ]);
  });

  it('fails when it hangs each time, and at once for any other reason', async () => {
    for (const [err, expected] of [
      [new HungBoot('hangs'), 3],
      [new Error('no disk'), 1],
    ] as const) {
      let boots = 0;
      const boot = (): Promise<never> => {
        boots += 1;
        return Promise.reject(err);
      };
      await expect(retryHungBoot(() => undefined, boot)).rejects.toBe(err);
      expect(boots).toBe(expected);
    }
  });
});
