// DatanodeProtocol: registration, heartbeats and reports, between Hadoop's messages and the block manager. Long reports
// are worked off in slices, so that heartbeats and clients are answered meanwhile.

import { HdfsError } from '../../../base/errors.ts';
import { blockId, genStamp } from '../../../base/ids.ts';
import { requireVersion } from '../../../base/version.ts';
import type { Datanode, DatanodeId } from '../../../core/blocks/datanode.ts';
import type { IncrementalEntry } from '../../../core/blocks/reports.ts';
import { defineService, type RpcCall, type RpcService } from '../../../rpc/service.ts';
import {
  type DatanodeCommandProtoInit,
  DatanodeProtocolService,
  type DatanodeRegistrationProto,
  ErrorReportRequestProto_ErrorCode,
  type HeartbeatRequestProto,
  type ReceivedDeletedBlockInfoProto,
  type StorageReceivedDeletedBlocksProto,
} from '../../../wire/messages/datanode.ts';
import { type ExportedBlockKeysProtoInit, NNHAStatusHeartbeatProto_State } from '../../../wire/messages/hdfs-server.ts';
import type { AddressNames } from '../address-names.ts';
import type { Audited } from '../audit/observed-calls.ts';
import type { NamespaceIdentity } from '../identity.ts';
import { namespaceInfoProto, SOFTWARE_VERSION } from '../identity.ts';
import type { LeaseMonitor } from '../lease-monitor.ts';
import type { NameStorage } from '../name-storage.ts';
import type { NameSystem } from '../namesystem.ts';
import type { RackResolver } from '../rack-resolver.ts';
import { commandProto, datanodeId, heartbeatFigures, storageOf } from '../wire/datanodes.ts';
import { slowDisksOf, slowPeersOf } from '../wire/slow-reports.ts';
import { workIn } from './full-reports.ts';
import { describeRegistration, isOfNamespace, requireOfNamespace } from './registration.ts';

/** Blocks of an incremental report that are worked in within one turn. Nearly every report has fewer. */
const TOLD_SLICE = 1_000;
/** Apache: DatanodeProtocol.NOTIFY and so on. */
const ERROR_KINDS: Readonly<Record<number, string>> = {
  0: 'notify',
  1: 'disk error',
  2: 'invalid block',
  3: 'fatal disk error',
};

/** What stands where block keys would, while block tokens are off. */
const NO_KEYS: ExportedBlockKeysProtoInit = {
  isBlockTokenEnabled: false,
  keyUpdateInterval: 0,
  tokenLifeTime: 0,
  currentKey: { keyId: 0, expiryDate: 0, keyBytes: new Uint8Array(0) },
};

/** Apache: DisallowedDatanodeException. */
function denied(reason: string, registration: DatanodeRegistrationProto, id: DatanodeId): HdfsError {
  return new HdfsError(
    'EREGISTER',
    `Datanode denied communication with namenode because ${reason}: ${describeRegistration(registration, id)}`,
  );
}

const incrementalEntry = ({ block, status, deleteHint }: ReceivedDeletedBlockInfoProto): IncrementalEntry => ({
  id: blockId(block.blockId),
  numBytes: block.numBytes,
  genStamp: genStamp(block.genStamp),
  status,
  deleteHint,
});

export interface DatanodeProtocolParts {
  readonly system: NameSystem;
  readonly identity: NamespaceIdentity;
  readonly racks: RackResolver;
  readonly leaseMonitor: LeaseMonitor;
  readonly storage: NameStorage;
  /** dfs.namenode.min.supported.datanode.version. */
  readonly minimumVersion: string;
  /** Who says whether an address has a name; undefined: it may have none. */
  readonly names: AddressNames | undefined;
  readonly audited: Audited;
}

export function datanodeProtocol(parts: DatanodeProtocolParts): RpcService {
  const { system, identity, racks, leaseMonitor, storage, minimumVersion, names, audited } = parts;
  const { blockManager, host } = system;

  /** The node as it called: under the address that it comes from. Apache: DatanodeManager.registerDatanode. */
  const seenId = (registration: DatanodeRegistrationProto, call: RpcCall): DatanodeId => ({
    ...datanodeId(registration.datanodeID),
    ipAddr: call.remote.host,
  });

  const checkRegistration = (registration: DatanodeRegistrationProto): void => {
    const { storageInfo, softwareVersion } = registration;
    if (!isOfNamespace(registration, identity)) {
      const registrationId = `NS-${storageInfo.namespceID}-${storageInfo.clusterID}-${storageInfo.cTime}`;
      const expected = `NS-${identity.namespaceId}-${identity.clusterId}-${identity.cTime}`;
      throw new HdfsError(
        'EUNREGISTERED',
        `Registration IDs mismatched: the DatanodeRegistration ID is ${registrationId} but the expected ID is ${expected}`,
      );
    }
    requireVersion(softwareVersion, minimumVersion, 'DataNode', 'NameNode');
  };

  const commands = (answer: ReturnType<typeof blockManager.heartbeat>, call: RpcCall): DatanodeCommandProtoInit[] => {
    for (const command of answer.commands) {
      if ('afterTxid' in command && command.afterTxid > call.afterTxid) call.afterTxid = command.afterTxid;
    }
    return answer.commands.map((command) => commandProto(command, identity.blockPoolId));
  };

  const tell = (
    id: DatanodeId,
    storage: ReturnType<typeof storageOf>,
    blocks: readonly ReceivedDeletedBlockInfoProto[],
  ): void => {
    blockManager.incrementalReport(id, storage, blocks.map(incrementalEntry), system.now());
    for (const { block } of blocks) system.awaitedReports.reported(blockId(block.blockId));
  };

  /** What a node has deleted in a while may be long; it waits for the answer, so that nothing newer overtakes the rest. */
  const tellInSlices = async (
    id: DatanodeId,
    reports: readonly StorageReceivedDeletedBlocksProto[],
  ): Promise<Record<string, never>> => {
    for (const { storage, storageUuid, blocks } of reports) {
      for (let from = 0; from < blocks.length; from += TOLD_SLICE) {
        tell(id, storageOf(storage, storageUuid), blocks.slice(from, from + TOLD_SLICE));
        await new Promise<void>((resolve) => host.clock.defer(resolve));
      }
    }
    return {};
  };

  /** Takes over what a heartbeat says of slow peers and disks; whether the node itself counts as slow. */
  const noteSlow = (node: Datanode, { slowPeers, slowDisks }: HeartbeatRequestProto): boolean => {
    const { slow } = blockManager;
    const reporter = `${node.id.ipAddr}:${node.id.ipcPort}`;
    slow.heartbeat(reporter, slowPeersOf(slowPeers), slowDisksOf(slowDisks), system.now().monotonicMs);
    return slow.isSlow(node);
  };

  return defineService({
    protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol',
    version: 1,
    methods: DatanodeProtocolService,
    handlers: {
      versionRequest: () => ({ info: namespaceInfoProto(identity) }),

      registerDatanode: async ({ registration }, call) => {
        checkRegistration(registration);
        const id = seenId(registration, call);
        const { host: ip } = call.remote;
        if (names !== undefined && !(await names.isNamed(ip))) {
          throw denied(
            `hostname cannot be resolved (ip=${ip}, hostname=${ip})`,
            registration,
            datanodeId(registration.datanodeID),
          );
        }
        const requireIncluded = (): void => {
          if (!blockManager.admin.isIncluded(id)) throw denied('the host is not in the include-list', registration, id);
        };
        requireIncluded();
        const location = await racks.locate(id);
        // Other lists may have come meanwhile.
        requireIncluded();
        blockManager.registerDatanode({ id, location, softwareVersion: registration.softwareVersion }, system.now());
        return {
          registration: {
            datanodeID: id,
            storageInfo: registration.storageInfo,
            keys: NO_KEYS,
            softwareVersion: registration.softwareVersion || SOFTWARE_VERSION,
          },
        };
      },

      sendHeartbeat: (request, call) => {
        requireOfNamespace(request.registration, identity);
        const answer = blockManager.heartbeat(
          seenId(request.registration, call),
          {
            ...heartbeatFigures(request),
            xmitsInProgress: request.xmitsInProgress,
            requestFullBlockReportLease: request.requestFullBlockReportLease,
          },
          system.now(),
          system.editLog.durableTxid,
        );
        return {
          cmds: commands(answer, call),
          haStatus: { state: NNHAStatusHeartbeatProto_State.ACTIVE, txid: system.editLog.lastTxid },
          fullBlockReportLeaseId: answer.fullBlockReportLeaseId,
          isSlownode: answer.node !== undefined && noteSlow(answer.node, request),
        };
      },

      blockReport: async (request, call) => {
        requireOfNamespace(request.registration, identity);
        const id = seenId(request.registration, call);
        const now = system.now();
        const { context } = request;
        const node = blockManager.datanodes.find(id);
        if (node !== undefined && context !== undefined) blockManager.checkReportLease(node, context.id, context.leaseId, now);
        await workIn(system, id, request.reports);
        call.requestRead?.();
        const isLast = context === undefined || context.curRpc === context.totalRpcs - 1;
        if (node !== undefined && isLast) blockManager.fullReportEnded(node, system.now());
        // A node that kept the state of before an upgrade learns here that nobody will go back.
        const isSettled = storage.upgradeFinalized && node !== undefined && !node.hasStaleStorages();
        return isSettled ? { cmd: commandProto({ kind: 'finalize' }, identity.blockPoolId) } : {};
      },

      blockReceivedAndDeleted: (request, call) => {
        requireOfNamespace(request.registration, identity);
        const id = seenId(request.registration, call);
        const told = request.blocks.reduce((sum, { blocks }) => sum + blocks.length, 0);
        if (told > TOLD_SLICE) return tellInSlices(id, request.blocks);
        for (const { storage, storageUuid, blocks } of request.blocks) {
          tell(id, storageOf(storage, storageUuid), blocks);
        }
        return {};
      },

      errorReport: ({ registartion: registration, errorCode, msg }, call) => {
        const { datanodeID } = registration;
        const what = ERROR_KINDS[errorCode] ?? `error ${errorCode}`;
        host.log.log('warn', 'datanodes', `${what} from ${datanodeID.hostName}:${datanodeID.xferPort}: ${msg}`);
        if (errorCode === ErrorReportRequestProto_ErrorCode.NOTIFY) return {};
        requireOfNamespace(registration, identity);
        if (errorCode === ErrorReportRequestProto_ErrorCode.FATAL_DISK_ERROR) {
          blockManager.nodeEnds(seenId(registration, call), system.now());
        }
        return {};
      },

      reportBadBlocks: ({ blocks }, call) =>
        audited(call, 'reportBadBlocks', () => {
          system.reportBadBlocks(blocks);
          return {};
        }),

      commitBlockSynchronization: (request, call) => {
        system.requireWritable(`Cannot commitBlockSynchronization while in safe mode: blk_${request.block.blockId}`);
        leaseMonitor.synchronized({
          id: blockId(request.block.blockId),
          oldGenStamp: genStamp(request.block.generationStamp),
          newGenStamp: genStamp(request.newGenStamp),
          newLength: request.newLength,
          closeFile: request.closeFile,
          deleteBlock: request.deleteBlock,
          targets: request.newTaragets.flatMap((target, index) => {
            const node = blockManager.datanodes.byUuid(target.datanodeUuid);
            return node?.storages.get(request.newTargetStorages[index] ?? '') ?? [];
          }),
        });
        call.afterTxid = system.editLog.lastTxid;
        return {};
      },

      // Nothing is ever asked to be cached; what a node says of its cache changes nothing.
      cacheReport: ({ registration }) => {
        requireOfNamespace(registration, identity);
        return {};
      },
    },
  });
}
