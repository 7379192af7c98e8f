import { defineConfig } from 'vitest/config';

/** By default one is left out, which is half of a small computer. */
const maxWorkers = '100%';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/model/**/*.test.ts'],
          // No test measures time; properties with many examples take long on a busy computer.
          testTimeout: 60_000,
          maxWorkers,
          // Not 0: projects of that group whose workers come down to one are run last of all.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'bus',
          include: ['test/bus/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'prometheus',
          include: ['test/prometheus/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'page',
          include: ['test/page/**/*.test.ts'],
          globalSetup: ['test/page/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/*.test.ts'],
          globalSetup: ['test/machine/setup.ts'],
          // Everything in the machine runs about ten times slower than outside it.
          testTimeout: 300_000,
          hookTimeout: 600_000,
          // Two machines at once: one mostly waits, for a boot, a limit or a timer, and a third would only slow both down.
          maxWorkers: 2,
          // Alone, when the quick ones are done: it needs all of a small computer.
          sequence: { groupOrder: 3 },
        },
      },
      {
        // What takes long by its nature: real idleness, clocks, hundreds of servers, random trouble. `npm run test:long`.
        test: {
          name: 'long',
          include: ['test/system/long/*.test.ts'],
          globalSetup: ['test/machine/setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
