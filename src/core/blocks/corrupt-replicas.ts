// Replicas known to be bad, by block and node, with the reason and the generation stamp that the bad one has. A replica
// stays here until it is deleted or proved good. Mirrors CorruptReplicasMap.
import type { GenStamp } from '../../base/ids.ts';
import type { BlockHandle } from './block-map.ts';
import type { Datanode } from './datanode.ts';

export const CorruptReason = {
  GENSTAMP_MISMATCH: 1,
  SIZE_MISMATCH: 2,
  INVALID_STATE: 3,
  /** A client or a DataNode read it and its checksums were wrong. */
  CORRUPTION_REPORTED: 4,
} as const;
export type CorruptReason = (typeof CorruptReason)[keyof typeof CorruptReason];

export const CORRUPT_REASON_NAMES: Readonly<Record<CorruptReason, string>> = {
  1: 'GENSTAMP_MISMATCH',
  2: 'SIZE_MISMATCH',
  3: 'INVALID_STATE',
  4: 'CORRUPTION_REPORTED',
};

export interface CorruptReplica {
  readonly reason: CorruptReason;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
}

export class CorruptReplicas {
  readonly #byBlock = new Map<BlockHandle, Map<Datanode, CorruptReplica>>();

  /** Blocks with a bad replica. */
  get size(): number {
    return this.#byBlock.size;
  }

  get blocks(): IterableIterator<BlockHandle> {
    return this.#byBlock.keys();
  }

  add(block: BlockHandle, node: Datanode, replica: CorruptReplica): void {
    let nodes = this.#byBlock.get(block);
    if (nodes === undefined) {
      nodes = new Map();
      this.#byBlock.set(block, nodes);
    }
    nodes.set(node, replica);
  }

  has(block: BlockHandle, node: Datanode): boolean {
    return this.#byBlock.size > 0 && (this.#byBlock.get(block)?.has(node) ?? false);
  }

  get(block: BlockHandle, node: Datanode): CorruptReplica | undefined {
    return this.#byBlock.size === 0 ? undefined : this.#byBlock.get(block)?.get(node);
  }

  replicas(block: BlockHandle): readonly (readonly [Datanode, CorruptReplica])[] {
    const nodes = this.#byBlock.get(block);
    return nodes === undefined ? [] : [...nodes];
  }

  /** It has a later stamp now, as a recovery gives it, and is as bad as before: an order to delete it has to name that one. */
  restamp(block: BlockHandle, node: Datanode, { genStamp, numBytes }: Omit<CorruptReplica, 'reason'>): void {
    const known = this.get(block, node);
    if (known !== undefined && known.genStamp < genStamp) this.add(block, node, { reason: known.reason, genStamp, numBytes });
  }

  /** With a reason: only when it is bad for that reason. */
  remove(block: BlockHandle, node: Datanode, reason?: CorruptReason): boolean {
    if (this.#byBlock.size === 0) return false;
    const nodes = this.#byBlock.get(block);
    const known = nodes?.get(node);
    if (nodes === undefined || known === undefined || (reason !== undefined && known.reason !== reason)) return false;
    nodes.delete(node);
    if (nodes.size === 0) this.#byBlock.delete(block);
    return true;
  }

  removeBlock(block: BlockHandle): void {
    this.#byBlock.delete(block);
  }
}
