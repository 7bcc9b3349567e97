// What the actors of NameNodes ask of the node: to take up the block pool that a NameNode names, to register, what is there to
// be told of, and that a command be obeyed.
import { assert } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import type { StorageReportProtoInit } from '../../wire/messages/hdfs.ts';
import type { NamespaceInfoProto } from '../../wire/messages/hdfs-server.ts';
import { fullReports, storageProto } from './block-reports.ts';
import type { Commands } from './commands.ts';
import type { Dataset } from './dataset.ts';
import type { DataNodeAddresses, Identity } from './identity.ts';
import type { ActorOwner, NameNodeActor } from './namenode-actor.ts';
import type { Patience } from './patience.ts';
import { resumeAfterRestart } from './planned-restart.ts';
import type { PoolService } from './pool-service.ts';
import type { RollingUpgrades } from './rolling-upgrade.ts';
import type { Services } from './services.ts';
import type { Storages } from './storages.ts';
import type { Volume } from './volume.ts';

export interface ActorOwnerParts {
  readonly services: Services;
  readonly storages: Storages;
  readonly identity: Identity;
  readonly patience: Patience;
  readonly commands: Commands;
  readonly upgrades: RollingUpgrades;
  readonly addresses: DataNodeAddresses;
  readonly pools: () => readonly PoolService[];
  /** Runs work on the directories while no other is under way. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** A NameNode has taken the node in. */
  readonly onRegistered: () => void;
  /** No NameNode is left that might take the node in. */
  readonly onRefused: () => void;
}

export function actorOwner({
  services,
  storages,
  identity,
  patience,
  commands,
  upgrades,
  addresses,
  pools,
  exclusively,
  onRegistered,
  onRefused,
}: ActorOwnerParts): ActorOwner {
  const { host, dataset, ramDisk, settings, counters } = services;
  const serviceOf = (actor: NameNodeActor): PoolService => {
    const service = pools().find(({ actors }) => actors.includes(actor));
    assert(service !== undefined, 'an actor of no block pool');
    return service;
  };
  return {
    host,
    settings,
    counters,
    localAddress: services.localAddress,
    meet: async (actor, info) => {
      const namespace = namespaceOf(info);
      serviceOf(actor).meet(namespace.pool);
      await exclusively(async () => {
        if (dataset.hasPool(namespace.pool)) {
          const { failed } = await storages.bind(namespace, dataset.volumes);
          for (const [volume, reason] of failed) await dataset.failVolume(volume, reason);
          return;
        }
        identity.datanodeUuid = storages.meet(namespace, dataset.volumes);
        identity.clusterId = namespace.clusterId;
        const bind = (volume: Volume): Promise<void> => storages.bindVolume(volume, namespace);
        const pool = await dataset.addPool(namespace.pool, bind, patience);
        storages.serve(namespace);
        await resumeAfterRestart(dataset, pool, host.clock.now());
      });
    },
    registration: (info) => identity.registration(info, addresses),
    registered: (_actor, registration) => {
      identity.registered(
        registration,
        pools().map(({ pool }) => pool),
      );
      onRegistered();
    },
    refused: () => {
      if (pools().every(({ actors }) => actors.every(({ state }) => state === 'failed'))) onRefused();
    },
    storageReports: (pool) => storageReports(dataset, pool),
    fullReports: (pool) => fullReports(dataset.pool(pool), dataset.volumes, host.clock),
    load: () => ({
      transfersOut: counters.transfersOut,
      xceivers: counters.load,
      failedVolumes: dataset.volumeList.failures.length,
      volumeFailureSummary: dataset.volumeList.failureSummary,
      memoryCapacity: ramDisk.memory.capacity,
      memoryUsed: ramDisk.memory.used,
    }),
    slowPeers: () => {
      if (!services.peerMetrics.enabled) return [];
      return [...services.peerMetrics.outliers()].map(([dataNodeId, { latencyMs, median, mad, upperLimit }]) => ({
        dataNodeId,
        aggregateLatency: latencyMs,
        median,
        mad,
        upperLimitLatency: upperLimit,
      }));
    },
    slowDisks: () =>
      [...services.diskMetrics.slow()].map(([basePath, { METADATA, READ, WRITE }]) => ({
        basePath,
        meanMetadataOpLatency: METADATA,
        meanReadIoLatency: READ,
        meanWriteIoLatency: WRITE,
      })),
    haState: (actor, status) => serviceOf(actor).haState(actor, status),
    rollingUpgrade: (actor, status) => {
      if (actor.pool !== undefined && serviceOf(actor).isActive(actor)) upgrades.signal(actor.pool, status);
    },
    command: (actor, command) => {
      if (serviceOf(actor).isActive(actor)) commands.obey(actor, command);
      else host.log.log('info', 'datanode', `a command of a NameNode that is not active is passed over`);
    },
  };
}

function namespaceOf(info: NamespaceInfoProto) {
  const { storageInfo, blockPoolID } = info;
  if (storageInfo?.clusterID === undefined || storageInfo.namespceID === undefined || blockPoolID === undefined) {
    throw new HdfsError('EIO', 'the NameNode does not say which namespace it serves');
  }
  return {
    clusterId: storageInfo.clusterID,
    namespaceId: storageInfo.namespceID,
    pool: blockPoolID,
    cTime: storageInfo.cTime ?? 0,
  };
}

function storageReports(dataset: Dataset, pool: string): readonly StorageReportProtoInit[] {
  return dataset.volumes.map((volume) => ({
    storageUuid: volume.storageId,
    storage: storageProto(volume),
    failed: false,
    capacity: volume.capacity,
    dfsUsed: volume.dfsUsed,
    remaining: volume.availableBytes,
    blockPoolUsed: volume.usedBy(pool),
    nonDfsUsed: volume.nonDfsUsed,
  }));
}
