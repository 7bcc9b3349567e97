// What the audit log says of each call of ClientProtocol: the name of the operation, the paths it is about, and whose rights
// are shown beside it. Mirrors the calls of FSNamesystem.logAuditEvent. Methods that are not here are not audited, as those
// of blocks and leases are not.
import { quotaCommand } from '../../../core/namespace/ops/quota.ts';
import type { RequestOf, ServiceMethods } from '../../../rpc/service.ts';
import {
  type ClientNamenodeProtocol,
  RollingUpgradeActionProto,
  SafeModeActionProtoNames,
} from '../../../wire/messages/client-namenode.ts';

type Methods = typeof ClientNamenodeProtocol;

type SnapshotDiffRequest = Pick<RequestOf<Methods, 'getSnapshotDiffReport'>, 'snapshotRoot' | 'fromSnapshot' | 'toSnapshot'>;

export interface AuditedCall {
  readonly cmd: string;
  readonly src: string | undefined;
  readonly dst?: string | undefined;
  /** Path whose owner, group and mode are shown once the operation is done. */
  readonly shown?: string | undefined;
  /** They themselves, where the answer has them: the path may name something else by then. */
  readonly status?: { readonly owner: string; readonly group: string; readonly mode: number } | undefined;
}

type Describe<K extends keyof Methods> = (request: RequestOf<Methods, K>) => AuditedCall;

const read =
  (cmd: string) =>
  ({ src }: { readonly src: string }): AuditedCall => ({ cmd, src });
const readPath =
  (cmd: string) =>
  ({ path }: { readonly path: string }): AuditedCall => ({ cmd, src: path });
const change =
  (cmd: string) =>
  ({ src }: { readonly src: string }): AuditedCall => ({ cmd, src, shown: src });
/** From the one state to the other. Apache: Snapshot.getSnapshotPath. */
const snapshotDiff = (request: SnapshotDiffRequest): AuditedCall => {
  const { snapshotRoot, fromSnapshot, toSnapshot } = request;
  const root = snapshotRoot.endsWith('/') ? snapshotRoot : `${snapshotRoot}/`;
  const [src, dst] = [fromSnapshot, toSnapshot].map((name) => (name === '' ? snapshotRoot : `${root}.snapshot/${name}`));
  return { cmd: 'computeSnapshotDiff', src, dst };
};
const plain = (cmd: string) => (): AuditedCall => ({ cmd, src: undefined });

/** Apache: CacheDirectiveInfo.toString. */
function filterText({ id, path, replication, pool }: RequestOf<Methods, 'listCacheDirectives'>['filter']): string {
  const parts: string[] = [];
  if (id !== undefined) parts.push(`id: ${id}`);
  if (path !== undefined) parts.push(`path: ${path}`);
  if (replication !== undefined) parts.push(`replication: ${replication}`);
  if (pool !== undefined) parts.push(`pool: ${pool}`);
  return `{${parts.join(', ')}}`;
}

/** Apache: FSNamesystem.getFailedStorageCommand. */
const RESTORE: Readonly<Record<string, string>> = { check: 'checkRestoreFailedStorage', true: 'enableRestoreFailedStorage' };

const ROLLING: Readonly<Record<number, string>> = {
  [RollingUpgradeActionProto.QUERY]: 'queryRollingUpgrade',
  [RollingUpgradeActionProto.START]: 'startRollingUpgrade',
  [RollingUpgradeActionProto.FINALIZE]: 'finalizeRollingUpgrade',
};

export const AUDITED: { readonly [K in keyof Methods]?: Describe<K> } = {
  getBlockLocations: read('open'),
  getFileInfo: read('getfileinfo'),
  getFileLinkInfo: read('getfileinfo'),
  getLinkTarget: readPath('getfileinfo'),
  // Who asks for the right to read its blocks reads it.
  getLocatedFileInfo: ({ src, needBlockToken }) => ({ cmd: needBlockToken ? 'open' : 'getfileinfo', src }),
  getListing: read('listStatus'),
  getContentSummary: readPath('contentSummary'),
  getQuotaUsage: readPath('quotaUsage'),
  checkAccess: readPath('checkAccess'),
  isFileClosed: read('isFileClosed'),
  getAclStatus: read('getAclStatus'),
  getXAttrs: read('getXAttrs'),
  listXAttrs: read('listXAttrs'),
  getEZForPath: change('getEZForPath'),
  getEnclosingRoot: ({ filename = '' }) => ({ cmd: 'getEZForPath', src: filename, shown: filename }),
  listEncryptionZones: plain('listEncryptionZones'),
  listReencryptionStatus: plain('listReencryptionStatus'),
  listCachePools: plain('listCachePools'),
  listCacheDirectives: ({ filter }) => ({ cmd: 'listCacheDirectives', src: filterText(filter) }),
  getCurrentEditLogTxid: plain('getCurrentEditLogTxid'),
  getEditsFromTxid: plain('getEditsFromTxid'),
  getErasureCodingPolicy: read('getErasureCodingPolicy'),
  create: change('create'),
  append: read('append'),
  mkdirs: change('mkdirs'),
  delete: read('delete'),
  rename: ({ src, dst }) => ({ cmd: 'rename', src, dst, shown: dst }),
  rename2: ({ src, dst, overwriteDest, moveToTrash }) => {
    const option = overwriteDest
      ? moveToTrash === true
        ? 'OVERWRITE, TO_TRASH'
        : 'OVERWRITE'
      : moveToTrash === true
        ? 'TO_TRASH'
        : 'NONE';
    return { cmd: `rename (options=[${option}])`, src, dst, shown: dst };
  },
  concat: ({ trg, srcs }) => ({ cmd: 'concat', src: `[${srcs.join(', ')}]`, dst: trg, shown: trg }),
  truncate: change('truncate'),
  setReplication: read('setReplication'),
  setPermission: change('setPermission'),
  setOwner: change('setOwner'),
  setTimes: change('setTimes'),
  setStoragePolicy: change('setStoragePolicy'),
  unsetStoragePolicy: change('unsetStoragePolicy'),
  satisfyStoragePolicy: change('satisfyStoragePolicy'),
  setQuota: ({ path, namespaceQuota, storagespaceQuota }) => ({
    cmd: quotaCommand({ namespace: namespaceQuota, space: storagespaceQuota }),
    src: path,
  }),
  createSymlink: ({ target, link }) => ({ cmd: 'createSymlink', src: link, dst: target, shown: link }),
  modifyAclEntries: change('modifyAclEntries'),
  removeAclEntries: change('removeAclEntries'),
  removeDefaultAcl: change('removeDefaultAcl'),
  removeAcl: change('removeAcl'),
  setAcl: change('setAcl'),
  setXAttr: change('setXAttr'),
  removeXAttr: change('removeXAttr'),
  listCorruptFileBlocks: readPath('listCorruptFileBlocks'),
  getDatanodeReport: plain('datanodeReport'),
  getDatanodeStorageReport: plain('getDatanodeStorageReport'),
  getSlowDatanodeReport: plain('slowDataNodesReport'),
  saveNamespace: plain('saveNamespace'),
  rollEdits: plain('rollEditLog'),
  reportBadBlocks: plain('reportBadBlocks'),
  restoreFailedStorage: ({ arg }) => ({ cmd: RESTORE[arg] ?? 'disableRestoreFailedStorage', src: undefined }),
  refreshNodes: plain('refreshNodes'),
  finalizeUpgrade: plain('finalizeUpgrade'),
  setBalancerBandwidth: plain('setBalancerBandwidth'),
  metaSave: plain('metaSave'),
  listOpenFiles: plain('listOpenFiles'),
  setSafeMode: ({ action }) => ({ cmd: (SafeModeActionProtoNames[action] ?? '').toLowerCase(), src: undefined }),
  rollingUpgrade: ({ action }) => ({ cmd: ROLLING[action] ?? 'rollingUpgrade', src: undefined }),
  getErasureCodingPolicies: plain('getErasureCodingPolicies'),
  getErasureCodingCodecs: plain('getErasureCodingCodecs'),
  getECTopologyResultForPolicies: plain('getECTopologyResultForPolicies'),
  getSnapshottableDirListing: plain('listSnapshottableDirectory'),
  getSnapshotListing: ({ snapshotRoot }) => ({ cmd: 'ListSnapshot', src: snapshotRoot }),
  getSnapshotDiffReport: snapshotDiff,
  getSnapshotDiffReportListing: snapshotDiff,
};

/** What is said of a call that was refused, where that is something else. */
export const REFUSED: { readonly [K in keyof Methods]?: Describe<K> } = {
  listOpenFiles: ({ path = '/' }) => ({ cmd: 'listOpenFiles', src: path }),
  listEncryptionZones: () => ({ cmd: 'listEncryptionZones', src: '/' }),
  listReencryptionStatus: () => ({ cmd: 'listReencryptionStatus', src: '/' }),
};

/**
 * Calls that are written down only when they are refused. Apache: FSNamesystem.checkSuperuserPrivilege writes that down for every
 * method; and nothing is written about rolling upgrades where none is under way. What getLinkTarget saw it says itself.
 */
export const ONLY_WHEN_REFUSED: ReadonlySet<keyof ServiceMethods> = new Set([
  'getCurrentEditLogTxid',
  'getEditsFromTxid',
  'getLinkTarget',
  'listCorruptFileBlocks',
  'rollingUpgrade',
]);

/** Calls whose every failure is written down as a refusal. */
export const REFUSED_BY_ANY_FAILURE: ReadonlySet<keyof ServiceMethods> = new Set([
  'getErasureCodingPolicy',
  'getErasureCodingPolicies',
  'getErasureCodingCodecs',
]);

/** Operations that are written down only when they answer that something was done. */
export const ONLY_WHEN_TRUE: ReadonlySet<keyof ServiceMethods> = new Set(['rename', 'setReplication', 'isFileClosed']);

/** Operations that are written down as refused when they answer that nothing was done. */
export const REFUSED_WHEN_FALSE: ReadonlySet<keyof ServiceMethods> = new Set(['delete']);
