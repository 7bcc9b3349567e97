// All that looks on while a run goes, beside the checks at rest (checks.ts): set up once, before the cluster starts.
import type { SimCluster } from '../cluster.ts';
import type { Witness } from '../witness.ts';
import { NameNodeWatch } from './namenode.ts';
import { NameNodeDiskWatch } from './namenode-disk.ts';
import { checkNamespace } from './namespace.ts';
import { watchUnlinks } from './unlinks.ts';

/** Looking over everything costs; a period of the namespace's is as long as a few hundred ops. */
const PERIOD_MS = 2_000;
const CORRUPT_PERIOD_MS = 250;

export function watchPredicates(cluster: SimCluster, witness: Witness): NameNodeWatch {
  const { scheduler } = cluster.simulation;
  const nameNode = new NameNodeWatch(cluster);
  watchUnlinks(cluster, witness, nameNode.deletions);
  const disk = new NameNodeDiskWatch(cluster, witness);
  const bad = new Set<string>();
  const lookOver = (): void => {
    scheduler.after(PERIOD_MS, undefined, 'look over', lookOver);
    const system = cluster.nameNode.running?.system;
    if (system !== undefined) checkNamespace(system.namespace, cluster.violations);
    disk.check();
  };
  const lookForCorrupt = (): void => {
    scheduler.after(CORRUPT_PERIOD_MS, undefined, 'look over', lookForCorrupt);
    nameNode.checkCorrupt(bad);
  };
  lookOver();
  lookForCorrupt();
  return nameNode;
}
