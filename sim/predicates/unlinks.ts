// Every finalized replica that a DataNode unlinks, at the first of its two files. DL1: a good one is never the last. DL2: what
// the namespace has given up is unlinked once the log that says so is durable. DL3: of no later generation than was ordered.
// DL4: only on order, for a newer generation of the same block, as the worse of two copies, or because its name could not be
// made durable: then nobody was told that it is there.
import { parseBlockFileName } from '../../src/format/storage/block-files.ts';
import type { SimCluster } from '../cluster.ts';
import { allReplicas, type DiskReplica, replicasOn } from '../replicas.ts';
import type { Witness } from '../witness.ts';
import { onDisk } from './hooks.ts';
import type { OrderedDeletions } from './namenode.ts';

/** A failed sync and what follows it, on a disk that is not hung. */
const DROPPED_WITHIN_MS = 1_000;

const volumeOf = (path: string): string => path.slice(0, path.indexOf('/current/'));

export function watchUnlinks(cluster: SimCluster, witness: Witness, orders: OrderedDeletions): void {
  const { violations } = cluster;
  for (const daemon of cluster.dataNodes) {
    /**
     * Volumes on which a directory could not be synced, and when: a replica that was waiting for it, where it is or where it
     * came from, is dropped, whatever other syncs have done.
     */
    const failedSyncs = new Map<string, number>();
    const isUnsynced = (path: string): boolean => {
      const end = path.lastIndexOf('/');
      const failed = failedSyncs.get(volumeOf(path));
      if (failed !== undefined && cluster.simulation.nowMs - failed < DROPPED_WITHIN_MS) return true;
      const directory = daemon.machine.disk.find(path.slice(0, end));
      return directory?.kind === 'directory' && !directory.durable.has(path.slice(end + 1));
    };
    onDisk(daemon, ({ operation, path }, answer) => {
      if (operation === 'fsync' && answer?.error !== undefined) failedSyncs.set(volumeOf(path), cluster.simulation.nowMs);
      if (operation !== 'unlink' || answer?.error !== undefined || !path.includes('/finalized/')) return;
      const name = parseBlockFileName(path.slice(path.lastIndexOf('/') + 1));
      if (name?.kind !== 'meta') return;
      const { id, genStamp } = name;
      const what = `${daemon.name} unlinks blk_${id}_${genStamp}`;
      const system = cluster.nameNode.running?.system;
      const known = system?.namespace.blocks.find(id as never) ?? 0;
      const stored = known === 0 ? undefined : system?.namespace.blocks.genStamp(known);
      const ordered = orders.stampOf(daemon.name, id);
      // The NameNode hears of a pipeline's new generation after its DataNodes, one of which may have been sent it as a copy.
      const isOld = (): boolean =>
        (stored !== undefined && genStamp < stored) ||
        allReplicas(cluster, id).some(({ meta }) => meta !== undefined && meta.genStamp > genStamp);
      // Of two copies on one DataNode the worse one goes without an order (BK9).
      const directory = path.slice(0, path.lastIndexOf('/') + 1);
      const isWorseCopy = (): boolean =>
        replicasOn(daemon.name, daemon.machine.disk, id).some(
          (other) => !other.path.startsWith(directory) && other.meta !== undefined && other.meta.genStamp >= genStamp,
        );
      // Of its own accord, whatever was ordered before.
      const isDropped = (): boolean => isOld() || isWorseCopy() || isUnsynced(path);
      violations.check(ordered !== undefined || isDropped(), 'DL4', () => `${what}, and nobody told it to`);
      const isMeant = ordered === undefined || genStamp <= ordered;
      violations.check(isMeant || isDropped(), 'DL3', () => `${what}, ${ordered} was ordered`);
      violations.looked('DL1');
      violations.looked('DL2');
      const owner = witness.model().ownerOf(id);
      const block = owner?.blocks.find((each) => each.id === id);
      if (owner === undefined || block === undefined) return;
      if (system !== undefined && known === 0) {
        violations.add('DL2', `${what} before its deletion is durable`);
        return;
      }
      const isGood = (replica: DiskReplica): boolean =>
        replica.state === 'finalized' &&
        replica.id === id &&
        replica.meta?.genStamp === block.genStamp &&
        (owner.open || replica.bytes.length === block.numBytes);
      // Another copy on the same DataNode is another replica.
      const isThis = (replica: DiskReplica): boolean => replica.dataNode === daemon.name && replica.path.startsWith(directory);
      const good = allReplicas(cluster, id).filter(isGood);
      if (good.some(isThis) && good.every(isThis)) {
        violations.add('DL1', `${what}, the last good replica of ${owner.createPath}`);
      }
    });
  }
}
