// What an image holds beside inodes and blocks, as values: counters, and sections of features that are not built yet,
// which travel from the image that was loaded to the next one that is saved.
import { type BlockId, blockId, LAST_RESERVED_BLOCK_ID, LAST_RESERVED_GEN_STAMP, ROOT_INODE_ID } from '../../base/ids.ts';

export interface ImageCounters {
  readonly namespaceId: number;
  /** Highest generation stamp of blocks with sequential ids. */
  readonly genStamp: number;
  /** Of blocks from before sequential ids, and the stamp below which a block is one of those. */
  readonly legacyGenStamp: number;
  readonly legacyGenStampLimit: number;
  readonly lastBlockId: BlockId;
  readonly lastStripedBlockId: BlockId;
  /** Last transaction in the image. */
  readonly txid: number;
  readonly lastInodeId: number;
}

/** Of a file system that was just formatted. */
export function newImageCounters(namespaceId: number): ImageCounters {
  return {
    namespaceId,
    genStamp: LAST_RESERVED_GEN_STAMP,
    legacyGenStamp: LAST_RESERVED_GEN_STAMP,
    legacyGenStampLimit: 0,
    lastBlockId: LAST_RESERVED_BLOCK_ID,
    lastStripedBlockId: blockId(-(2n ** 63n)),
    txid: 0,
    lastInodeId: ROOT_INODE_ID,
  };
}

/** A section that is kept as it is, unpacked, because nothing in the tree refers to it. */
export interface CarriedSection {
  readonly name: string;
  readonly bytes: Uint8Array;
}
