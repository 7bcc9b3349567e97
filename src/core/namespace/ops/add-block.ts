// addBlock, in two parts around the choice of DataNodes: `checkAddBlock` finds out what the request means (perhaps a
// retry of one that was carried out), `newBlock` makes the ops. Nothing may come between the two. Apache:
// FSDirWriteFileOp.validateAddBlock, analyzeFileState, storeAllocatedBlock.
import { HdfsError } from '../../../base/errors.ts';
import { blockId, genStamp, type InodeId } from '../../../base/ids.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import type { EditBlock } from '../../edits/ops.ts';
import { NO_RPC_IDS } from '../../edits/ops.ts';
import { fileLength } from '../file-length.ts';
import { effectivePolicy, localPolicy } from '../inode-policy.ts';
import type { InodeHandle } from '../inodes.ts';
import { checkObjectCount } from '../limits.ts';
import type { Checked, Namespace } from '../namespace.ts';
import type { Caller } from '../permissions.ts';
import { checkFileSpace } from '../quota.ts';
import { type ResolvedPath, resolveFile } from '../resolve.ts';
import { SpaceUsage } from '../space-usage.ts';
import {
  blockFromEnd,
  blockText,
  type ClientBlock,
  checkBlockLength,
  checkPool,
  clientBlockText,
  editBlock,
  matches,
} from './block-values.ts';
import { checkLease } from './lease-check.ts';

export interface AddBlockRequest {
  readonly path: string;
  readonly fileId: InodeId;
  readonly clientName: string;
  /** The block that the client has just finished, with its length. */
  readonly previous: ClientBlock | undefined;
}

/** What the choice of DataNodes needs to know. */
export interface BlockWanted {
  readonly file: InodeHandle;
  readonly path: string;
  readonly blockSize: number;
  readonly replication: number;
  readonly storagePolicy: number;
  readonly clientMachine: string;
}

export type AddBlockCheck =
  /** The client asks again for a block that it was given: it gets the same, and new DataNodes should it have none. */
  | { readonly kind: 'retry'; readonly block: BlockHandle; readonly offset: number; readonly wanted: BlockWanted }
  | { readonly kind: 'new'; readonly wanted: BlockWanted; readonly penultimate: EditBlock | undefined };

/** Which file gets the block: Apache looks for it even in safe mode. */
export function resolveForBlock(ns: Namespace, caller: Caller, path: string, fileId: InodeId): ResolvedPath {
  return resolveFile(ns, caller, path, fileId, 'getAdditionalBlock');
}

export function checkAddBlock(ns: Namespace, caller: Caller, request: AddBlockRequest): AddBlockCheck {
  const path = resolveForBlock(ns, caller, request.path, request.fileId);
  checkPool(ns, request.previous);
  checkObjectCount(ns);
  const file = checkLease(ns, path, request.clientName, request.fileId);
  const wanted: BlockWanted = {
    file,
    path: path.text,
    blockSize: ns.inodes.preferredBlockSize(file),
    replication: ns.inodes.replication(file),
    storagePolicy: effectivePolicy(ns.inodes, file),
    clientMachine: ns.inodes.underConstruction(file)?.clientMachine ?? '',
  };
  const last = blockFromEnd(ns, file, 0);
  if (!matches(ns, last, request.previous) && !isAppendToFullBlock(ns, file, last, request.previous)) {
    if (!matches(ns, blockFromEnd(ns, file, 1), request.previous)) {
      throw new HdfsError(
        'EIO',
        `Cannot allocate block in ${path.text}: passed 'previous' block ${clientBlockText(request.previous)} ` +
          `does not match actual last block in file ${blockText(ns, last)}`,
      );
    }
    const length = ns.blocks.numBytes(last);
    if (length !== 0) {
      throw new HdfsError(
        'EIO',
        `Request looked like a retry to allocate block ${blockText(ns, last)} but it already contains ${length} bytes`,
      );
    }
    return { kind: 'retry', block: last, offset: fileLength(ns, file), wanted };
  }
  if (!isProgressEnough(ns, file)) throw new HdfsError('ENOTREPLICATED', `Not replicated yet: ${path.text}`);
  const count = ns.inodes.blockCount(file);
  if (count >= ns.options.maxBlocksPerFile) {
    throw new HdfsError(
      'EIO',
      'File has reached the limit on maximum number of blocks (dfs.namenode.fs-limits.max-blocks-per-file): ' +
        `${count} >= ${ns.options.maxBlocksPerFile}`,
    );
  }
  return { kind: 'new', wanted, penultimate: finishedBlock(ns, last, request.previous) };
}

/** An append that begins at a block's end: the client was given no block to go on from. */
function isAppendToFullBlock(ns: Namespace, file: InodeHandle, last: BlockHandle, previous: ClientBlock | undefined): boolean {
  if (previous !== undefined || last === 0) return false;
  return ns.blocks.state(last) === BlockState.COMPLETE && ns.blocks.numBytes(last) >= ns.inodes.preferredBlockSize(file);
}

/** The block before the last must have its replicas; so no more than one block at a time waits for DataNodes. */
export function isProgressEnough(ns: Namespace, file: InodeHandle): boolean {
  const before = blockFromEnd(ns, file, 1 + ns.options.committedBlocksAllowed);
  return before === 0 || ns.blocks.state(before) === BlockState.COMPLETE;
}

/** The last block with the length that its writer states; a complete one stays as it is. */
export function finishedBlock(ns: Namespace, last: BlockHandle, stated: ClientBlock | undefined): EditBlock | undefined {
  if (last === 0) return undefined;
  const known = editBlock(ns, last);
  const state = ns.blocks.state(last);
  if (stated === undefined || state === BlockState.COMPLETE || state === BlockState.COMMITTED) return known;
  if (state === BlockState.UNDER_RECOVERY) {
    throw new HdfsError('EIO', `Commit or complete block blk_${stated.id}_${stated.genStamp}, whereas it is under recovery.`);
  }
  if (stated.genStamp !== known.genStamp) {
    throw new HdfsError(
      'EIO',
      `Commit block with mismatching GS. NN has ${blockText(ns, last)}, client submits blk_${stated.id}_${stated.genStamp}`,
    );
  }
  // What was flushed and reported here before cannot be less at the end.
  if (stated.numBytes < known.numBytes) {
    throw new HdfsError('EIO', `commitBlock length is less than the stored one ${stated.numBytes} vs. ${known.numBytes}`);
  }
  checkBlockLength(blockText(ns, last), stated.numBytes);
  return { ...known, numBytes: stated.numBytes };
}

export interface NewBlock {
  readonly block: BlockHandle;
  /** Where in the file it begins. */
  readonly offset: number;
}

/** Room for a full block, once the one before counts with its own length. */
function checkBlockSpace(ns: Namespace, { wanted, penultimate }: Extract<AddBlockCheck, { kind: 'new' }>): void {
  const { file, blockSize, replication } = wanted;
  if (!ns.space.isCounted(ns.inodes.parent(file))) return;
  const policy = localPolicy(ns.inodes, file);
  const more = new SpaceUsage();
  more.add(policy, replication, blockSize);
  const before = new SpaceUsage();
  const last = penultimate === undefined ? 0 : ns.blocks.find(penultimate.id);
  if (last !== 0 && ns.blocks.state(last) !== BlockState.COMPLETE && ns.hasEnoughReplicas(last)) {
    before.add(policy, replication, (penultimate?.numBytes ?? 0) - blockSize);
  }
  checkFileSpace(ns, file, more, before);
}

/** The three ops of a new block. Answers it once they are applied. */
export function newBlock(ns: Namespace, check: Extract<AddBlockCheck, { kind: 'new' }>): Checked<NewBlock> {
  const id = blockId(ns.lastBlockId + 1n);
  const stamp = genStamp(ns.genStamp + 1);
  const { file, path } = check.wanted;
  checkBlockSpace(ns, check);
  return {
    ops: [
      { kind: 'ALLOCATE_BLOCK_ID', blockId: id },
      { kind: 'SET_GENSTAMP_V2', genStamp: stamp },
      {
        kind: 'ADD_BLOCK',
        path,
        penultimate: check.penultimate,
        last: { id, numBytes: 0, genStamp: stamp },
        rpc: NO_RPC_IDS,
      },
    ],
    handles: [undefined, undefined, { parent: ns.inodes.parent(file), inode: file }],
    result: () => ({ block: ns.blocks.find(id), offset: fileLength(ns, file) }),
  };
}
