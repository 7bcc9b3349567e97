// What /metrics of a DataNode says of its volumes, its replicas and what it has moved.
import type { MetricDefinition } from '../../web/metrics.ts';
import type { Services } from './services.ts';

export function dataNodeMetrics({ dataset, counters }: Services): readonly MetricDefinition[] {
  return [
    {
      name: 'tuskfs_volume_bytes',
      help: 'Room of each volume in service.',
      kind: 'gauge',
      labels: ['volume', 'kind'],
      read: () =>
        dataset.volumes.flatMap(({ path: volume, capacity, dfsUsed, availableBytes, reservedBytes }) => [
          { labels: { volume, kind: 'total' }, value: capacity },
          { labels: { volume, kind: 'used' }, value: dfsUsed },
          { labels: { volume, kind: 'remaining' }, value: availableBytes },
          { labels: { volume, kind: 'reserved' }, value: reservedBytes },
        ]),
    },
    {
      name: 'tuskfs_volumes_failed',
      help: 'Volumes out of service.',
      kind: 'gauge',
      read: () => dataset.volumeList.failures.length,
    },
    { name: 'tuskfs_replicas', help: 'Replicas held.', kind: 'gauge', read: () => dataset.replicaCount },
    {
      name: 'tuskfs_transfers',
      help: 'Data connections under way.',
      kind: 'gauge',
      read: () => counters.activeTransfers,
    },
    {
      name: 'tuskfs_data_bytes_total',
      help: 'Bytes of blocks read for clients, with their checksums, and written.',
      kind: 'counter',
      labels: ['direction'],
      read: () => [
        { labels: { direction: 'read' }, value: counters.bytesRead },
        { labels: { direction: 'written' }, value: counters.bytesWritten },
      ],
    },
    {
      name: 'tuskfs_data_blocks_total',
      help: 'Blocks read, written, and copied to other DataNodes.',
      kind: 'counter',
      labels: ['direction'],
      read: () => [
        { labels: { direction: 'read' }, value: counters.blocksRead },
        { labels: { direction: 'written' }, value: counters.blocksWritten },
        { labels: { direction: 'copied' }, value: counters.blocksReplicated },
      ],
    },
  ];
}
