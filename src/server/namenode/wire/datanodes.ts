// DataNodes between the block manager's values and Hadoop's messages.
import type { BlockTriple, DatanodeCommand } from '../../../core/blocks/commands.ts';
import type {
  Datanode,
  DatanodeId,
  HeartbeatFigures,
  Storage,
  StorageIdentity,
  StorageReport,
} from '../../../core/blocks/datanode.ts';
import { StorageState } from '../../../core/blocks/storage-type.ts';
import {
  BlockCommandProto_Action,
  DatanodeCommandProto_Type,
  type DatanodeCommandProtoInit,
  type HeartbeatRequestProto,
} from '../../../wire/messages/datanode.ts';
import {
  type BlockProtoInit,
  type DatanodeIDProto,
  type DatanodeInfoProtoInit,
  type DatanodeStorageProto,
  DatanodeStorageProto_StorageState,
  type LocatedBlockProtoInit,
  type StorageReportProto,
  type StorageReportProtoInit,
} from '../../../wire/messages/hdfs.ts';
import type { TokenProtoInit } from '../../../wire/messages/security.ts';

/** What stands where a block token would, while block tokens are off. */
export const NO_TOKEN: TokenProtoInit = { identifier: new Uint8Array(0), password: new Uint8Array(0), kind: '', service: '' };

export function datanodeId(proto: DatanodeIDProto): DatanodeId {
  return {
    ipAddr: proto.ipAddr,
    hostName: proto.hostName,
    datanodeUuid: proto.datanodeUuid,
    xferPort: proto.xferPort,
    infoPort: proto.infoPort,
    infoSecurePort: proto.infoSecurePort,
    ipcPort: proto.ipcPort,
  };
}

const infoProtos = new WeakMap<Datanode, { readonly version: number; readonly proto: DatanodeInfoProtoInit }>();

/** What clients are told of a DataNode; made anew only when its figures changed. */
export function datanodeInfoProto(node: Datanode): DatanodeInfoProtoInit {
  const known = infoProtos.get(node);
  if (known !== undefined && known.version === node.infoVersion) return known.proto;
  const proto: DatanodeInfoProtoInit = {
    id: node.id,
    capacity: node.capacity,
    dfsUsed: node.dfsUsed,
    remaining: node.remaining,
    blockPoolUsed: node.blockPoolUsed,
    lastUpdate: node.lastUpdateWallMs,
    xceiverCount: node.xceiverCount,
    location: node.location,
    nonDfsUsed: node.nonDfsUsed,
    adminState: node.adminState,
    cacheCapacity: node.cacheCapacity,
    cacheUsed: node.cacheUsed,
    lastUpdateMonotonic: Math.floor(node.lastUpdateMonotonicMs),
    lastBlockReportTime: node.lastBlockReportWallMs,
    lastBlockReportMonotonic: Math.floor(node.lastBlockReportMonotonicMs),
    numBlocks: node.blockCount,
    softwareVersion: node.softwareVersion,
  };
  infoProtos.set(node, { version: node.infoVersion, proto });
  return proto;
}

function storageIdentity(proto: DatanodeStorageProto): StorageIdentity {
  return {
    storageId: proto.storageUuid,
    type: proto.storageType,
    state:
      proto.state === DatanodeStorageProto_StorageState.READ_ONLY_SHARED ? StorageState.READ_ONLY_SHARED : StorageState.NORMAL,
  };
}

/** The storage that a report names; old DataNodes give only its id. */
export function storageOf(storage: DatanodeStorageProto | undefined, uuid: string): StorageIdentity {
  return storageIdentity(storage ?? { storageUuid: uuid, state: DatanodeStorageProto_StorageState.NORMAL, storageType: 1 });
}

function storageReport(proto: StorageReportProto): StorageReport {
  return {
    storage: storageOf(proto.storage, proto.storageUuid),
    capacity: proto.capacity,
    dfsUsed: proto.dfsUsed,
    remaining: proto.remaining,
    blockPoolUsed: proto.blockPoolUsed,
    nonDfsUsed: proto.nonDfsUsed ?? Math.max(0, proto.capacity - proto.dfsUsed - proto.remaining),
    mount: proto.mount,
  };
}

export function storageReportProto(storage: Storage): StorageReportProtoInit {
  return {
    storageUuid: storage.id,
    failed: storage.state === StorageState.FAILED,
    capacity: storage.capacity,
    dfsUsed: storage.dfsUsed,
    remaining: storage.remaining,
    blockPoolUsed: storage.blockPoolUsed,
    nonDfsUsed: storage.nonDfsUsed,
    storage: {
      storageUuid: storage.id,
      storageType: storage.type,
      state:
        storage.state === StorageState.READ_ONLY_SHARED
          ? DatanodeStorageProto_StorageState.READ_ONLY_SHARED
          : DatanodeStorageProto_StorageState.NORMAL,
    },
  };
}

export function heartbeatFigures(request: HeartbeatRequestProto): HeartbeatFigures {
  return {
    reports: request.reports.map(storageReport),
    cacheCapacity: request.cacheCapacity,
    cacheUsed: request.cacheUsed,
    xceiverCount: request.xceiverCount,
    failedVolumes: request.failedVolumes,
    volumeFailureSummary: request.volumeFailureSummary,
  };
}

const blockProto = (block: BlockTriple): BlockProtoInit => ({
  blockId: block.id,
  genStamp: block.genStamp,
  numBytes: block.numBytes,
});

/** A command of the block manager as a heartbeat's answer carries it. */
export function commandProto(command: DatanodeCommand, blockPoolId: string): DatanodeCommandProtoInit {
  switch (command.kind) {
    case 'register':
      return { cmdType: DatanodeCommandProto_Type.RegisterCommand, registerCmd: {} };
    case 'finalize':
      return { cmdType: DatanodeCommandProto_Type.FinalizeCommand, finalizeCmd: { blockPoolId } };
    case 'balancerBandwidth':
      return {
        cmdType: DatanodeCommandProto_Type.BalancerBandwidthCommand,
        balancerCmd: { bandwidth: command.bytesPerSecond },
      };
    case 'invalidate':
      return {
        cmdType: DatanodeCommandProto_Type.BlockCommand,
        blkCmd: { action: BlockCommandProto_Action.INVALIDATE, blockPoolId, blocks: command.blocks.map(blockProto) },
      };
    case 'transfer':
      return {
        cmdType: DatanodeCommandProto_Type.BlockCommand,
        blkCmd: {
          action: BlockCommandProto_Action.TRANSFER,
          blockPoolId,
          blocks: command.blocks.map(({ block }) => blockProto(block)),
          targets: command.blocks.map(({ targets }) => ({ datanodes: targets.map(({ node }) => datanodeInfoProto(node)) })),
          targetStorageUuids: command.blocks.map(({ targets }) => ({ storageUuids: targets.map(({ id }) => id) })),
          targetStorageTypes: command.blocks.map(({ targets }) => ({ storageTypes: targets.map(({ type }) => type) })),
        },
      };
    case 'recover':
      return {
        cmdType: DatanodeCommandProto_Type.BlockRecoveryCommand,
        recoveryCmd: {
          blocks: command.blocks.map(({ block, recoveryId, truncateBlock, locations }) => ({
            newGenStamp: recoveryId,
            truncateBlock: truncateBlock && blockProto(truncateBlock),
            block: locatedBlockProto(
              blockPoolId,
              block,
              0,
              false,
              locations.map(({ storage }) => storage),
            ),
          })),
        },
      };
  }
}

/** A block with its place in the file and where it is stored. */
export function locatedBlockProto(
  blockPoolId: string,
  block: BlockTriple,
  offset: number,
  corrupt: boolean,
  storages: readonly Storage[],
): LocatedBlockProtoInit {
  return {
    b: { poolId: blockPoolId, blockId: block.id, generationStamp: block.genStamp, numBytes: block.numBytes },
    offset,
    locs: storages.map(({ node }) => datanodeInfoProto(node)),
    corrupt,
    blockToken: NO_TOKEN,
    isCached: storages.map(() => false),
    storageTypes: storages.map(({ type }) => type),
    storageIDs: storages.map(({ id }) => id),
  };
}
