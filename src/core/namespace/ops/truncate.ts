// truncate: cuts a file. At the end of a block that is done at once; inside a block its replicas must be cut first, by a
// recovery of that block, and the file is open until then. Apache: FSDirTruncateOp.
import { HdfsError } from '../../../base/errors.ts';
import { blockId, type GenStamp, genStamp } from '../../../base/ids.ts';
import type { BlockHandle } from '../../blocks/block-map.ts';
import { type EditBlock, type EditOp, NO_RPC_IDS } from '../../edits/ops.ts';
import { fileLength, lengthWithoutOpenBlock } from '../file-length.ts';
import { effectivePolicy, localPolicy } from '../inode-policy.ts';
import type { InodeHandle } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkFileSpace } from '../quota.ts';
import { checkPermission, fileAt, resolvePath } from '../resolve.ts';
import { SpaceUsage } from '../space-usage.ts';
import { LAZY_PERSIST } from './append.ts';
import { blockFromEnd, editBlock } from './block-values.ts';
import { checkNotOpen, refusedTaker } from './lease-check.ts';
import { nextGenStampOp } from './open-file.ts';

export interface TruncateRequest {
  readonly path: string;
  readonly newLength: number;
  readonly clientName: string;
  readonly clientMachine: string;
}

export type Truncated =
  /** The file has that length. */
  | { readonly kind: 'done' }
  /** The same was asked for before, and goes on. */
  | { readonly kind: 'running' }
  /** The last block's replicas must be cut now, under that generation stamp. */
  | { readonly kind: 'begun'; readonly block: BlockHandle; readonly recoveryId: GenStamp };

export function checkTruncate(ns: Namespace, caller: Caller, request: TruncateRequest, now: number): Checked<Truncated> {
  const { newLength, clientName, clientMachine } = request;
  const path = resolvePath(ns, caller, request.path, 'write', 'truncate');
  checkPermission(ns, caller, path, { self: FsAction.WRITE });
  const file = fileAt(ns.inodes, path.last, path.text);
  if (effectivePolicy(ns.inodes, file) === LAZY_PERSIST) {
    throw new HdfsError('EUNSUPPORTED', `Cannot truncate lazy persist file ${path.text}`);
  }
  const running = lengthAimedAt(ns, file);
  if (running !== undefined) {
    if (running === newLength) return { ops: [], result: () => ({ kind: 'running' }) };
    const reason = `${path.text} is being truncated.`;
    throw new HdfsError('EBUSY', refusedTaker('TRUNCATE_FILE', path.text, clientName, clientMachine, reason), {
      path: path.text,
    });
  }
  checkNotOpen(ns, 'TRUNCATE_FILE', file, path.text, clientName, clientMachine);
  const oldLength = fileLength(ns, file);
  if (oldLength === newLength) return { ops: [], result: () => ({ kind: 'done' }) };
  if (oldLength < newLength) {
    throw new HdfsError(
      'EINVAL',
      `Cannot truncate to a larger file size. Current size: ${oldLength}, truncate size: ${newLength}.`,
    );
  }
  checkFileSpace(ns, file, lengthChange(ns, file, newLength));
  const cut = blockAt(ns, file, newLength);
  const op = { kind: 'TRUNCATE', path: path.text, clientName, clientMachine, newLength, timestamp: now } as const;
  if (cut === 0) {
    return { ops: [{ ...op, truncateBlock: undefined, rpc: NO_RPC_IDS }], result: () => ({ kind: 'done' }) };
  }
  const { ops, truncateBlock } = newTruncateBlock(ns, cut);
  const { genStamp: recoveryId } = truncateBlock;
  return {
    ops: [...ops, { ...op, truncateBlock, rpc: NO_RPC_IDS }],
    result: () => ({ kind: 'begun', block: blockFromEnd(ns, file, 0), recoveryId }),
  };
}

/**
 * The length at which a running truncation is to end, also while it waits to go on after a start. Apache takes the old length
 * for that of a copy, and after a start knows of none: who asks again is refused there.
 */
function lengthAimedAt(ns: Namespace, file: InodeHandle): number | undefined {
  const truncation = ns.truncations.of(blockFromEnd(ns, file, 0));
  return truncation && lengthWithoutOpenBlock(ns, file) + truncation.newBytes;
}

/** What a cut changes: the blocks behind it go, a block that it falls into counts as full until it is cut. */
function lengthChange(ns: Namespace, file: InodeHandle, newLength: number): SpaceUsage {
  const { inodes, blocks } = ns;
  let bytes = 0;
  let start = fileLength(ns, file);
  for (let i = inodes.blockCount(file) - 1; i >= 0 && start > newLength; i--) {
    const length = blocks.numBytes(inodes.blockAt(file, i));
    start -= length;
    bytes += (start < newLength ? inodes.preferredBlockSize(file) : 0) - length;
  }
  const usage = new SpaceUsage();
  usage.add(localPolicy(inodes, file), inodes.replication(file), bytes);
  return usage;
}

/** The block inside which a length falls, or 0 when that is a block's end. */
function blockAt(ns: Namespace, file: InodeHandle, length: number): BlockHandle {
  let end = 0;
  for (let i = 0; i < ns.inodes.blockCount(file) && end < length; i++) {
    const block = ns.inodes.blockAt(file, i);
    end += ns.blocks.numBytes(block);
    if (end > length) return block;
  }
  return 0;
}

/** Under what id and stamp the block is cut: its own id, or one for a copy while an upgrade needs the old bytes. */
function newTruncateBlock(
  ns: Namespace,
  block: BlockHandle,
): { readonly ops: readonly EditOp[]; readonly truncateBlock: EditBlock } {
  if (!ns.keepsOldBlocks()) {
    const stamp = nextGenStampOp(ns, block);
    return { ops: [stamp], truncateBlock: { ...editBlock(ns, block), genStamp: stamp.genStamp } };
  }
  const id = blockId(ns.lastBlockId + 1n);
  const stamp = genStamp(ns.genStamp + 1);
  return {
    ops: [
      { kind: 'ALLOCATE_BLOCK_ID', blockId: id },
      { kind: 'SET_GENSTAMP_V2', genStamp: stamp },
    ],
    truncateBlock: { id, numBytes: 0, genStamp: stamp },
  };
}
