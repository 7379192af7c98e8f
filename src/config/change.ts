/** What another configuration changes. Pure. */
import { canonicalJson } from '../spec/canonical.ts';
import type { Config } from './types.ts';

/** The new configuration with the old objects for profiles and policies that are as they were: others compare objects. */
export function adoptUnchanged(before: Config, after: Config): Config {
  const adopt = <T>(old: T | undefined, fresh: T): T =>
    old !== undefined && canonicalJson(old) === canonicalJson(fresh) ? old : fresh;
  const profiles = Object.entries(after.profiles).map(([name, profile]) => [
    name,
    adopt(Object.hasOwn(before.profiles, name) ? before.profiles[name] : undefined, profile),
  ]);
  const sources = after.sources.map((source) => {
    const old = before.sources.find(({ path }) => path === source.path);
    return { ...source, policy: adopt(old?.policy, source.policy) };
  });
  return { ...after, profiles: Object.fromEntries(profiles), sources };
}

/** Fields whose new values can't take effect in a controller that runs, and were others when it was started. */
export function restartNeeds(started: Config, now: Config): string[] {
  const owners = now.sources.flatMap(({ path, ownerUid }, index) => {
    const old = started.sources.find((source) => source.path === path);
    return old === undefined || old.ownerUid === ownerUid ? [] : [`sources[${index}].owner`];
  });
  return [...(started.metrics.listen === now.metrics.listen ? [] : ['metrics.listen']), ...owners];
}

/** Whether servers may be affected that neither profile nor policy tells of. */
export function concernsAll(before: Config, after: Config): boolean {
  const rest = ({ pools, defaultPool, ports, drift }: Config) =>
    canonicalJson({ pools: [...pools], defaultPool: defaultPool ?? null, ports, drift });
  return rest(before) !== rest(after);
}
