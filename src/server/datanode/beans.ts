// What a DataNode shows of itself on its web port: the beans of /jmx that scrapers know from Apache, and the plain page.
import type { Bean } from '../../web/jmx.ts';
import { JavaDouble, type JmxValue } from '../../web/json.ts';
import { formatBytes, type StatusPage } from '../../web/page.ts';
import { StorageTypeProtoNames } from '../../wire/messages/hdfs.ts';
import { activityBean } from './activity-beans.ts';
import type { NameNodeActor } from './namenode-actor.ts';
import type { Services } from './services.ts';

export interface BeanSource {
  readonly services: Services;
  actors(): readonly { readonly actor: NameNodeActor; readonly active: boolean }[];
  readonly datanodeUuid: string;
  readonly hostName: string;
  readonly clusterId: string;
  readonly ports: { readonly transfer: number; readonly ipc: number; readonly http: number };
  readonly version: string;
  /** Wall clock, milliseconds. */
  readonly started: number;
}

/** Of a volume's calls nothing is profiled, as with Hadoop where dfs.datanode.fileio.profiling.sampling.percentage is 0. */
const UNPROFILED: Readonly<Record<string, JmxValue>> = {
  TotalMetadataOperations: 0,
  TotalDataFileIos: 0,
  TotalFileIoErrors: 0,
  ...Object.fromEntries(
    [
      'MetadataOperation',
      'DataFileIo',
      'FlushIo',
      'SyncIo',
      'ReadIo',
      'WriteIo',
      'TransferIo',
      'NativeCopyIo',
      'FileIoError',
    ].flatMap((name): [string, JmxValue][] => [
      [`${name}RateNumOps`, 0],
      [`${name}RateAvgTime`, new JavaDouble(0)],
    ]),
  ),
};

/** Both beans of the dataset are named by it, in different places. */
const DATASET_CLASS = 'org.apache.hadoop.hdfs.server.datanode.fsdataset.impl.FsDatasetImpl';

export function datanodeBeans(source: BeanSource): readonly Bean[] {
  const { dataset, ramDisk, counters, peerMetrics, diskMetrics } = source.services;
  const { memory } = ramDisk;
  const sum = (pick: (volume: (typeof dataset.volumes)[number]) => number): number =>
    dataset.volumes.reduce((total, volume) => total + pick(volume), 0);
  const datasetState = (): Readonly<Record<string, JmxValue>> => ({
    Capacity: sum((volume) => volume.capacity),
    DfsUsed: sum((volume) => volume.dfsUsed),
    Remaining: sum((volume) => volume.availableBytes),
    NumFailedVolumes: dataset.volumeList.failures.length,
    LastVolumeFailureDate: dataset.volumeList.failureSummary?.lastVolumeFailureDate ?? 0,
    EstimatedCapacityLostTotal: dataset.volumeList.failureSummary?.estimatedCapacityLostTotal ?? 0,
    CacheCapacity: memory.capacity,
    CacheUsed: memory.used,
    NumBlocksCached: 0,
    NumBlocksFailedToCache: 0,
    PendingAsyncDeletions: dataset.pendingDeletions,
  });
  const storageInfo = (): string => `FSDataset{dirpath='[${dataset.volumes.map(({ path }) => path).join(', ')}]'}`;
  return [
    {
      name: 'Hadoop:service=DataNode,name=DataNodeInfo',
      modelerType: 'org.apache.hadoop.hdfs.server.datanode.DataNode',
      attributes: () => ({
        Version: '3.5.0',
        SoftwareVersion: '3.5.0',
        RpcPort: String(source.ports.ipc),
        DataPort: String(source.ports.transfer),
        HttpPort: String(source.ports.http),
        ClusterId: source.clusterId,
        DatanodeHostname: source.hostName,
        XceiverCount: counters.activeTransfers,
        XmitsInProgress: counters.transfersOut,
        ActiveTransferThreadCount: counters.load,
        SecurityEnabled: false,
        DNStartedTimeInMillis: source.started,
        DiskBalancerStatus: '',
        DatanodeNetworkCounts: [...counters.networkErrorsByHost].map(([key, errors]) => ({
          key,
          value: [{ key: 'networkErrors', value: errors }],
        })),
        NamenodeAddresses: JSON.stringify(
          Object.fromEntries(source.actors().map(({ actor }) => [actor.address.host, actor.pool ?? ''])),
        ),
        BPServiceActorInfo: JSON.stringify(
          source.actors().map(({ actor, active }) => ({
            NamenodeAddress: `${actor.address.host}:${actor.address.port}`,
            NamenodeHaState: active ? 'active' : 'standby',
            BlockPoolID: actor.pool ?? '',
            ActorState: actor.state.toUpperCase(),
            LastHeartbeat: String(actor.lastHeartbeatAt),
            LastBlockReport: String(actor.lastReportAt),
          })),
        ),
        SendPacketDownstreamAvgInfo: peerMetrics.enabled
          ? JSON.stringify(
              Object.fromEntries([...peerMetrics.averages].map(([peer, average]) => [`[${peer}]RollingAvgTime`, average])),
            )
          : null,
        SlowDisks: diskMetrics.enabled ? JSON.stringify([...diskMetrics.slow().keys()]) : null,
        VolumeInfo: JSON.stringify(
          Object.fromEntries(
            dataset.volumes.map((volume) => [
              volume.path,
              {
                usedSpace: volume.dfsUsed,
                freeSpace: volume.availableBytes,
                reservedSpace: volume.reservedBytes,
                reservedSpaceForReplicas: volume.promisedBytes,
                storageType: StorageTypeProtoNames[volume.storageType] ?? '',
              },
            ]),
          ),
        ),
      }),
    },
    {
      name: `Hadoop:service=DataNode,name=FSDatasetState-${source.datanodeUuid}`,
      modelerType: DATASET_CLASS,
      attributes: () => ({
        ...datasetState(),
        FailedStorageLocations: dataset.volumeList.failures.map(({ location }) => location),
        NumBlocks: dataset.replicaCount,
        NumBlocksFailedToUncache: 0,
        LastDirScannerFinishTime: counters.directoryScanEndedAt,
        StorageInfo: storageInfo(),
      }),
    },
    {
      name: 'Hadoop:service=DataNode,name=FSDatasetState',
      modelerType: 'FSDatasetState',
      record: DATASET_CLASS,
      attributes: () => ({
        'tag.Context': 'FSDatasetState',
        'tag.StorageInfo': storageInfo(),
        'tag.Hostname': source.hostName,
        ...datasetState(),
        NumBlocksFailedToUnCache: 0,
        LastDirectoryScannerFinishTime: counters.directoryScanEndedAt,
      }),
    },
    activityBean({
      services: source.services,
      hostName: source.hostName,
      port: source.ports.transfer,
      clock: source.services.host.clock,
      reports: () => source.actors().map(({ actor }) => actor.reports),
    }),
    ...dataset.volumes.map(
      ({ path }): Bean => ({
        name: `Hadoop:service=DataNode,name=DataNodeVolume-${path}`,
        modelerType: `DataNodeVolume-${path}`,
        record: 'FsVolume',
        attributes: () => ({ 'tag.Context': 'dfs', 'tag.VolumeName': path, 'tag.Hostname': source.hostName, ...UNPROFILED }),
      }),
    ),
  ];
}

export function datanodePage(source: BeanSource): StatusPage {
  const { dataset, counters } = source.services;
  return {
    title: `DataNode ${source.hostName}:${source.ports.transfer}`,
    facts: [
      ['Version', source.version],
      ['Cluster', source.clusterId],
      ['DataNode', source.datanodeUuid],
      ['Blocks', dataset.replicaCount],
      ['Transfers', counters.activeTransfers],
    ],
    tables: [
      {
        title: 'Volumes',
        columns: ['Directory', 'Storage', 'Used', 'Free', 'State'],
        rows: dataset.volumes
          .map((volume) => [
            volume.path,
            volume.storageId,
            formatBytes(volume.dfsUsed),
            formatBytes(volume.availableBytes),
            'in service',
          ])
          .concat(dataset.volumeList.failures.map(({ location }) => [location, '', '', '', 'failed'])),
      },
      {
        title: 'NameNodes',
        columns: ['Address', 'Block pool', 'State'],
        rows: source
          .actors()
          .map(({ actor, active }) => [
            `${actor.address.host}:${actor.address.port}`,
            actor.pool ?? '',
            active ? `${actor.state}, active` : actor.state,
          ]),
      },
    ],
    links: [
      ['/blockScannerReport', 'Block scanner'],
      ['/logs/', 'Logs'],
      ['/jmx', 'JMX'],
      ['/prom', 'Metrics'],
      ['/conf', 'Configuration'],
    ],
  };
}
