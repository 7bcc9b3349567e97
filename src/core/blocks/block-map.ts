// The block map: every block of the namespace, what is known of it, and which storages hold it. Passive state in pages;
// what to do about it is the block manager's.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { InodeHandle } from '../namespace/inodes.ts';

/** Recycled number of a block; 0 is none. */
export type BlockHandle = number;
/** Number of a storage (a DataNode's volume) in the block manager's table; 0 is none. At least 24 bits. */
export type StorageNumber = number;

/** Apache: HdfsServerConstants.BlockUCState, in its order. */
export const BlockState = { COMPLETE: 0, UNDER_CONSTRUCTION: 1, UNDER_RECOVERY: 2, COMMITTED: 3 } as const;
export type BlockState = (typeof BlockState)[keyof typeof BlockState];

/** What a checkpoint reads of blocks: valid and unchanging while the live map goes on. */
export interface BlockReader {
  id(block: BlockHandle): BlockId;
  genStamp(block: BlockHandle): GenStamp;
  numBytes(block: BlockHandle): number;
  state(block: BlockHandle): BlockState;
}

export interface BlockMap extends BlockReader {
  readonly size: number;
  /** Highest handle ever handed out: the end of a scan. */
  readonly highestHandle: BlockHandle;
  /** Adds a block that belongs to `owner` (0: to none yet). The id must be new. */
  add(id: BlockId, genStamp: GenStamp, numBytes: number, owner: InodeHandle, state: BlockState): BlockHandle;
  /** Forgets the block and its replicas; the handle will be reused. */
  remove(block: BlockHandle): void;
  /** Handle of an id, or 0. */
  find(id: BlockId): BlockHandle;
  isLive(block: BlockHandle): boolean;
  owner(block: BlockHandle): InodeHandle;
  setOwner(block: BlockHandle, owner: InodeHandle): void;
  setGenStamp(block: BlockHandle, genStamp: GenStamp): void;
  setNumBytes(block: BlockHandle, numBytes: number): void;
  setState(block: BlockHandle, state: BlockState): void;
  replicaCount(block: BlockHandle): number;
  replicaAt(block: BlockHandle, index: number): StorageNumber;
  hasReplica(block: BlockHandle, storage: StorageNumber): boolean;
  /** False when it was there already. */
  addReplica(block: BlockHandle, storage: StorageNumber): boolean;
  /** False when it was not there. */
  removeReplica(block: BlockHandle, storage: StorageNumber): boolean;
  /** Blocks from handle `from` on, at most `limit` handles looked at; answers where to go on, 0 at the end. */
  scan(from: BlockHandle, limit: number, visit: (block: BlockHandle) => void): BlockHandle;
  freeze(): FrozenBlocks;
}

export interface FrozenBlocks extends BlockReader {
  /** Gives the pages back; the view must not be used afterwards. */
  release(): void;
}
