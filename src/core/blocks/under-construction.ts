// Blocks being written: where their replicas are expected, in the order of the pipeline, and the recovery that runs for
// them. The block's own state is in the block map. Mirrors BlockUnderConstructionFeature.
import { type GenStamp, GRANDFATHER_GEN_STAMP } from '../../base/ids.ts';
import type { Truncation } from '../namespace/truncations.ts';
import type { BlockHandle } from './block-map.ts';
import type { Datanode, Storage } from './datanode.ts';
import { ReplicaState } from './storage-type.ts';

export interface ExpectedReplica {
  readonly storage: Storage;
  genStamp: GenStamp;
  state: ReplicaState;
  /** Which registration of its node that was known under. */
  registration: number;
  /** Led a recovery before, which did not finish. */
  chosenAsPrimary: boolean;
}

export interface UnderConstructionBlock {
  replicas: ExpectedReplica[];
  /** Generation stamp of the running recovery; 0: none. */
  recoveryId: GenStamp;
  /** Who was named to whoever leads the running recovery. */
  asked: readonly Datanode[];
  /** The recovery cuts the block. */
  truncation?: Truncation | undefined;
}

const expectedReplica = (storage: Storage, genStamp: GenStamp, state: ReplicaState): ExpectedReplica => ({
  storage,
  genStamp,
  state,
  registration: storage.node.registrations,
  chosenAsPrimary: false,
});

/** Its node has run without a break since it got the replica: that has every byte that its writer was told is there. */
export const isUnbroken = ({ storage, state, registration }: ExpectedReplica): boolean =>
  (state === ReplicaState.RBW || state === ReplicaState.FINALIZED) && registration === storage.node.registrations;

export class UnderConstructionBlocks {
  readonly #blocks = new Map<BlockHandle, UnderConstructionBlock>();

  get size(): number {
    return this.#blocks.size;
  }

  get(block: BlockHandle): UnderConstructionBlock | undefined {
    return this.#blocks.get(block);
  }

  /** Expected storages in order; none for a block that nobody has reported since the start. */
  expected(block: BlockHandle): readonly Storage[] {
    return this.#blocks.get(block)?.replicas.map((replica) => replica.storage) ?? [];
  }

  setExpected(block: BlockHandle, genStamp: GenStamp, storages: readonly Storage[]): void {
    this.#blocks.set(block, {
      replicas: storages.map((storage) => expectedReplica(storage, genStamp, ReplicaState.RBW)),
      recoveryId: GRANDFATHER_GEN_STAMP,
      asked: [],
    });
  }

  /** A DataNode reported a replica: expected from now on, in place of one on another storage of the same node. */
  reported(block: BlockHandle, storage: Storage, genStamp: GenStamp, state: ReplicaState): void {
    let found = this.#blocks.get(block);
    if (found === undefined) {
      found = { replicas: [], recoveryId: GRANDFATHER_GEN_STAMP, asked: [] };
      this.#blocks.set(block, found);
    }
    for (const [index, replica] of found.replicas.entries()) {
      if (replica.storage === storage) {
        replica.genStamp = genStamp;
        replica.state = state;
        replica.registration = storage.node.registrations;
        return;
      }
      if (replica.storage.node === storage.node) {
        found.replicas[index] = expectedReplica(storage, genStamp, state);
        return;
      }
    }
    found.replicas.push(expectedReplica(storage, genStamp, state));
  }

  /** Expected replicas that have another generation stamp than the block. */
  stale(block: BlockHandle, genStamp: GenStamp): readonly ExpectedReplica[] {
    return this.#blocks.get(block)?.replicas.filter((replica) => replica.genStamp !== genStamp) ?? [];
  }

  remove(block: BlockHandle): void {
    this.#blocks.delete(block);
  }
}
