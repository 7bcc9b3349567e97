// append: opens a closed file again, its last block too while that has room. Apache: FSDirAppendOp.
import { HdfsError } from '../../../base/errors.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import type { RpcIds } from '../../edits/ops.ts';
import { fileLength } from '../file-length.ts';
import { effectivePolicy, localPolicy } from '../inode-policy.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { type FileStatus, fileStatusOf } from '../queries/file-status.ts';
import { checkFileSpace } from '../quota.ts';
import { checkPermission, fileAt, resolvePath } from '../resolve.ts';
import { SpaceUsage } from '../space-usage.ts';
import { blockFromEnd, blockText } from './block-values.ts';
import { checkNotOpen } from './lease-check.ts';

export interface AppendRequest {
  readonly path: string;
  readonly clientName: string;
  readonly clientMachine: string;
  /** Flag NEW_BLOCK: go on in a block of its own. */
  readonly newBlock: boolean;
  readonly rpc: RpcIds;
}

export interface Appended {
  readonly status: FileStatus;
  /** The block to go on in, or with NEW_BLOCK the last one for its length; 0: the client asks for a new one. */
  readonly block: BlockHandle;
  /** Where the block begins in the file. */
  readonly offset: number;
  /** The block itself was opened again, and its replicas are the pipeline. */
  readonly reopened: boolean;
}

/** Apache: HdfsConstants.StoragePolicy.LAZY_PERSIST. */
export const LAZY_PERSIST = 15;

/** `isSufficientlyReplicated`: whether a complete block has replicas enough to be written on. */
export function checkAppend(
  ns: Namespace,
  caller: Caller,
  request: AppendRequest,
  isSufficientlyReplicated: (block: BlockHandle) => boolean,
): Checked<Appended> {
  const path = resolvePath(ns, caller, request.path, 'write', 'append');
  const inode = path.last;
  if (inode !== 0 && ns.inodes.type(inode) === InodeType.DIRECTORY) {
    throw new HdfsError('EEXIST', `Cannot append to directory ${path.text}; already exists as a directory.`);
  }
  checkPermission(ns, caller, path, { self: FsAction.WRITE });
  if (inode === 0) {
    throw new HdfsError('ENOENT', `Failed to append to non-existent file ${path.text} for client ${request.clientMachine}`, {
      path: path.text,
    });
  }
  const file = fileAt(ns.inodes, inode, path.text);
  if (effectivePolicy(ns.inodes, file) === LAZY_PERSIST) {
    throw new HdfsError('EUNSUPPORTED', `Cannot append to lazy persist file ${path.text}`);
  }
  checkNotOpen(ns, 'APPEND_FILE', file, path.text, request.clientName, request.clientMachine);
  const last = blockFromEnd(ns, file, 0);
  if (last !== 0 && ns.blocks.state(last) === BlockState.COMMITTED) {
    throw new HdfsError(
      'ERETRY',
      'org.apache.hadoop.hdfs.server.namenode.NotReplicatedYetException: append: ' +
        `lastBlock=${blockText(ns, last)} of src=${path.text} is COMMITTED but not yet COMPLETE.`,
    );
  }
  if (last !== 0 && ns.blocks.state(last) === BlockState.COMPLETE && !isSufficientlyReplicated(last)) {
    throw new HdfsError(
      'EIO',
      `append: lastBlock=${blockText(ns, last)} of src=${path.text} is not sufficiently replicated yet.`,
    );
  }
  if (last !== 0) checkFileSpace(ns, file, reserved(ns, file, last));
  const { clientName, clientMachine, newBlock, rpc } = request;
  return {
    ops: [{ kind: 'APPEND', path: path.text, clientName, clientMachine, newBlock, rpc }],
    result: () => appended(ns, file, newBlock),
  };
}

/** What the last block will count for beyond its length while it is open; a full one is not opened, as Apache. */
function reserved(ns: Namespace, file: InodeHandle, last: BlockHandle): SpaceUsage {
  const usage = new SpaceUsage();
  const { inodes, blocks } = ns;
  usage.add(localPolicy(inodes, file), inodes.replication(file), inodes.preferredBlockSize(file) - blocks.numBytes(last));
  return usage;
}

/** The answer to an append that was carried out; made again for a client that missed it. */
export function appended(ns: Namespace, file: InodeHandle, newBlock: boolean): Appended {
  const last = blockFromEnd(ns, file, 0);
  const reopened = !newBlock && last !== 0 && ns.blocks.state(last) !== BlockState.COMPLETE;
  const length = fileLength(ns, file);
  return {
    status: fileStatusOf(ns, file),
    block: newBlock || reopened ? last : 0,
    offset: last === 0 ? 0 : length - ns.blocks.numBytes(last),
    reopened,
  };
}
