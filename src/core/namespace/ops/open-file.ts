// Requests of the writer of an open file, besides new blocks and the end: abandonBlock, fsync, a new stamp for a block
// whose pipeline failed, the pipeline that took its place. Apache: FSDirWriteFileOp.abandonBlock, FSNamesystem.fsync,
// bumpBlockGenerationStamp, updatePipeline.
import { HdfsError } from '../../../base/errors.ts';
import { type GenStamp, genStamp, type InodeId } from '../../../base/ids.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import { type EditOp, NO_RPC_IDS, type RpcIds } from '../../edits/ops.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { type Caller, pathOfInode } from '../permissions.ts';
import { resolveFile } from '../resolve.ts';
import {
  blockFromEnd,
  blockText,
  type ClientBlock,
  checkBlockLength,
  clientBlockText,
  editBlock,
  editBlocks,
} from './block-values.ts';
import { checkLease } from './lease-check.ts';

const nothing = (): void => undefined;

export interface AbandonBlockRequest {
  readonly path: string;
  readonly fileId: InodeId;
  readonly clientName: string;
  readonly block: ClientBlock;
}

/** Takes the last block away; another block is left alone without a word, as it was perhaps abandoned before. */
export function checkAbandonBlock(ns: Namespace, caller: Caller, request: AbandonBlockRequest): Checked<void> {
  const path = resolveFile(ns, caller, request.path, request.fileId, 'abandonBlock');
  const file = checkLease(ns, path, request.clientName, request.fileId);
  const last = blockFromEnd(ns, file, 0);
  if (last === 0 || ns.blocks.id(last) !== request.block.id) return { ops: [], result: nothing };
  const blocks = editBlocks(ns, file).slice(0, -1);
  return { ops: [{ kind: 'UPDATE_BLOCKS', path: path.text, blocks, rpc: NO_RPC_IDS }], result: nothing };
}

export interface FsyncRequest {
  readonly path: string;
  readonly fileId: InodeId;
  readonly clientName: string;
  /** Bytes of the last block that are on its DataNodes; 0 or less: not stated. */
  readonly lastBlockLength: number;
}

export function checkFsync(ns: Namespace, caller: Caller, request: FsyncRequest): Checked<void> {
  const path = resolveFile(ns, caller, request.path, request.fileId, 'fsync');
  const file = checkLease(ns, path, request.clientName, request.fileId);
  let blocks = editBlocks(ns, file);
  if (request.lastBlockLength > 0) {
    const last = blockFromEnd(ns, file, 0);
    if (last === 0 || ns.blocks.state(last) === BlockState.COMPLETE) {
      const state = last === 0 ? 'null' : 'not under-construction';
      throw new HdfsError('EIO', `The last block for path ${path.text} is ${state} when updating its length`);
    }
    checkBlockLength(blockText(ns, last), request.lastBlockLength);
    blocks = [...blocks.slice(0, -1), { ...editBlock(ns, last), numBytes: request.lastBlockLength }];
  }
  return { ops: [{ kind: 'UPDATE_BLOCKS', path: path.text, blocks, rpc: NO_RPC_IDS }], result: nothing };
}

/** The file of a block that `clientName` is writing. */
function fileOfOpenBlock(ns: Namespace, named: ClientBlock, clientName: string): { file: InodeHandle; block: BlockHandle } {
  const text = clientBlockText(named);
  const block = ns.blocks.find(named.id);
  // The blocks of a deleted file are taken apart a little later.
  const isKnown = block !== 0 && ns.inodes.isReachable(ns.blocks.owner(block));
  if (!isKnown) throw new HdfsError('EIO', `${text} does not exist.`);
  const state = ns.blocks.state(block);
  if (state !== BlockState.UNDER_CONSTRUCTION) {
    const names = Object.entries(BlockState).find(([, value]) => value === state);
    throw new HdfsError('EIO', `Unexpected BlockUCState: ${text} is ${names?.[0]} but not UNDER_CONSTRUCTION`);
  }
  const file = ns.blocks.owner(block);
  const isFile = file !== 0 && ns.inodes.isReachable(file) && ns.inodes.type(file) === InodeType.FILE;
  const open = isFile ? ns.inodes.underConstruction(file) : undefined;
  if (open === undefined) {
    throw new HdfsError('EIO', `The file ${blockText(ns, block)} belonged to does not exist or it is not under construction.`);
  }
  if (open.clientName !== clientName) {
    throw new HdfsError('ELEASE', `Lease mismatch: ${text} is accessed by a non lease holder ${clientName}`);
  }
  return { file, block };
}

/** Blocks from before sequential ids count their stamps apart. */
export function nextGenStampOp(ns: Namespace, block: BlockHandle): Extract<EditOp, { genStamp: GenStamp }> {
  if (ns.blocks.genStamp(block) < ns.legacyGenStampLimit) {
    return { kind: 'SET_GENSTAMP_V1', genStamp: genStamp(ns.legacyGenStamp + 1) };
  }
  return { kind: 'SET_GENSTAMP_V2', genStamp: genStamp(ns.genStamp + 1) };
}

export interface BumpedBlock {
  readonly block: BlockHandle;
  readonly file: InodeHandle;
  readonly genStamp: GenStamp;
}

/** updateBlockForPipeline: a stamp for the block's next pipeline. The block takes it with checkUpdatePipeline. */
export function checkBumpGenStamp(ns: Namespace, named: ClientBlock, clientName: string): Checked<BumpedBlock> {
  const { file, block } = fileOfOpenBlock(ns, named, clientName);
  const op = nextGenStampOp(ns, block);
  return { ops: [op], result: () => ({ block, file, genStamp: op.genStamp }) };
}

export interface UpdatePipelineRequest {
  readonly clientName: string;
  readonly oldBlock: ClientBlock;
  readonly newBlock: ClientBlock;
  readonly rpc: RpcIds;
}

/** Answers the block, whose expected DataNodes the block manager then replaces. */
export function checkUpdatePipeline(ns: Namespace, request: UpdatePipelineRequest): Checked<BlockHandle> {
  const { oldBlock, newBlock } = request;
  const { file } = fileOfOpenBlock(ns, oldBlock, request.clientName);
  const last = blockFromEnd(ns, file, 0);
  if (newBlock.genStamp <= ns.blocks.genStamp(last)) {
    throw new HdfsError(
      'EIO',
      `Update ${clientBlockText(oldBlock)} but the new block ${clientBlockText(newBlock)} does not have a larger ` +
        `generation stamp than the last block ${blockText(ns, last)}`,
    );
  }
  if (newBlock.numBytes < ns.blocks.numBytes(last)) {
    throw new HdfsError(
      'EIO',
      `Update ${clientBlockText(oldBlock)} (size=${oldBlock.numBytes}) to a smaller size block ` +
        `${clientBlockText(newBlock)} (size=${newBlock.numBytes})`,
    );
  }
  checkBlockLength(clientBlockText(newBlock), newBlock.numBytes);
  // A stamp that was never handed out would run ahead of every later one.
  if (ns.blocks.id(last) !== newBlock.id || newBlock.genStamp > Math.max(ns.genStamp, ns.legacyGenStamp)) {
    throw new HdfsError(
      'EIO',
      `Update ${clientBlockText(oldBlock)} with ${clientBlockText(newBlock)}, which was not handed out`,
    );
  }
  const changed = { ...editBlock(ns, last), genStamp: newBlock.genStamp, numBytes: newBlock.numBytes };
  const op: EditOp = {
    kind: 'UPDATE_BLOCKS',
    path: pathOfInode(ns.inodes, file),
    blocks: [...editBlocks(ns, file).slice(0, -1), changed],
    rpc: request.rpc,
  };
  return { ops: [op], result: () => last };
}

export interface OpenFile {
  readonly file: InodeHandle;
  readonly path: string;
  readonly clientMachine: string;
}

/** getAdditionalDatanode: the file that the client is writing, for the choice of another DataNode. */
export function checkAdditionalDatanode(
  ns: Namespace,
  caller: Caller,
  path: string,
  fileId: InodeId,
  clientName: string,
): OpenFile {
  const resolved = resolveFile(ns, caller, path, fileId, 'getAdditionalDatanode');
  const file = checkLease(ns, resolved, clientName, fileId);
  return { file, path: resolved.text, clientMachine: ns.inodes.underConstruction(file)?.clientMachine ?? '' };
}
