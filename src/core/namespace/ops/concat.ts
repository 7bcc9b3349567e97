// concat: files of one directory become the tail of another of its files. Apache: FSDirConcatOp.
import { HdfsError } from '../../../base/errors.ts';
import type { RpcIds } from '../../edits/ops.ts';
import { fileLength } from '../file-length.ts';
import { localPolicy } from '../inode-policy.ts';
import type { InodeHandle } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { isReservedInodesName, isReservedRawName } from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkFileSpace } from '../quota.ts';
import { checkPermission, fileAt, type ResolvedPath, resolvePath } from '../resolve.ts';
import { SpaceUsage } from '../space-usage.ts';

export interface ConcatRequest {
  readonly target: string;
  readonly sources: readonly string[];
  readonly rpc: RpcIds;
}

/** Answers the file that now has all blocks. */
export function checkConcat(ns: Namespace, caller: Caller, request: ConcatRequest, now: number): Checked<InodeHandle> {
  const { target, sources } = request;
  if (target === '') throw new HdfsError('EILLEGAL', 'Target file name is empty');
  if (sources.length === 0) throw new HdfsError('EILLEGAL', 'No sources given');
  for (const path of [target, ...sources]) {
    if (isReservedRawName(path) || isReservedInodesName(path)) {
      throw new HdfsError('EIO', `Concat operation doesn't support .reserved relative path : ${path}`);
    }
  }
  const targetPath = resolvePath(ns, caller, target, 'write', 'concat');
  checkPermission(ns, caller, targetPath, { self: FsAction.WRITE });
  const file = fileAt(ns.inodes, targetPath.last, target);
  if (ns.inodes.isUnderConstruction(file)) {
    throw new HdfsError('EINVAL', `concat: target file ${target} is under construction`);
  }
  const seen = new Set<InodeHandle>();
  for (const source of sources) seen.add(checkSource(ns, caller, source, targetPath));
  if (seen.size < sources.length) {
    throw new HdfsError('EINVAL', 'concat: at least two of the source files are the same');
  }
  checkFileSpace(ns, file, replicationChange(ns, file, seen));
  return {
    ops: [{ kind: 'CONCAT_DELETE', target, sources, timestamp: now, rpc: request.rpc }],
    result: () => file,
  };
}

/** What the blocks that come take more, or less, under the target's replication. */
function replicationChange(ns: Namespace, target: InodeHandle, sources: Iterable<InodeHandle>): SpaceUsage {
  const usage = new SpaceUsage();
  const replication = ns.inodes.replication(target);
  for (const source of sources) {
    if (ns.inodes.replication(source) === replication) continue;
    const policy = localPolicy(ns.inodes, source);
    const bytes = fileLength(ns, source);
    usage.add(policy, ns.inodes.replication(source), -bytes);
    usage.add(policy, replication, bytes);
  }
  return usage;
}

function checkSource(ns: Namespace, caller: Caller, source: string, target: ResolvedPath): InodeHandle {
  const { inodes } = ns;
  const path = resolvePath(ns, caller, source, 'write', 'concat');
  checkPermission(ns, caller, path, { self: FsAction.READ });
  checkPermission(ns, caller, path, { parent: FsAction.WRITE });
  const file = fileAt(inodes, path.last, source);
  const refuse = (reason: string) => new HdfsError('EINVAL', reason);
  if (path.parent !== target.parent) {
    throw refuse(`Source file ${source} is not in the same directory with the target ${target.text}`);
  }
  if (file === target.last) throw refuse(`concat: the src file ${source} is the same with the target file ${target.text}`);
  if (inodes.isUnderConstruction(file) || inodes.blockCount(file) === 0) {
    throw refuse(`concat: source file ${source} is invalid or empty or underConstruction`);
  }
  const size = inodes.preferredBlockSize(file);
  const targetSize = inodes.preferredBlockSize(target.last);
  if (size > targetSize) {
    throw refuse(
      `concat: source file ${source} has preferred block size ${size} which is greater than the target file's ` +
        `preferred block size ${targetSize}`,
    );
  }
  return file;
}
