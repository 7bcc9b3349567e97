// What may be taken from a cluster for good without breaking the contract: while a block that clients rely on keeps good
// replicas elsewhere, a promise can be held. Seen by somebody who sees everything: the durable log and all disks.
import type { SimCluster } from './cluster.ts';
import { allReplicas, byBlock, type DiskReplica, metaFault } from './replicas.ts';
import type { Witness } from './witness.ts';

/** Good replicas that have to be elsewhere: the NameNode may have ordered one of them away, taking the bad one for good. */
const ELSEWHERE = 2;

export class Atlas {
  private readonly cluster: SimCluster;
  private readonly witness: Witness;

  constructor(cluster: SimCluster, witness: Witness) {
    this.cluster = cluster;
    this.witness = witness;
  }

  /** A replica that a client could be given. */
  private isGood(replica: DiskReplica, genStamp: number): boolean {
    if (this.cluster.isAway(replica.dataNode, replica.path)) return false;
    if (replica.meta?.genStamp !== genStamp || this.cluster.damaged.has(`${replica.dataNode}${replica.path}`)) return false;
    return replica.state === 'finalized' && metaFault(replica) === undefined;
  }

  /** Good replicas of each block of the namespace that has any, by who has them. */
  private holders(): {
    readonly id: bigint;
    readonly open: boolean;
    readonly on: readonly string[];
    readonly anywhere: readonly string[];
  }[] {
    const byId = byBlock(allReplicas(this.cluster));
    return this.witness
      .model()
      .files()
      .flatMap(([, file]) =>
        file.blocks.map(({ id, genStamp }) => {
          const replicas = byId.get(id) ?? [];
          return {
            id,
            open: file.open,
            on: replicas.filter((replica) => this.isGood(replica, genStamp)).map(({ dataNode }) => dataNode),
            anywhere: replicas.map(({ dataNode }) => dataNode),
          };
        }),
      );
  }

  /** Whether a DataNode may lose what it has: all of it, or one block. */
  mayLose(dataNode: string, block?: bigint): boolean {
    return this.holders().every(({ id, open, on, anywhere }) => {
      if ((block !== undefined && id !== block) || !anywhere.includes(dataNode)) return true;
      // Of a block that is being written nothing is certain.
      return !open && on.filter((name) => name !== dataNode).length >= ELSEWHERE;
    });
  }

  /** Whether a DataNode may do without some of its directories for a while: who is to recover a block has to find it somewhere. */
  mayLetGo(dataNode: string, directories: readonly string[]): boolean {
    const { cluster } = this;
    const leaves = (replica: DiskReplica): boolean =>
      replica.dataNode === dataNode && directories.some((directory) => replica.path.startsWith(`${directory}/`));
    const byId = byBlock(allReplicas(this.cluster));
    return this.witness
      .model()
      .files()
      .every(([, { blocks, open }]) =>
        blocks.every(({ id, genStamp }) => {
          const replicas = byId.get(id) ?? [];
          if (!replicas.some(leaves)) return true;
          const others = replicas.filter((replica) => !leaves(replica));
          const isWritten = (replica: DiskReplica): boolean =>
            open && (replica.meta?.genStamp ?? 0) >= genStamp && !cluster.isAway(replica.dataNode, replica.path);
          return others.filter((replica) => isWritten(replica) || this.isGood(replica, genStamp)).length >= ELSEWHERE;
        }),
      );
  }

  /** Whether a DataNode may stay away for ever. */
  maySpare(dataNode: string, core: readonly string[]): boolean {
    return this.holders().every(
      ({ on, anywhere }) => !anywhere.includes(dataNode) || on.some((name) => name !== dataNode && core.includes(name)),
    );
  }
}
