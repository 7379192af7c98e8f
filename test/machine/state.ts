import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { retryHungBoot } from './boot.ts';
import { type CacheKind, entriesOf, entryDirectory, hashOf, isCached, makeEntry, removeUnused } from './cache.ts';
import { withLock } from './lock.ts';
import { pinnedNode, productionModules } from './modules.ts';
import { cacheDirectory, projectDirectory, type Report } from './places.ts';
import { memorySize, shape } from './qemu.ts';
import { livingMachines } from './records.ts';
import { startMachine } from './start.ts';
import { cacheKinds, isOfOther, type SystemdAge } from './systemd.ts';
import { ensureTools, qemuVersion, runTool } from './tools.ts';

const run = promisify(execFile);

/** A machine that has booted and is warm, as files: its disk (changes against the image's), memory and devices. */
export interface SavedState {
  readonly directory: string;
  readonly imageDirectory: string;
  readonly disk: string;
  readonly memory: string;
  readonly devices: string;
}

const recipe = join(projectDirectory, 'test/machine/image');

function imageHash(systemd: SystemdAge): string {
  const files = readdirSync(recipe).filter((name) => name !== 'warm.sh' && !isOfOther(name, systemd));
  return hashOf(pinnedNode().version, ...files.sort().flatMap((name) => [name, readFileSync(join(recipe, name))]));
}

async function stateHash(image: string): Promise<string> {
  const warm = readFileSync(join(recipe, 'warm.sh'));
  return hashOf(image, warm, ...shape, await qemuVersion(), productionModules().fingerprint);
}

function savedState(systemd: SystemdAge, image: string, state: string): SavedState {
  const kinds = cacheKinds(systemd);
  return { imageDirectory: entryDirectory(kinds.image, image), ...filesIn(entryDirectory(kinds.state, state)) };
}

function filesIn(directory: string): Omit<SavedState, 'imageDirectory'> {
  return {
    directory,
    disk: join(directory, 'disk.qcow2'),
    memory: join(directory, 'memory'),
    devices: join(directory, 'devices'),
  };
}

/**
 * The saved state with that systemd that fits this checkout, made when it is not cached: the disk image in about a minute, the state in another.
 *
 * Each systemd has both of its own, named after all they are made of, so a change of any of it makes new ones. `force` makes them again, with Debian's newest.
 */
export async function ensureState(report: Report, systemd: SystemdAge, force = false): Promise<SavedState> {
  await ensureTools(report);
  const kinds = cacheKinds(systemd);
  const image = imageHash(systemd);
  const state = await stateHash(image);
  const isComplete = (): boolean => isCached(kinds.image, image) && isCached(kinds.state, state);
  if (!force && isComplete()) return savedState(systemd, image, state);
  const lock = join(cacheDirectory(), 'lock');
  await withLock(
    lock,
    () => report('waiting for another process that builds the test machine ...'),
    async () => {
      if (!force && isComplete()) return;
      if (force || !isCached(kinds.image, image)) {
        await timed(report, `building the disk image with the ${systemd} systemd`, () =>
          makeEntry(kinds.image, image, (directory) => buildImage(systemd, directory)),
        );
      }
      await timed(report, 'saving a booted state', () =>
        makeEntry(kinds.state, state, (directory) => bake(kinds.image, image, directory, report)),
      );
      const inUse = new Set(livingMachines().map(({ stateDirectory }) => stateDirectory));
      removeUnused(kinds.state, (directory) => inUse.has(directory));
      const images = imagesOfStates(kinds);
      removeUnused(kinds.image, (directory) => images.has(directory));
    },
  );
  return savedState(systemd, image, state);
}

async function timed(report: Report, what: string, body: () => Promise<void>): Promise<void> {
  report(`test machine: ${what} ...`);
  const startedMs = performance.now();
  await body();
  report(`test machine: ${what} took ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

async function buildImage(systemd: SystemdAge, directory: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      `the test machine's image is built as root, once: sudo HUBLET_MACHINE_CACHE=${cacheDirectory()} npm run machine -- build`,
    );
  }
  await runTool('bash', [join(recipe, 'build.sh'), directory, pinnedNode().binary, systemd]);
}

/** Boots the image once, puts hublet's modules in, warms it and saves disk, memory and devices. */
async function bake(kind: CacheKind, image: string, directory: string, report: Report): Promise<void> {
  const imageDirectory = entryDirectory(kind, image);
  const { disk, memory, devices } = filesIn(directory);
  writeFileSync(join(directory, 'image'), image);
  const { machine, qemu } = await retryHungBoot(report, async () => {
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', join(imageDirectory, 'disk.img'), '-F', 'raw', disk]);
    writeFileSync(memory, '');
    truncateSync(memory, Number.parseInt(memorySize, 10) * 2 ** 30);
    return startMachine({
      name: `bake-${process.pid}`,
      imageDirectory,
      disk,
      keepsDisk: true,
      canReboot: false,
      memory: { file: memory, shared: true },
      isOwned: true,
      stateDirectory: directory,
    });
  });
  await using _ = machine;
  const { directories, dependencies } = productionModules();
  await machine.putEntries(projectDirectory, [...directories, 'src', 'package.json'], '/opt/hublet');
  const warmed = await machine.exec(`bash -s ${dependencies.join(' ')}`, {
    input: await readFile(join(recipe, 'warm.sh')),
    timeoutMs: 900_000,
  });
  if (warmed.code !== 0) throw new Error(`warm.sh ended with ${warmed.code}: ${warmed.stdout}${warmed.stderr}`);
  if (warmed.stderr !== '') report(`test machine: ${warmed.stderr.trim()}`);
  await machine.run('sync; sleep 2; sync');
  await qemu.qmp.execute('stop');
  await qemu.qmp.migrate('migrate', `exec:cat > '${devices}'`);
  // Its disk is flushed by leaving in good order, not by a kill.
  const gone = new Promise((resolve) => qemu.process.once('close', resolve));
  await qemu.qmp.execute('quit');
  await gone;
}

/** The image directories that saved states stand on. */
function imagesOfStates({ image, state }: ReturnType<typeof cacheKinds>): ReadonlySet<string> {
  const names = entriesOf(state).map((directory) => readFileSync(join(directory, 'image'), 'utf8'));
  return new Set(names.map((name) => entryDirectory(image, name)));
}
