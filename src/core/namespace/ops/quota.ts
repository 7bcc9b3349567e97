// setQuota: limits names or space below a directory, or lifts the limit. What is there already may be more. Apache:
// FSNamesystem.setQuota, FSDirAttrOp.unprotectedSetQuota.
import { HdfsError } from '../../../base/errors.ts';
import { decimal } from '../../../base/java-long.ts';
import type { EditOp } from '../../edits/ops.ts';
import { InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { type Caller, checkSuperuser } from '../permissions.ts';
import { changedQuota, QUOTA_DONT_SET, QUOTA_RESET, quotaOf } from '../quota.ts';
import { checkOwner, type ResolvedPath, resolvePath } from '../resolve.ts';

export interface SetQuotaRequest {
  readonly path: string;
  readonly namespace: number;
  readonly space: number;
  /** Hadoop's number of the storage type whose space is meant. */
  readonly storageType?: number | undefined;
}

const isLegal = (quota: number): boolean => quota >= 0 || quota === QUOTA_DONT_SET || quota === QUOTA_RESET;

/** As messages name the request. Apache: FSNamesystem.getQuotaCommand. */
export function quotaCommand({ namespace, space }: Pick<SetQuotaRequest, 'namespace' | 'space'>): string {
  if (namespace === QUOTA_RESET && space === QUOTA_DONT_SET) return 'clearQuota';
  if (namespace === QUOTA_DONT_SET && space === QUOTA_RESET) return 'clearSpaceQuota';
  return space === QUOTA_DONT_SET ? 'setQuota' : 'setSpaceQuota';
}

/** Who may not set quotas at all; refused before anything else, even in safe mode. */
export function checkMaySetQuota(ns: Namespace, caller: Caller, request: SetQuotaRequest): void {
  if (!ns.options.ownersSetQuota) checkSuperuser(caller, quotaCommand(request));
}

export function checkSetQuota(ns: Namespace, caller: Caller, request: SetQuotaRequest): Checked<void> {
  checkMaySetQuota(ns, caller, request);
  const { namespace, space, storageType } = request;
  const path = resolvePath(ns, caller, request.path, 'write', quotaCommand(request));
  if (ns.options.permissionsEnabled && !caller.superuser) checkParentOwner(ns, caller, path);
  if (!isLegal(namespace) || !isLegal(space)) {
    throw new HdfsError('EILLEGAL', `Illegal value for nsQuota or ssQuota : ${decimal(namespace)} and ${decimal(space)}`);
  }
  if (storageType !== undefined && (!ns.options.typeQuotasEnabled || namespace !== QUOTA_DONT_SET)) {
    throw new HdfsError(
      'EUNSUPPORTEDACTION',
      'Failed to set quota by storage type because eitherdfs.quota.by.storage.type.enabled is set to ' +
        `${ns.options.typeQuotasEnabled} or nsQuota value is illegal ${decimal(namespace)}`,
    );
  }
  const directory = path.last;
  if (directory === 0) throw new HdfsError('ENOENT', `Directory does not exist: ${path.text}`, { path: path.text });
  if (ns.inodes.type(directory) !== InodeType.DIRECTORY) {
    throw new HdfsError('EPATHNOTDIR', `\`${path.text}': Is not a directory`, { path: path.text });
  }
  const old = quotaOf(ns.inodes, directory);
  const wanted = changedQuota(ns.inodes, directory, namespace, space, storageType);
  if (storageType !== undefined) {
    const limit = wanted.byType.get(storageType) ?? QUOTA_RESET;
    const op: EditOp = { kind: 'SET_QUOTA_BY_STORAGETYPE', path: path.text, storageType, spaceQuota: limit };
    return { ops: limit === (old.byType.get(storageType) ?? QUOTA_RESET) ? [] : [op], result: () => undefined };
  }
  const isSame = wanted.namespace === old.namespace && wanted.space === old.space;
  const op: EditOp = { kind: 'SET_QUOTA', path: path.text, namespaceQuota: wanted.namespace, spaceQuota: wanted.space };
  return { ops: isSame ? [] : [op], result: () => undefined };
}

/** With dfs.permissions.allow.owner.set.quota, the owner of the parent does. */
function checkParentOwner(ns: Namespace, caller: Caller, path: ResolvedPath): void {
  try {
    checkOwner(ns, caller, path.above);
  } catch (error) {
    if (!(error instanceof HdfsError) || error.code !== 'EACCES') throw error;
    throw new HdfsError(
      'EACCES',
      `Access denied for user ${caller.user}. Superuser or owner of parent folder privilege is required`,
    );
  }
}
