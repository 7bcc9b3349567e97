// Reports of slow peers and disks, as heartbeats bring them and as /jmx shows them. Apache: PBHelper, SlowPeerJsonReport,
// SlowDiskTracker.DiskLatency.

import type { Outlier } from '../../../core/slow/outliers.ts';
import type { DiskOp, SlowDisk, SlowPeer } from '../../../core/slow/slow-trackers.ts';
import { formatDouble } from '../../../web/json.ts';
import type { SlowDiskReportProto, SlowPeerReportProto } from '../../../wire/messages/datanode.ts';

export function slowPeersOf(reports: readonly SlowPeerReportProto[]): ReadonlyMap<string, Outlier> {
  return new Map(
    reports.flatMap(({ dataNodeId, aggregateLatency = 0, median = 0, mad = 0, upperLimitLatency = 0 }) =>
      dataNodeId === undefined
        ? []
        : [[dataNodeId, { latencyMs: aggregateLatency, median, mad, upperLimit: upperLimitLatency }] as const],
    ),
  );
}

/** Their ids are the paths alone. */
export function slowDisksOf(reports: readonly SlowDiskReportProto[]): readonly SlowDisk[] {
  return reports.flatMap(({ basePath, meanMetadataOpLatency, meanReadIoLatency, meanWriteIoLatency }) => {
    if (basePath === undefined) return [];
    const latencies: Partial<Record<DiskOp, number>> = {};
    if (meanMetadataOpLatency !== undefined) latencies.METADATA = meanMetadataOpLatency;
    if (meanReadIoLatency !== undefined) latencies.READ = meanReadIoLatency;
    if (meanWriteIoLatency !== undefined) latencies.WRITE = meanWriteIoLatency;
    return [{ id: basePath, latencies }];
  });
}

const object = (fields: readonly (readonly [name: string, json: string])[]): string =>
  `{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;

/** Null while peers are not looked at. */
export function slowPeersJson(peers: readonly SlowPeer[] | undefined): string | null {
  if (peers === undefined) return null;
  const texts = peers.map(({ node, reports }) =>
    object([
      ['SlowNode', JSON.stringify(node)],
      [
        'SlowPeerLatencyWithReportingNodes',
        `[${reports
          .map(({ reportingNode, latencyMs, median, mad, upperLimit }) =>
            object([
              ['ReportingNode', JSON.stringify(reportingNode)],
              ['ReportedLatency', formatDouble(latencyMs)],
              ['MedianLatency', formatDouble(median)],
              ['MadLatency', formatDouble(mad)],
              ['UpperLimitLatency', formatDouble(upperLimit)],
            ]),
          )
          .join(',')}]`,
      ],
    ]),
  );
  return `[${texts.join(',')}]`;
}

/** Null where there is none. */
export function slowDisksJson(disks: readonly SlowDisk[]): string | null {
  if (disks.length === 0) return null;
  const texts = disks.map(({ id, latencies }) =>
    object([
      ['SlowDiskID', JSON.stringify(id)],
      ['Latencies', object(Object.entries(latencies).map(([op, latency]) => [op, formatDouble(latency)]))],
    ]),
  );
  return `[${texts.join(',')}]`;
}
