import { posix } from 'node:path';
import { destinationProblem } from '../spec/binds.ts';
import { deviceProblem } from '../spec/devices.ts';
import { optionalUnitPathProblem, unitPathProblem } from '../spec/paths.ts';
import type { BindMount, IoLimits, Sandbox } from '../spec/types.ts';
import { type Expander, expandedPath, type FieldRule } from './fields.ts';

const optionalPath = expandedPath(optionalUnitPathProblem);
const unitPath = expandedPath(unitPathProblem);

/** The sandbox with its templates expanded. @throws {FieldRefusal} */
export function expandSandbox(sandbox: Sandbox, field: Expander): Sandbox {
  const at = (name: string) => `spec.sandbox.${name}`;
  const { inaccessiblePaths, bindPaths, bindReadOnlyPaths, deviceAllow } = sandbox;
  const binds = (name: string, mounts: readonly BindMount[]) =>
    mounts.map((mount, index) => expandBind(mount, `${at(name)}[${index}]`, field));
  return {
    ...sandbox,
    readOnlyPaths: expandList(at('readOnlyPaths'), sandbox.readOnlyPaths, field, optionalPath),
    readWritePaths: expandList(at('readWritePaths'), sandbox.readWritePaths, field, optionalPath),
    ...(inaccessiblePaths === undefined
      ? {}
      : { inaccessiblePaths: expandList(at('inaccessiblePaths'), inaccessiblePaths, field, optionalPath) }),
    ...(bindPaths === undefined ? {} : { bindPaths: binds('bindPaths', bindPaths) }),
    ...(bindReadOnlyPaths === undefined ? {} : { bindReadOnlyPaths: binds('bindReadOnlyPaths', bindReadOnlyPaths) }),
    ...(deviceAllow === undefined
      ? {}
      : {
          deviceAllow: deviceAllow.map(({ device, access }, index) => ({
            device: expandDevice(device, `${at('deviceAllow')}[${index}]`, field),
            access,
          })),
        }),
  };
}

/** Limits by path with the templates in the paths expanded. @throws {FieldRefusal} */
export function expandIo(io: IoLimits, field: Expander): IoLimits {
  const byPath = (name: string, limits: Readonly<Record<string, number>> | undefined) =>
    limits === undefined
      ? {}
      : {
          [name]: Object.fromEntries(
            Object.entries(limits).map(([path, limit]) => [
              normalised(field(`spec.resources.io.${name}`, path, unitPath)),
              limit,
            ]),
          ),
        };
  return {
    ...io,
    ...byPath('readBytesPerSecond', io.readBytesPerSecond),
    ...byPath('writeBytesPerSecond', io.writeBytesPerSecond),
    ...byPath('readIops', io.readIops),
    ...byPath('writeIops', io.writeIops),
  };
}

/** Each text of a list expanded and judged. @throws {FieldRefusal} */
export function expandList(path: string, texts: readonly string[], field: Expander, rule?: FieldRule): string[] {
  return texts.map((text, index) => field(`${path}[${index}]`, text, rule));
}

function expandBind(mount: BindMount, path: string, field: Expander): BindMount {
  return {
    ...mount,
    source: normalised(field(path, mount.source, unitPath)),
    destination: normalised(field(path, mount.destination, expandedPath(destinationProblem))),
  };
}

function expandDevice(device: string, path: string, field: Expander): string {
  const expanded = field(path, device, expandedPath(deviceProblem));
  return expanded.startsWith('/') ? normalised(expanded) : expanded;
}

/** Without doubled slashes and one at the end: systemd refuses such a path here, or reports it otherwise than it was given. */
function normalised(path: string): string {
  return path === '/' ? path : posix.normalize(path).replace(/(?<=.)\/$/, '');
}
