// create: a new file, or a new one in an old one's place, opened for writing under the client's lease. Apache:
// FSNamesystem.startFileInt, FSDirWriteFileOp.startFile.
import { HdfsError } from '../../../base/errors.ts';
import type { EditOp, RpcIds } from '../../edits/ops.ts';
import { storagePolicyById, storagePolicyByName } from '../../placement/storage-policy.ts';
import { effectivePolicy } from '../inode-policy.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import {
  checkPathLength,
  invalidPath,
  isExactReservedName,
  isReservedInodesName,
  isReservedName,
  isReservedRawName,
  isValidName,
} from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { type FileStatus, fileStatusOf } from '../queries/file-status.ts';
import { checkParentDirectory, checkPermission, fileAt, type ResolvedPath, resolvePath } from '../resolve.ts';
import { MAX_BLOCK_SIZE } from '../table/layout.ts';
import { checkNotOpen } from './lease-check.ts';
import { type CreateMode, NewInodes } from './new-inodes.ts';

export interface CreateRequest {
  readonly path: string;
  readonly mode: CreateMode;
  readonly clientName: string;
  readonly clientMachine: string;
  /** Flag CREATE: the file may be new. */
  readonly create: boolean;
  readonly overwrite: boolean;
  readonly lazyPersist: boolean;
  readonly shouldReplicate: boolean;
  readonly createParent: boolean;
  readonly replication: number;
  readonly blockSize: number;
  /** Empty or undefined: none asked for. */
  readonly ecPolicyName?: string | undefined;
  readonly storagePolicy?: string | undefined;
  readonly rpc: RpcIds;
}

/** Answers the status of the new file. */
export function checkCreate(ns: Namespace, caller: Caller, request: CreateRequest, now: number): Checked<FileStatus> {
  checkCreatePath(request.path);
  if (request.shouldReplicate && (request.ecPolicyName ?? '') !== '') {
    throw new HdfsError('EINVAL', 'SHOULD_REPLICATE flag and ecPolicyName are exclusive parameters. Set both is not allowed!');
  }
  const path = resolvePath(ns, caller, request.path, 'create');
  checkTarget(ns, caller, path, request);
  checkSizes(ns, request);
  if (path.last !== 0 && !request.overwrite) {
    checkNotOpen(ns, 'CREATE_FILE', path.last, path.text, request.clientName, request.clientMachine);
    throw new HdfsError('EEXIST', `${path.text} for client ${request.clientMachine} already exists`, { path: path.text });
  }
  const policy = namedPolicy(request.storagePolicy ?? '');
  const made = new NewInodes(ns, path, caller.user, now, path.last);
  const nearest = path.inodes[(path.last === 0 ? path.existing : path.length - 1) - 1] as InodeHandle;
  // Parents made on the way take the mode of the nearest directory that exists.
  made.parents({ masked: ns.inodes.mode(nearest) });
  const child = made.child(request.mode, false);
  const id = made.nextId();
  const op: EditOp = {
    kind: 'ADD',
    inodeId: id,
    path: path.text,
    replication: request.replication,
    mtime: now,
    atime: now,
    blockSize: request.blockSize,
    blocks: [],
    permissions: child.permissions,
    aclEntries: child.aclEntries,
    xAttrs: [],
    clientName: request.clientName,
    clientMachine: request.clientMachine,
    overwrite: request.overwrite,
    storagePolicyId: newFilePolicy(ns, nearest, policy, request.lazyPersist),
    erasureCodingPolicyId: 0,
    rpc: request.rpc,
  };
  const result = () => fileStatusOf(ns, ns.inodes.find(id));
  // Where a parent is made on the way, its handle is not known yet.
  if (made.ops.length > 0) return { ops: [...made.ops, op], result };
  return { ops: [op], handles: [path.handles], result };
}

/** What is wrong with a path by itself; refused before anything else, even in safe mode. */
export function checkCreatePath(path: string): void {
  checkPathLength('create', path);
  const isOtherReserved = isReservedName(path) && !isReservedRawName(path) && !isReservedInodesName(path);
  if (!isValidName(path) || isExactReservedName(path) || isOtherReserved) throw invalidPath(path);
}

/** Apache: FSDirWriteFileOp.resolvePathForStartFile. */
function checkTarget(ns: Namespace, caller: Caller, path: ResolvedPath, request: CreateRequest): void {
  checkPermission(ns, caller, path, { ancestor: FsAction.WRITE });
  const inode = path.last;
  if (inode === 0) {
    if (!request.createParent) checkParentDirectory(ns, path);
    if (!request.create) throw new HdfsError('ENOENT', `Can't overwrite non-existent ${request.path}`, { path: path.text });
    return;
  }
  if (ns.inodes.type(inode) === InodeType.DIRECTORY) {
    throw new HdfsError('EEXIST', `${path.text} already exists as a directory`, { path: path.text });
  }
  fileAt(ns.inodes, inode, request.path);
  if (request.overwrite) checkPermission(ns, caller, path, { self: FsAction.WRITE });
}

function checkSizes(ns: Namespace, request: CreateRequest): void {
  const { minBlockSize } = ns.options;
  if (request.blockSize < minBlockSize) {
    throw new HdfsError(
      'EIO',
      `Specified block size ${request.blockSize} is less than configured minimum value ` +
        `dfs.namenode.fs-limits.min-block-size=${minBlockSize}`,
    );
  }
  const ecPolicy = request.ecPolicyName ?? '';
  if (ecPolicy !== '' && ecPolicy !== 'replication') {
    const enabled = ns.erasureCoding.enabled.map(({ name }) => name);
    if (enabled.includes(ecPolicy)) throw new HdfsError('EUNSUPPORTED', 'erasure coding is not built yet');
    throw new HdfsError(
      'EINVAL',
      `Policy '${ecPolicy}' does not match any enabled erasure coding policies: [${enabled.join(', ')}]. ` +
        'An erasure coding policy can be enabled by enableErasureCodingPolicy API.',
    );
  }
  checkReplication(ns, request.path, request.replication, request.clientMachine);
  if (request.blockSize > MAX_BLOCK_SIZE) {
    // Apache finds it out when it packs the file's header, and says it so.
    throw new HdfsError('EILLEGAL', `Illagal value: PREFERRED_BLOCK_SIZE = ${request.blockSize} > MAX = ${MAX_BLOCK_SIZE}`);
  }
}

/** Apache: BlockManager.verifyReplication. */
export function checkReplication(ns: Namespace, path: string, replication: number, clientName?: string): void {
  const { minReplication, maxReplication } = ns.options;
  let fault: string | undefined;
  if (replication > maxReplication) fault = ` exceeds maximum of ${maxReplication}`;
  else if (replication < minReplication) fault = ` is less than the required minimum of ${minReplication}`;
  if (fault === undefined) return;
  const client = clientName === undefined ? '' : `, clientName=${clientName}`;
  throw new HdfsError('EIO', `Requested replication factor of ${replication}${fault} for ${path}${client}`, { path });
}

/** The id of a storage policy by its name, 0 where none is named. */
function namedPolicy(name: string): number {
  if (name === '') return 0;
  const named = storagePolicyByName(name);
  if (named === undefined) throw new HdfsError('EINVAL', `Cannot find a block policy with the name ${name}`);
  return named.id;
}

/** The policy that the file keeps as its own: asked for by name or flag, or one that new files copy. */
function newFilePolicy(ns: Namespace, parent: InodeHandle, own: number, lazyPersist: boolean): number {
  if (lazyPersist) return storagePolicyByName('LAZY_PERSIST')?.id ?? own;
  const inForce = own !== 0 ? own : effectivePolicy(ns.inodes, parent);
  return inForce !== 0 && storagePolicyById(inForce).copyOnCreateFile ? inForce : own;
}
