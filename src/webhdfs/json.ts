// The answers of WebHDFS as JSON, made from the messages of ClientProtocol. Field names and their order are those of
// Hadoop's JsonUtil: WebHDFS clients of twenty languages parse them.
import { longLess, quotaValue } from '../base/java-long.ts';
import type { ErasureCodingPolicyInfo } from '../client/erasure-coding.ts';
import type { AclEntryProto, AclStatusProto } from '../wire/messages/acl.ts';
import { AclEntryProto_AclEntryScopeProto, AclEntryProto_AclEntryTypeProtoNames } from '../wire/messages/acl.ts';
import {
  type BlockStoragePolicyProto,
  type ContentSummaryProto,
  type DatanodeInfoProto,
  DatanodeInfoProto_AdminStateNames,
  type DirectoryListingProto,
  type FsServerDefaultsProto,
  type HdfsFileStatusProto,
  HdfsFileStatusProto_FileType,
  HdfsFileStatusProto_Flags,
  type LocatedBlockProto,
  type LocatedBlocksProto,
  type QuotaUsageProto,
  StorageTypeProto,
  StorageTypeProtoNames,
} from '../wire/messages/hdfs.ts';
import { hashMap, type Json, type JsonObject, treeMap, wrapped, writeJson } from './java-json.ts';

export const utf8 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

const octal = (mode: number): string => mode.toString(8);

const quotaJson = (value: number): Json => longLess(quotaValue(value), 0);

const FILE_TYPES: Readonly<Record<HdfsFileStatusProto_FileType, string>> = {
  [HdfsFileStatusProto_FileType.IS_DIR]: 'DIRECTORY',
  [HdfsFileStatusProto_FileType.IS_FILE]: 'FILE',
  [HdfsFileStatusProto_FileType.IS_SYMLINK]: 'SYMLINK',
};

export function fileStatusFields(status: HdfsFileStatusProto): JsonObject {
  const has = (flag: number): true | undefined => ((status.flags & flag) === 0 ? undefined : true);
  return treeMap({
    pathSuffix: utf8(status.path),
    type: FILE_TYPES[status.fileType],
    symlink: status.fileType === HdfsFileStatusProto_FileType.IS_SYMLINK ? utf8(status.symlink ?? new Uint8Array()) : undefined,
    length: status.length,
    owner: status.owner,
    group: status.group,
    permission: octal(status.permission.perm & 0o1777),
    aclBit: has(HdfsFileStatusProto_Flags.HAS_ACL),
    encBit: has(HdfsFileStatusProto_Flags.HAS_CRYPT),
    ecBit: has(HdfsFileStatusProto_Flags.HAS_EC),
    snapshotEnabled: has(HdfsFileStatusProto_Flags.SNAPSHOT_ENABLED),
    accessTime: status.access_time,
    modificationTime: status.modification_time,
    blockSize: status.blocksize,
    replication: status.block_replication,
    fileId: status.fileId,
    childrenNum: Math.max(0, status.childrenNum),
    storagePolicy: status.storagePolicy,
  });
}

export const fileStatusJson = (status: HdfsFileStatusProto): string => wrapped('FileStatus', fileStatusFields(status));

export function directoryListingJson(listing: DirectoryListingProto): string {
  return wrapped('DirectoryListing', {
    partialListing: { FileStatuses: { FileStatus: listing.partialListing.map(fileStatusFields) } },
    remainingEntries: listing.remainingEntries,
  });
}

/** Types that a quota may be set for, in Hadoop's order. Apache: StorageType.getTypesSupportingQuota. */
const QUOTA_TYPES: readonly StorageTypeProto[] = [
  StorageTypeProto.SSD,
  StorageTypeProto.DISK,
  StorageTypeProto.ARCHIVE,
  StorageTypeProto.PROVIDED,
  StorageTypeProto.NVDIMM,
];

type QuotaFields = Pick<QuotaUsageProto, 'quota' | 'spaceConsumed' | 'spaceQuota' | 'typeQuotaInfos'>;

function quotaFields(usage: QuotaFields): JsonObject {
  const typeQuota: Record<string, Json> = {};
  for (const info of usage.typeQuotaInfos?.typeQuotaInfo ?? []) {
    if (!QUOTA_TYPES.includes(info.type) || quotaValue(info.quota) === -1) continue;
    typeQuota[StorageTypeProtoNames[info.type] ?? ''] = { consumed: info.consumed, quota: info.quota };
  }
  return {
    quota: quotaJson(usage.quota),
    spaceConsumed: usage.spaceConsumed,
    spaceQuota: quotaJson(usage.spaceQuota),
    typeQuota: treeMap(typeQuota),
  };
}

export function contentSummaryJson(summary: ContentSummaryProto): string {
  return wrapped(
    'ContentSummary',
    treeMap({
      length: summary.length,
      fileCount: summary.fileCount,
      directoryCount: summary.directoryCount,
      ecPolicy: summary.erasureCodingPolicy ?? '',
      ...quotaFields(summary),
      snapshotLength: summary.snapshotLength ?? 0,
      snapshotFileCount: summary.snapshotFileCount ?? 0,
      snapshotDirectoryCount: summary.snapshotDirectoryCount ?? 0,
      snapshotSpaceConsumed: summary.snapshotSpaceConsumed ?? 0,
    }),
  );
}

export function quotaUsageJson(usage: QuotaUsageProto): string {
  return wrapped('QuotaUsage', treeMap({ fileAndDirectoryCount: usage.fileAndDirectoryCount, ...quotaFields(usage) }));
}

// ---------------------------------------------------------------------------------------------------------- locations

function datanodeFields(info: DatanodeInfoProto): JsonObject {
  const { id } = info;
  return treeMap({
    ipAddr: id.ipAddr,
    name: `${id.ipAddr}:${id.xferPort}`,
    hostName: id.hostName,
    storageID: id.datanodeUuid,
    xferPort: id.xferPort,
    infoPort: id.infoPort,
    infoSecurePort: id.infoSecurePort,
    ipcPort: id.ipcPort,
    capacity: info.capacity,
    dfsUsed: info.dfsUsed,
    remaining: info.remaining,
    blockPoolUsed: info.blockPoolUsed,
    cacheCapacity: info.cacheCapacity,
    cacheUsed: info.cacheUsed,
    lastUpdate: info.lastUpdate,
    lastUpdateMonotonic: info.lastUpdateMonotonic,
    xceiverCount: info.xceiverCount,
    networkLocation: info.location ?? '/default-rack',
    adminState: DatanodeInfoProto_AdminStateNames[info.adminState] ?? 'NORMAL',
    upgradeDomain: info.upgradeDomain,
    lastBlockReportTime: info.lastBlockReportTime,
    lastBlockReportMonotonic: info.lastBlockReportMonotonic,
  });
}

/** Apache: Token.encodeToUrlString; the four fields as Writables. */
function tokenText({ identifier, password, kind, service }: LocatedBlockProto['blockToken']): string {
  const bytes = (value: Uint8Array): Uint8Array[] => [vlong(value.length), value];
  const text = (value: string): Uint8Array[] => bytes(Buffer.from(value, 'utf8'));
  const all = Buffer.concat([...bytes(identifier), ...bytes(password), ...text(kind), ...text(service)]);
  return all.toString('base64url');
}

/** Hadoop's variable-length integer, for lengths. */
function vlong(value: number): Uint8Array {
  if (value <= 127) return Buffer.from([value]);
  const digits: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.from([256 - 112 - digits.length, ...digits]);
}

const storageTypes = (types: readonly StorageTypeProto[]): readonly string[] =>
  types.map((type) => StorageTypeProtoNames[type] ?? 'DISK');

function locatedBlockFields(located: LocatedBlockProto): JsonObject {
  const { b: block } = located;
  return treeMap({
    blockToken: { urlString: tokenText(located.blockToken) },
    isCorrupt: located.corrupt,
    startOffset: located.offset,
    block: treeMap({
      blockPoolId: block.poolId,
      blockId: block.blockId,
      numBytes: block.numBytes,
      generationStamp: block.generationStamp,
    }),
    storageTypes: storageTypes(located.storageTypes),
    locations: located.locs.map(datanodeFields),
    cachedLocations: located.locs.filter((_, index) => located.isCached[index] === true).map(datanodeFields),
  });
}

/** Of GET_BLOCK_LOCATIONS. */
export function locatedBlocksJson(blocks: LocatedBlocksProto): string {
  return wrapped(
    'LocatedBlocks',
    treeMap({
      fileLength: blocks.fileLength,
      isUnderConstruction: blocks.underConstruction,
      locatedBlocks: blocks.blocks.map(locatedBlockFields),
      lastLocatedBlock: blocks.lastBlock === undefined ? null : locatedBlockFields(blocks.lastBlock),
      isLastBlockComplete: blocks.isLastBlockComplete,
    }),
  );
}

/** Of GETFILEBLOCKLOCATIONS. */
export function blockLocationsJson(blocks: LocatedBlocksProto): string {
  const locations = blocks.blocks.map((located) => {
    const names = located.locs.map(({ id }) => `${id.ipAddr}:${id.xferPort}`);
    return hashMap({
      length: located.b.numBytes,
      offset: located.offset,
      corrupt: located.corrupt,
      storageTypes: storageTypes(located.storageTypes),
      cachedHosts: located.locs.filter((_, index) => located.isCached[index] === true).map(({ id }) => id.hostName),
      hosts: located.locs.map(({ id }) => id.hostName),
      names,
      topologyPaths: located.locs.map(({ location }, index) => `${location ?? '/default-rack'}/${names[index] ?? ''}`),
    });
  });
  return wrapped('BlockLocations', { BlockLocation: locations });
}

// ------------------------------------------------------------------------------------------------------------ the rest

const FS_ACTIONS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'];

/** Apache: AclEntry.toStringStable. */
export function aclEntryText(entry: AclEntryProto): string {
  const scope = entry.scope === AclEntryProto_AclEntryScopeProto.DEFAULT ? 'default:' : '';
  const type = (AclEntryProto_AclEntryTypeProtoNames[entry.type] ?? '').toLowerCase();
  return `${scope}${type}:${entry.name ?? ''}:${FS_ACTIONS[entry.permissions] ?? ''}`;
}

export function aclStatusJson(status: AclStatusProto): string {
  return wrapped(
    'AclStatus',
    treeMap({
      owner: status.owner,
      group: status.group,
      stickyBit: status.sticky,
      entries: status.entries.map(aclEntryText),
      permission: status.permission === undefined ? undefined : octal(status.permission.perm & 0o1777),
    }),
  );
}

/** The one policy that is not inherited after its file is made. Apache: MEMORY_STORAGE_POLICY_ID. */
const LAZY_PERSIST = 15;

function storagePolicyFields(policy: BlockStoragePolicyProto): JsonObject {
  return treeMap({
    id: policy.policyId,
    name: policy.name,
    storageTypes: storageTypes(policy.creationPolicy.storageTypes),
    creationFallbacks: storageTypes(policy.creationFallbackPolicy?.storageTypes ?? []),
    replicationFallbacks: storageTypes(policy.replicationFallbackPolicy?.storageTypes ?? []),
    copyOnCreateFile: policy.policyId === LAZY_PERSIST,
  });
}

export const storagePolicyJson = (policy: BlockStoragePolicyProto): string =>
  wrapped('BlockStoragePolicy', storagePolicyFields(policy));

export const storagePoliciesJson = (policies: readonly BlockStoragePolicyProto[]): string =>
  wrapped('BlockStoragePolicies', { BlockStoragePolicy: policies.map(storagePolicyFields) });

export function serverDefaultsJson(defaults: FsServerDefaultsProto): string {
  return wrapped(
    'FsServerDefaults',
    hashMap({
      blockSize: defaults.blockSize,
      bytesPerChecksum: defaults.bytesPerChecksum,
      writePacketSize: defaults.writePacketSize,
      replication: defaults.replication,
      fileBufferSize: defaults.fileBufferSize,
      encryptDataTransfer: defaults.encryptDataTransfer,
      trashInterval: defaults.trashInterval,
      checksumType: defaults.checksumType,
      keyProviderUri: defaults.keyProviderUri ?? null,
      defaultStoragePolicyId: defaults.policyId,
    }),
  );
}

export function fsStatusJson(stats: { readonly capacity: number; readonly used: number; readonly remaining: number }): string {
  return wrapped('FsStatus', hashMap({ capacity: stats.capacity, used: stats.used, remaining: stats.remaining }));
}

/** One entry of LISTSTATUS, which is a stream of them. */
export const listedStatusJson = (status: HdfsFileStatusProto): string => writeJson(fileStatusFields(status));

/** Policies as Jackson writes Hadoop's objects: every getter is a field. */
export function ecPoliciesJson(policies: readonly ErasureCodingPolicyInfo[]): string {
  const infos = policies.map(({ id, name, codec, dataUnits, parityUnits, cellSize, options, isBuiltIn, state }) => ({
    state,
    policy: {
      name,
      schema: {
        codecName: codec,
        numDataUnits: dataUnits,
        numParityUnits: parityUnits,
        extraOptions: hashMap(Object.fromEntries(options.map(({ key, value }) => [key, value]))),
      },
      cellSize,
      id,
      replicationPolicy: false,
      numDataUnits: dataUnits,
      numParityUnits: parityUnits,
      codecName: codec,
      systemPolicy: isBuiltIn,
    },
  }));
  return wrapped('ErasureCodingPolicies', { ErasureCodingPolicyInfo: infos.length === 0 ? null : infos });
}
