// All that looks on while a run goes, beside the checks at rest (checks.ts): set up once, before the cluster starts.
import type { BlockId } from '../../src/base/ids.ts';
import type { SimCluster } from '../cluster.ts';
import type { Ledger } from '../ledger.ts';
import type { Witness } from '../witness.ts';
import { watchClocks } from './clocks.ts';
import { watchDataNodeStarts } from './datanode-start.ts';
import { checkFlushed } from './flushed.ts';
import { watchLeaving } from './leaving.ts';
import { watchLogStarts } from './log-start.ts';
import { NameNodeWatch } from './namenode.ts';
import { NameNodeDiskWatch } from './namenode-disk.ts';
import { checkNamespace } from './namespace.ts';
import { shownByAll } from './shown.ts';
import { watchLeases } from './thief.ts';
import { watchTurns } from './turns.ts';
import { watchUnlinks } from './unlinks.ts';

/** Looking over everything costs; a period of the namespace's is as long as a few hundred ops. */
const PERIOD_MS = 2_000;
const CORRUPT_PERIOD_MS = 250;

/** `flushLookEvery`: one acknowledged flush in so many is looked for on the disks. */
export function watchPredicates(cluster: SimCluster, witness: Witness, ledger: Ledger, flushLookEvery: number): NameNodeWatch {
  const { scheduler } = cluster.simulation;
  const nameNode = new NameNodeWatch(cluster, (id) => {
    const owner = witness.model().ownerOf(id);
    const file = owner === undefined ? undefined : ledger.byCreatePath.get(owner.createPath);
    if (owner === undefined || file === undefined) return undefined;
    const before = owner.blocks.slice(
      0,
      owner.blocks.findIndex((block) => block.id === id),
    );
    return { file, offset: before.reduce((sum, { numBytes }) => sum + numBytes, 0) };
  });
  watchUnlinks(cluster, witness, nameNode.deletions);
  watchLeases(cluster);
  watchDataNodeStarts(cluster);
  watchLogStarts(cluster, witness, ledger);
  watchClocks(cluster);
  watchLeaving(cluster);
  watchTurns(cluster);
  let flushes = 0;
  cluster.beforeFlush = (file, end, mark) => {
    if (flushes++ % flushLookEvery > 0) return () => undefined;
    const before = new Map(cluster.dataNodes.map(({ name, machine }) => [name, machine.host]));
    return () => {
      const standing = cluster.dataNodes.filter(({ name, machine }) => machine.isAlive && before.get(name) === machine.host);
      checkFlushed(cluster, witness, file, end, mark, new Set(standing.map(({ name }) => name)));
    };
  };
  cluster.shownByAll = (file, end) => shownByAll(cluster, witness, file, end);
  const disk = new NameNodeDiskWatch(cluster, witness);
  const bad = new Map<string, BlockId>();
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
