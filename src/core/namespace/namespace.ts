// The namespace: inodes, blocks of files, leases, answered calls and the counters that hand out ids. It changes through
// `apply` alone, for a client's request as for a line of an old log; `check` functions (ops/) turn requests into the ops
// that `apply` takes, and queries/ read. Read ops/mkdirs.ts for the smallest example of the three together.
//
// Pure: no clock, no disk, no promise. Times are values that the caller hands in.
import {
  blockId,
  type GenStamp,
  genStamp,
  type InodeId,
  LAST_RESERVED_BLOCK_ID,
  LAST_RESERVED_GEN_STAMP,
  ROOT_INODE_ID,
} from '../../base/ids.ts';
import { type BlockHandle, BlockMap, BlockState } from '../blocks/block-map.ts';
import type { EditOp } from '../edits/ops.ts';
import { type AnsweredOp, AnsweredOpPacking } from './answered-op.ts';
import { applyOp } from './apply/apply.ts';
import { ErasureCodingPolicies } from './erasure-coding.ts';
import { type InodeHandle, Inodes, InodeType } from './inodes.ts';
import { Leases } from './leases.ts';
import { DEFAULT_NAMESPACE_OPTIONS, type NamespaceOptions } from './options.ts';
import { RetryCache } from './retry-cache.ts';
import { SpaceCounters } from './space-counters.ts';
import { Touched } from './touched.ts';
import { Truncations } from './truncations.ts';

/** A request that was found good: the ops that carry it out, and its answer once they are applied. */
export interface Checked<R> {
  readonly ops: readonly EditOp[];
  /** For the ops of the same place, where the check found their inodes: for `apply`, which then need not look again. */
  readonly handles?: readonly (OpHandles | undefined)[];
  /** To be called after the ops were applied. */
  readonly result: () => R;
}

/** Where the live path found the inode of an op, so that `apply` need not look again. */
export interface OpHandles {
  readonly parent: InodeHandle;
  /** 0 when nothing stands at the path. */
  readonly inode: InodeHandle;
  /** Whoever has the last name of the path. */
  readonly named?: { readonly name: Uint8Array } | undefined;
  /** Of a rename: the same of where it leads. */
  readonly destination?: OpHandles;
}

/** A block with an id, as clients and logs name it. */
export interface BlockValue {
  readonly id: bigint;
  readonly genStamp: number;
  readonly numBytes: number;
}

/** Apache: the defaults of dfs.namenode.ec.system.default.policy and dfs.namenode.ec.policies.max.cellsize. */
const NEW_FILE_SYSTEM = { defaultPolicy: 'RS-6-3-1024k', maxCellSize: 4 * 1024 * 1024 };

export class Namespace {
  options: NamespaceOptions;
  readonly inodes: Inodes;
  readonly blocks: BlockMap;
  readonly leases: Leases;
  readonly retryCache: RetryCache<AnsweredOp>;
  readonly touched = new Touched();
  readonly truncations = new Truncations();
  readonly space = new SpaceCounters(this);
  erasureCoding = new ErasureCodingPolicies(NEW_FILE_SYSTEM);
  /** Deleted subtrees and dropped blocks that wait to be taken apart. */
  readonly detached = new Detached();

  /** Apache: INodeId; the next inode gets the following number. */
  lastInodeId: InodeId = ROOT_INODE_ID;
  lastBlockId = LAST_RESERVED_BLOCK_ID;
  /** Of striped block groups, which this version never allocates: carried from image to image. */
  lastStripedBlockId = blockId(-(2n ** 63n));
  /** Highest generation stamp handed out to blocks with sequential ids. */
  genStamp: GenStamp = LAST_RESERVED_GEN_STAMP;
  /** The same for blocks from before sequential ids (Apache's legacy, or V1, stamp). */
  legacyGenStamp: GenStamp = LAST_RESERVED_GEN_STAMP;
  /** Blocks with a stamp below it are legacy blocks. 0 in a file system that never had any. */
  legacyGenStampLimit: GenStamp = genStamp(0);

  /** Monotonic milliseconds, kept by the owner: what leases and the retry cache go by inside `apply`. */
  monotonicMs = 0;
  /** Name of the block pool in messages. */
  blockPoolId = '';
  /** When the file system was made, in wall milliseconds: the time of what always was there. */
  createdMs = 0;

  /**
   * Whether a block whose length is final has replicas enough to be COMPLETE at once; else it becomes COMMITTED and
   * whoever hears of replicas completes it. A replay has no DataNodes to ask and takes every such block as complete.
   */
  hasEnoughReplicas: (block: BlockHandle) => boolean = () => true;

  /** Whether an upgrade may still be rolled back: blocks are then cut as copies. Apache: shouldCopyOnTruncate. */
  keepsOldBlocks: () => boolean = () => false;

  constructor(options: Partial<NamespaceOptions> = {}, inodes?: Inodes, blocks?: BlockMap) {
    this.options = { ...DEFAULT_NAMESPACE_OPTIONS, ...options };
    this.blocks = blocks ?? new BlockMap();
    this.inodes = inodes ?? new Inodes();
    if (inodes === undefined) {
      this.inodes.setOwner(this.inodes.root, this.options.superuser, this.options.supergroup);
      this.inodes.setMode(this.inodes.root, 0o755);
    }
    this.leases = new Leases({ softLimitMs: this.options.leaseSoftLimitMs, hardLimitMs: this.options.leaseHardLimitMs });
    this.retryCache = new RetryCache(this.options.retryCacheMs, this.options.retryCacheEntries, new AnsweredOpPacking());
  }

  /** Files, directories and symlinks, the root included. */
  get inodeCount(): number {
    return this.inodes.size;
  }

  /** Blocks of all files in the tree; those of deleted files are not among them. */
  get blockCount(): number {
    return this.inodes.subtreeBlocks(this.inodes.root);
  }

  /**
   * Carries out one op: the only way in which the namespace changes. Throws EditLogCorruption when the op contradicts
   * the tree and FeatureNotBuilt when it needs a feature that is not here; then nothing has changed.
   */
  apply(op: EditOp, txid: number, handles?: OpHandles): void {
    applyOp(this, op, txid, handles);
  }

  /** Fixes the length of a file's last block as its writer states it. Not logged by itself: the op that follows is. */
  commitBlock(block: BlockHandle, numBytes: number): void {
    if (this.blocks.state(block) === BlockState.COMPLETE) return;
    this.blocks.setNumBytes(block, numBytes);
    const isComplete = this.hasEnoughReplicas(block);
    this.blocks.setState(block, isComplete ? BlockState.COMPLETE : BlockState.COMMITTED);
    if (isComplete) this.space.blockCompleted(block);
  }

  /** Files open for writing that are in the tree: what a checkpoint lists. */
  openFiles(): InodeHandle[] {
    const found: InodeHandle[] = [];
    for (const id of this.leases.files()) {
      const inode = this.inodes.find(id);
      if (inode !== 0) found.push(inode);
    }
    return found;
  }

  /** How many files in the tree a client has open. Those of a deleted directory are no longer among them. */
  openFileCount(holder: string): number {
    const files = this.leases.ofHolder(holder)?.files;
    if (files === undefined) return 0;
    if (this.detached.isEmpty) return files.size;
    let count = 0;
    for (const id of files) if (this.inodes.find(id) !== 0) count++;
    return count;
  }

  /** Reads need not wait for anything up to here any more. */
  forgetTouched(durableTxid: number): void {
    this.touched.forget(durableTxid);
  }

  /** The transaction a read of this inode must wait for, 0 for none. */
  lastTouched(inode: InodeHandle): number {
    return this.touched.of(inode);
  }

  /**
   * Takes deleted subtrees apart, at most `budget` inodes and blocks in one go. Every block is handed to `onBlock` (with
   * the transaction that deleted it) before it is forgotten. False when nothing is left to do.
   */
  reclaim(budget: number, onBlock: (block: BlockHandle, txid: number) => void): boolean {
    return this.detached.reclaim(this, budget, onBlock);
  }
}

interface DetachedRoot {
  readonly inode: InodeHandle;
  readonly txid: number;
}

/** Deleted subtrees, unseen by every look-up, taken apart from the leaves up in slices. */
class Detached {
  readonly #roots: DetachedRoot[] = [];
  readonly #blocks: { readonly block: BlockHandle; readonly txid: number }[] = [];
  /** The subtree that is being taken apart; others may come in the meantime. */
  #current: DetachedRoot | undefined;
  /** From its root down to where the work stands. */
  readonly #descent: InodeHandle[] = [];

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Subtrees and single blocks waiting. */
  get size(): number {
    return this.#roots.length + this.#blocks.length + (this.#current === undefined ? 0 : 1);
  }

  addSubtree(inode: InodeHandle, txid: number): void {
    this.#roots.push({ inode, txid });
  }

  addBlock(block: BlockHandle, txid: number): void {
    this.#blocks.push({ block, txid });
  }

  reclaim(ns: Namespace, budget: number, onBlock: (block: BlockHandle, txid: number) => void): boolean {
    let left = budget;
    while (left > 0) {
      const dropped = this.#blocks.pop();
      if (dropped === undefined) break;
      onBlock(dropped.block, dropped.txid);
      ns.blocks.remove(dropped.block);
      left--;
    }
    while (left > 0) {
      this.#current ??= this.#roots.pop();
      if (this.#current === undefined) break;
      if (this.#descent.length === 0) this.#descent.push(this.#current.inode);
      left -= this.#step(ns, this.#current, onBlock);
      if (this.#descent.length === 0) this.#current = undefined;
    }
    return !this.isEmpty;
  }

  /** Goes one level down, or frees one inode. Answers what it cost. */
  #step(ns: Namespace, root: DetachedRoot, onBlock: (block: BlockHandle, txid: number) => void): number {
    const { inodes } = ns;
    const inode = this.#descent[this.#descent.length - 1] as InodeHandle;
    if (inodes.type(inode) === InodeType.DIRECTORY && inodes.childCount(inode) > 0) {
      let first = 0;
      inodes.forEachChild(inode, undefined, (child) => {
        first = child;
        return false;
      });
      this.#descent.push(first);
      return 1;
    }
    this.#descent.pop();
    if (inode !== root.inode) inodes.detach(inode);
    let cost = 1;
    if (inodes.type(inode) === InodeType.FILE) {
      const blocks: BlockHandle[] = [];
      for (let i = 0; i < inodes.blockCount(inode); i++) blocks.push(inodes.blockAt(inode, i));
      if (inodes.isUnderConstruction(inode)) ns.leases.remove(inodes.id(inode));
      if (blocks.length > 0) inodes.setBlocks(inode, []);
      for (const block of blocks) {
        const source = ns.truncations.end(block);
        if (source !== 0) {
          ns.blocks.setOwner(source, 0);
          this.addBlock(source, root.txid);
        }
        onBlock(block, root.txid);
        ns.blocks.remove(block);
      }
      cost += blocks.length;
    }
    ns.space.forget(inode);
    inodes.free(inode);
    return cost;
  }
}

export { EditLogCorruption, FeatureNotBuilt } from './edit-errors.ts';
export { DEFAULT_NAMESPACE_OPTIONS, type NamespaceOptions } from './options.ts';
export type { Caller } from './permissions.ts';
