// ClientProtocol's questions and orders about the file system as a whole: sizes, safe mode, checkpoints; and
// the truthful answers about features that are not in use: no zones, caches, tokens.
import { HdfsError } from '../../../base/errors.ts';
import { readablePath } from '../../../core/namespace/queries/access.ts';
import type { Handlers } from '../../../rpc/service.ts';
import {
  type ClientNamenodeProtocol,
  RollingUpgradeActionProto,
  SafeModeActionProto,
} from '../../../wire/messages/client-namenode.ts';
import type { FsServerDefaultsProtoInit } from '../../../wire/messages/hdfs.ts';
import type { Checkpointer } from '../checkpointer.ts';
import type { NameStorage } from '../name-storage.ts';
import type { NameSystem } from '../namesystem.ts';
import { finalizeUpgrade } from '../upgrade.ts';
import { notHighlyAvailable } from './small-services.ts';

export interface ClusterMethodParts {
  readonly system: NameSystem;
  readonly storage: NameStorage;
  readonly checkpointer: Checkpointer;
  readonly serverDefaults: FsServerDefaultsProtoInit;
}

/** Apache: HdfsServerConstants.MAX_BANDWIDTH_PER_DATANODE. */
const MAX_BANDWIDTH = 2 ** 40;

/** Names under which Apache refuses a change of safe mode. */
const SAFE_MODE_OPERATIONS: Readonly<Record<SafeModeActionProto, string>> = {
  [SafeModeActionProto.SAFEMODE_LEAVE]: 'safemode_leave',
  [SafeModeActionProto.SAFEMODE_ENTER]: 'safemode_enter',
  [SafeModeActionProto.SAFEMODE_GET]: 'safemode_get',
  [SafeModeActionProto.SAFEMODE_FORCE_EXIT]: 'safemode_force_exit',
};

/** The same for whether failed directories are tried again; any other word turns it off. */
const RESTORE_OPERATIONS: Readonly<Record<string, string>> = {
  check: 'checkRestoreFailedStorage',
  true: 'enableRestoreFailedStorage',
};

const NO_ROLLING_UPGRADE = 'PREPARE is not yet supported: upgrades of a running cluster are not built';

/** The same for what is asked of a rolling upgrade. */
const ROLLING_OPERATIONS: Readonly<Record<RollingUpgradeActionProto, string>> = {
  [RollingUpgradeActionProto.QUERY]: 'queryRollingUpgrade',
  [RollingUpgradeActionProto.START]: 'startRollingUpgrade',
  [RollingUpgradeActionProto.FINALIZE]: 'finalizeRollingUpgrade',
};

export function clusterMethods({
  system,
  storage,
  checkpointer,
  serverDefaults,
}: ClusterMethodParts): Handlers<typeof ClientNamenodeProtocol> {
  const { blockManager, namespace: ns } = system;
  const { safeMode } = blockManager;

  return {
    getServerDefaults: () => ({ serverDefaults }),

    getFsStats: () => {
      const stats = blockManager.statistics();
      return {
        capacity: stats.capacityTotal,
        used: stats.capacityUsed,
        remaining: stats.capacityRemaining,
        under_replicated: stats.underReplicated,
        corrupt_blocks: stats.corruptReplicaBlocks,
        missing_blocks: stats.missing,
        missing_repl_one_blocks: stats.missingWithReplicationOne,
        blocks_in_future: stats.bytesInFuture,
        pending_deletion_blocks: stats.pendingDeletion,
      };
    },

    getFsReplicatedBlockStats: () => {
      const stats = blockManager.statistics();
      return {
        low_redundancy: stats.lowRedundancy,
        corrupt_blocks: stats.corruptReplicaBlocks,
        missing_blocks: stats.missing,
        missing_repl_one_blocks: stats.missingWithReplicationOne,
        blocks_in_future: stats.bytesInFuture,
        pending_deletion_blocks: stats.pendingDeletion,
        highest_prio_low_redundancy_blocks: stats.highestPriority,
        badly_distributed_blocks: stats.badlyDistributed,
      };
    },

    // There are no striped files.
    getFsECBlockGroupStats: () => ({
      low_redundancy: 0,
      corrupt_blocks: 0,
      missing_blocks: 0,
      blocks_in_future: 0,
      pending_deletion_blocks: 0,
      highest_prio_low_redundancy_blocks: 0,
      badly_distributed_blocks: 0,
    }),

    setSafeMode: ({ action }, call) =>
      system.as(call, (caller) => {
        if (action !== SafeModeActionProto.SAFEMODE_GET) system.requireSuperuser(caller, SAFE_MODE_OPERATIONS[action]);
        call.afterTxid = system.editLog.lastTxid;
        switch (action) {
          case SafeModeActionProto.SAFEMODE_ENTER:
            safeMode.enterManually();
            break;
          case SafeModeActionProto.SAFEMODE_LEAVE:
            safeMode.leave(false);
            break;
          case SafeModeActionProto.SAFEMODE_FORCE_EXIT:
            safeMode.leave(true);
            break;
          case SafeModeActionProto.SAFEMODE_GET:
            break;
        }
        return { result: safeMode.isOn };
      }),

    saveNamespace: ({ timeWindow, txGap }, call) =>
      system.as(call, async (caller) => {
        system.requireSuperuser(caller, 'saveNamespace');
        if (!safeMode.isOn) throw new HdfsError('EIO', 'Safe mode should be turned ON in order to create namespace image.');
        if (timeWindow > 0) {
          // As asked for before a shutdown: only when the newest image is not recent enough.
          const age = system.host.clock.now() - checkpointer.imageTime;
          const behind = system.editLog.lastTxid - checkpointer.imageTxid;
          if (age <= timeWindow * 1000 && behind <= txGap) return { saved: true };
        }
        await checkpointer.save();
        return { saved: true };
      }),

    rollEdits: (_request, call) =>
      system.as(call, async (caller) => {
        system.requireSuperuser(caller, 'rollEditLog');
        system.requireWritable('Log not rolled');
        return { newSegmentTxId: await system.editLog.roll() };
      }),

    restoreFailedStorage: ({ arg }, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, RESTORE_OPERATIONS[arg] ?? 'disableRestoreFailedStorage');
        if (arg !== 'check') storage.restoreFailed = arg === 'true';
        return { result: storage.restoreFailed };
      }),

    reportBadBlocks: ({ blocks }) => {
      system.reportBadBlocks(blocks);
      return {};
    },

    setBalancerBandwidth: ({ bandwidth }, call) =>
      system.as(call, (caller) => {
        if (bandwidth > MAX_BANDWIDTH) {
          throw new HdfsError('EILLEGAL', `Bandwidth should not exceed maximum limit ${MAX_BANDWIDTH} bytes per second`);
        }
        system.requireSuperuser(caller, 'setBalancerBandwidth');
        blockManager.setBalancerBandwidth(bandwidth);
        return {};
      }),

    // A read after it sees everything that was done before it.
    msync: (_request, call) => {
      call.afterTxid = system.editLog.lastTxid;
      return {};
    },

    getHAServiceState: notHighlyAvailable,

    getCurrentEditLogTxid: (_request, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, 'getCurrentEditLogTxid');
        return { txid: system.editLog.durableTxid };
      }),

    upgradeStatus: () => ({ upgradeFinalized: storage.upgradeFinalized }),
    finalizeUpgrade: (_request, call) =>
      system.as(call, async (caller) => {
        system.requireSuperuser(caller, 'finalizeUpgrade');
        await finalizeUpgrade(system.host, storage);
        return {};
      }),

    // None is ever under way, so that there is none to tell of, and none to end.
    rollingUpgrade: ({ action }, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, ROLLING_OPERATIONS[action]);
        if (action === RollingUpgradeActionProto.START) throw new HdfsError('EUNSUPPORTEDACTION', NO_ROLLING_UPGRADE);
        return {};
      }),

    // Features that nothing here uses: the truth is that there is nothing.
    getEZForPath: ({ src }, call) => system.ask(call, (caller) => ({ path: readablePath(ns, caller, src), value: {} })),
    getEnclosingRoot: ({ filename }, call) =>
      system.ask(call, (caller) => ({
        path: readablePath(ns, caller, filename ?? ''),
        value: { enclosingRootPath: '/' },
      })),
    listEncryptionZones: (_request, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, 'listEncryptionZones');
        return { zones: [], hasMore: false };
      }),
    listReencryptionStatus: (_request, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, 'listReencryptionStatus');
        return { statuses: [], hasMore: false };
      }),
    getDelegationToken: () => {
      system.requireWritable('Cannot issue delegation token');
      return {};
    },
    getDataEncryptionKey: () => ({}),
    listCachePools: () => ({ entries: [], hasMore: false }),
    listCacheDirectives: () => ({ elements: [], hasMore: false }),
  };
}
