// Every method of every service of Hadoop's daemons: built, or refused with the reason that the caller is told in an
// RpcNoSuchMethodException. The connection goes on after a refusal.
import { type EntryTable, refusals, refused } from './entry.ts';

const BACKUP = 'backup and checkpoint nodes are not served; the NameNode makes its own checkpoints';
const BALANCER = 'the balancer is not built yet';
const CACHE = 'centralized cache management is not built yet';
const DISKBALANCER = 'the disk balancer is not built yet';
const ERASURE = 'erasure coding is not built yet';
const HA = 'failover between NameNodes is not built yet';
const JOURNAL = 'the JournalNode is not built yet';
const SATISFIER = 'the storage policy satisfier is not built yet';
const PROVIDED = 'provided storage is not supported';
const SHORTCIRCUIT = 'short-circuit reads are not supported';
const SNAPSHOTS = 'snapshots are not built yet';
const TOKENS = 'tokens are not built yet';
const ZONES = 'encryption zones are not built yet';

export interface ServiceEntry {
  /** Daemons of Hadoop that serve it. */
  readonly server: string;
  readonly methods: EntryTable;
}

export const SERVICES = {
  AliasMapProtocolService: {
    server: 'NameNode',
    methods: {
      write: refused(PROVIDED),
      read: refused(PROVIDED),
      list: refused(PROVIDED),
      getBlockPoolId: refused(PROVIDED),
    },
  },
  ClientDatanodeProtocolService: {
    server: 'DataNode',
    methods: {
      getReplicaVisibleLength: true,
      refreshNamenodes: true,
      deleteBlockPool: true,
      getBlockLocalPathInfo: refused(SHORTCIRCUIT),
      shutdownDatanode: true,
      evictWriters: true,
      getDatanodeInfo: true,
      getVolumeReport: true,
      getReconfigurationStatus: true,
      startReconfiguration: true,
      listReconfigurableProperties: true,
      triggerBlockReport: true,
      getBalancerBandwidth: true,
      submitDiskBalancerPlan: refused(DISKBALANCER),
      cancelDiskBalancerPlan: refused(DISKBALANCER),
      queryDiskBalancerPlan: refused(DISKBALANCER),
      getDiskBalancerSetting: refused(DISKBALANCER),
    },
  },
  ClientNamenodeProtocol: {
    server: 'NameNode',
    methods: {
      getBlockLocations: true,
      getServerDefaults: true,
      create: true,
      append: true,
      setReplication: true,
      setStoragePolicy: true,
      unsetStoragePolicy: true,
      getStoragePolicy: true,
      getStoragePolicies: true,
      setPermission: true,
      setOwner: true,
      abandonBlock: true,
      addBlock: true,
      getAdditionalDatanode: true,
      complete: true,
      reportBadBlocks: true,
      concat: true,
      truncate: true,
      rename: true,
      rename2: true,
      delete: true,
      mkdirs: true,
      getListing: true,
      getBatchedListing: true,
      renewLease: true,
      recoverLease: true,
      getFsStats: true,
      getFsReplicatedBlockStats: true,
      getFsECBlockGroupStats: true,
      getDatanodeReport: true,
      getDatanodeStorageReport: true,
      getPreferredBlockSize: true,
      setSafeMode: true,
      saveNamespace: true,
      rollEdits: true,
      restoreFailedStorage: true,
      refreshNodes: true,
      finalizeUpgrade: true,
      upgradeStatus: true,
      rollingUpgrade: true,
      listCorruptFileBlocks: true,
      metaSave: true,
      getFileInfo: true,
      getLocatedFileInfo: true,
      addCacheDirective: refused(CACHE),
      modifyCacheDirective: refused(CACHE),
      removeCacheDirective: refused(CACHE),
      listCacheDirectives: true,
      addCachePool: refused(CACHE),
      modifyCachePool: refused(CACHE),
      removeCachePool: refused(CACHE),
      listCachePools: true,
      getFileLinkInfo: true,
      getContentSummary: true,
      setQuota: true,
      fsync: true,
      setTimes: true,
      createSymlink: true,
      getLinkTarget: true,
      updateBlockForPipeline: true,
      updatePipeline: true,
      getDelegationToken: true,
      renewDelegationToken: refused(TOKENS),
      cancelDelegationToken: refused(TOKENS),
      setBalancerBandwidth: true,
      getDataEncryptionKey: true,
      createSnapshot: refused(SNAPSHOTS),
      renameSnapshot: refused(SNAPSHOTS),
      allowSnapshot: refused(SNAPSHOTS),
      disallowSnapshot: refused(SNAPSHOTS),
      getSnapshottableDirListing: true,
      getSnapshotListing: true,
      deleteSnapshot: refused(SNAPSHOTS),
      getSnapshotDiffReport: true,
      getSnapshotDiffReportListing: true,
      isFileClosed: true,
      modifyAclEntries: true,
      removeAclEntries: true,
      removeDefaultAcl: true,
      removeAcl: true,
      setAcl: true,
      getAclStatus: true,
      setXAttr: true,
      getXAttrs: true,
      listXAttrs: true,
      removeXAttr: true,
      checkAccess: true,
      createEncryptionZone: refused(ZONES),
      listEncryptionZones: true,
      reencryptEncryptionZone: refused(ZONES),
      listReencryptionStatus: true,
      getEZForPath: true,
      setErasureCodingPolicy: refused(ERASURE),
      unsetErasureCodingPolicy: refused(ERASURE),
      getECTopologyResultForPolicies: true,
      getCurrentEditLogTxid: true,
      getEditsFromTxid: true,
      getErasureCodingPolicies: true,
      addErasureCodingPolicies: refused(ERASURE),
      removeErasureCodingPolicy: refused(ERASURE),
      enableErasureCodingPolicy: refused(ERASURE),
      disableErasureCodingPolicy: refused(ERASURE),
      getErasureCodingPolicy: true,
      getErasureCodingCodecs: true,
      getQuotaUsage: true,
      listOpenFiles: true,
      msync: true,
      satisfyStoragePolicy: true,
      getHAServiceState: true,
      getSlowDatanodeReport: true,
      getEnclosingRoot: true,
    },
  },
  DatanodeLifelineProtocolService: {
    server: 'NameNode',
    methods: {
      sendLifeline: true,
    },
  },
  DatanodeProtocolService: {
    server: 'NameNode',
    methods: {
      registerDatanode: true,
      sendHeartbeat: true,
      blockReport: true,
      cacheReport: true,
      blockReceivedAndDeleted: true,
      errorReport: true,
      versionRequest: true,
      reportBadBlocks: true,
      commitBlockSynchronization: true,
    },
  },
  GenericRefreshProtocolService: {
    server: 'NameNode',
    methods: {
      refresh: true,
    },
  },
  GetUserMappingsProtocolService: {
    server: 'NameNode',
    methods: {
      getGroupsForUser: true,
    },
  },
  HAServiceProtocolService: {
    server: 'NameNode',
    methods: {
      monitorHealth: true,
      transitionToActive: refused(HA),
      transitionToStandby: refused(HA),
      transitionToObserver: refused(HA),
      getServiceStatus: true,
    },
  },
  InterDatanodeProtocolService: {
    server: 'DataNode',
    methods: {
      initReplicaRecovery: true,
      updateReplicaUnderRecovery: true,
    },
  },
  InterQJournalProtocolService: {
    server: 'JournalNode',
    methods: {
      getEditLogManifestFromJournal: refused(JOURNAL),
      getStorageInfo: refused(JOURNAL),
    },
  },
  JournalProtocolService: {
    server: 'BackupNode',
    methods: {
      journal: refused(BACKUP),
      startLogSegment: refused(BACKUP),
      fence: refused(BACKUP),
    },
  },
  NamenodeProtocolService: {
    server: 'NameNode',
    methods: {
      getBlocks: refused(BALANCER),
      getBlockKeys: refused(TOKENS),
      getTransactionId: true,
      getMostRecentCheckpointTxId: true,
      getMostRecentNameNodeFileTxId: true,
      rollEditLog: true,
      versionRequest: true,
      errorReport: refused(BACKUP),
      registerSubordinateNamenode: refused(BACKUP),
      startCheckpoint: refused(BACKUP),
      endCheckpoint: refused(BACKUP),
      getEditLogManifest: true,
      isUpgradeFinalized: true,
      isRollingUpgrade: true,
      getNextSPSPath: refused(SATISFIER),
    },
  },
  ProtocolInfoService: {
    server: 'every daemon',
    methods: {
      getProtocolVersions: true,
      getProtocolSignature: true,
    },
  },
  QJournalProtocolService: {
    server: 'JournalNode',
    methods: {
      isFormatted: refused(JOURNAL),
      getJournalCTime: refused(JOURNAL),
      doPreUpgrade: refused(JOURNAL),
      doUpgrade: refused(JOURNAL),
      doFinalize: refused(JOURNAL),
      canRollBack: refused(JOURNAL),
      doRollback: refused(JOURNAL),
      discardSegments: refused(JOURNAL),
      getJournalState: refused(JOURNAL),
      newEpoch: refused(JOURNAL),
      format: refused(JOURNAL),
      journal: refused(JOURNAL),
      heartbeat: refused(JOURNAL),
      startLogSegment: refused(JOURNAL),
      finalizeLogSegment: refused(JOURNAL),
      purgeLogs: refused(JOURNAL),
      getEditLogManifest: refused(JOURNAL),
      getJournaledEdits: refused(JOURNAL),
      prepareRecovery: refused(JOURNAL),
      acceptRecovery: refused(JOURNAL),
    },
  },
  ReconfigurationProtocolService: {
    server: 'NameNode, DataNode',
    methods: {
      getReconfigurationStatus: true,
      startReconfiguration: true,
      listReconfigurableProperties: true,
    },
  },
  RefreshAuthorizationPolicyProtocolService: {
    server: 'NameNode',
    methods: {
      refreshServiceAcl: true,
    },
  },
  RefreshCallQueueProtocolService: {
    server: 'NameNode',
    methods: {
      refreshCallQueue: true,
    },
  },
  RefreshUserMappingsProtocolService: {
    server: 'NameNode',
    methods: {
      refreshUserToGroupsMappings: true,
      refreshSuperUserGroupsConfiguration: true,
    },
  },
  ZKFCProtocolService: {
    server: 'failover controller',
    methods: {
      cedeActive: refused(HA),
      gracefulFailover: refused(HA),
    },
  },
} as const satisfies Readonly<Record<string, ServiceEntry>>;

export type ServiceName = keyof typeof SERVICES;

/** Why each refused method of a service is refused. */
export function refusedMethods(service: ServiceName): Readonly<Record<string, string>> {
  return refusals(SERVICES[service].methods);
}
