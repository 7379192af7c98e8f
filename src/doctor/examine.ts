/** Judges whether hublet will work on a machine, by facts that were read of it: what is there, what a lack costs, what to do. */
import { judgeCpuLimit, judgeCpuShares, judgePressure, judgeSwap } from './accounting.ts';
import { judgeControllers, judgeHierarchy } from './cgroup.ts';
import { judgeConfiguration, judgePlace } from './directories.ts';
import type { HostFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { judgeFiles, judgeInotify } from './limits.ts';
import { judgeBus, judgeLinger, judgeRights, judgeSystemd } from './manager.ts';
import { judgeNamespaces, judgeNode, judgePrograms } from './programs.ts';
import { judgeClock, judgeHttp, judgeJournal, judgePorts } from './surroundings.ts';

/** One finding for each thing that was looked at, always in the same order: what others depend on comes first. */
export function examine(facts: HostFacts): readonly Finding[] {
  const { who, manager, cgroup, kernel, limits } = facts;
  const findings = [
    judgeNode(facts.nodeVersion),
    judgeSystemd(manager),
    judgeBus(manager, who),
    judgeRights(who),
    judgeLinger(manager, who),
    judgeHierarchy(cgroup),
    judgeControllers(cgroup, who),
    judgeCpuLimit(cgroup, kernel),
    judgeCpuShares(cgroup, kernel),
    judgeSwap(cgroup, kernel),
    judgePressure(kernel),
    judgeNamespaces(kernel, who),
    judgeInotify(limits),
    judgeFiles(limits, who),
    judgePrograms(facts.missingPrograms, who),
    judgeJournal(facts.journal, who),
    judgeClock(facts.clock),
    judgeConfiguration(facts.configuration),
    ...facts.places.map((place) => judgePlace(place, who)),
    judgeHttp(facts.http, who),
    judgePorts(facts.ports),
  ];
  return findings.filter((finding) => finding !== undefined);
}
