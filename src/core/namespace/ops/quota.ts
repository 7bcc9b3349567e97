// setQuota. Name quotas are kept and held; a quota on space is refused, since the space below a directory is not counted
// yet. Apache: FSNamesystem.setQuota, FSDirAttrOp.unprotectedSetQuota.
import { HdfsError } from '../../../base/errors.ts';
import type { EditOp } from '../../edits/ops.ts';
import { InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { type Caller, checkSuperuser } from '../permissions.ts';
import { changedQuota, QUOTA_DONT_SET, QUOTA_RESET, quotaOf } from '../quota.ts';
import { resolvePath } from '../resolve.ts';

export interface SetQuotaRequest {
  readonly path: string;
  readonly namespace: number;
  readonly space: number;
  /** Hadoop's number of the storage type whose space is meant. */
  readonly storageType?: number | undefined;
}

const isLegal = (quota: number): boolean => quota >= 0 || quota === QUOTA_DONT_SET || quota === QUOTA_RESET;

export function checkSetQuota(ns: Namespace, caller: Caller, request: SetQuotaRequest): Checked<void> {
  checkSuperuser(caller, 'setQuota');
  const { namespace, space, storageType } = request;
  const path = resolvePath(ns, caller, request.path, 'write', 'setQuota');
  if (!isLegal(namespace) || !isLegal(space)) {
    throw new HdfsError('EILLEGAL', `Illegal value for nsQuota or ssQuota : ${namespace} and ${space}`);
  }
  const directory = path.last;
  if (directory === 0) throw new HdfsError('ENOENT', `Directory does not exist: ${path.text}`, { path: path.text });
  if (ns.inodes.type(directory) !== InodeType.DIRECTORY) {
    throw new HdfsError('EPATHNOTDIR', `\`${path.text}': Is not a directory`, { path: path.text });
  }
  const old = quotaOf(ns.inodes, directory);
  const wanted = changedQuota(ns.inodes, directory, namespace, space, storageType);
  const setsSpace = storageType === undefined ? wanted.space >= 0 && wanted.space !== old.space : space !== QUOTA_RESET;
  if (setsSpace) {
    throw new HdfsError('EUNSUPPORTED', 'Space quotas are not supported by this NameNode yet', { path: path.text });
  }
  const op = quotaOp(request.path, wanted.namespace, wanted.space, storageType);
  const unchanged =
    storageType === undefined ? wanted.namespace === old.namespace && wanted.space === old.space : !old.byType.has(storageType);
  return { ops: unchanged ? [] : [op], result: () => undefined };
}

function quotaOp(path: string, namespace: number, space: number, storageType: number | undefined): EditOp {
  if (storageType !== undefined) return { kind: 'SET_QUOTA_BY_STORAGETYPE', path, storageType, spaceQuota: QUOTA_RESET };
  return { kind: 'SET_QUOTA', path, namespaceQuota: namespace, spaceQuota: space };
}
