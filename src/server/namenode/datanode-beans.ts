// The DataNodes in NameNodeInfo, as Hadoop's monitoring reads them: objects by host name and port, each attribute as one
// text of JSON.
import { ADMIN_STATE_NAMES } from '../../core/blocks/admin/admin-states.ts';
import type { NodeAdmin } from '../../core/blocks/admin/node-admin.ts';
import type { Datanode } from '../../core/blocks/datanode.ts';
import type { JmxValue } from '../../web/json.ts';

type Attributes = Readonly<Record<string, unknown>>;

const percent = (part: number, whole: number): number => (whole <= 0 ? 0 : (part * 100) / whole);

export function datanodeAttributes(admin: NodeAdmin, nowMs: number): Readonly<Record<string, JmxValue>> {
  return {
    LiveNodes: byName(admin.list('live'), (node) => liveNode(node, nowMs)),
    DeadNodes: byName(admin.list('dead'), (node) => deadNode(node, nowMs)),
    DecomNodes: byName(admin.list('decommissioning'), (node) => ({
      ...leavingNode(node),
      decommissionOnlyReplicas: node.leaving.outOfServiceOnly,
      decommissionDuration: Math.round(nowMs - node.leaving.startedMonotonicMs),
    })),
    EnteringMaintenanceNodes: byName(admin.list('enteringMaintenance'), (node) => ({
      ...leavingNode(node),
      maintenanceOnlyReplicas: node.leaving.outOfServiceOnly,
    })),
  };
}

function byName(nodes: readonly Datanode[], attributes: (node: Datanode) => Attributes): string {
  return JSON.stringify(Object.fromEntries(nodes.map((node) => [`${node.id.hostName}:${node.id.xferPort}`, attributes(node)])));
}

const place = (node: Datanode): Attributes => ({ xferaddr: node.xferAddress, location: node.location, uuid: node.uuid });

function deadNode(node: Datanode, nowMs: number): Attributes {
  return {
    lastContact: Math.round((nowMs - node.lastUpdateMonotonicMs) / 1000),
    decommissioned: node.decommissioned,
    adminState: ADMIN_STATE_NAMES[node.adminState],
    ...place(node),
  };
}

/** How far a node is on its way out. */
function leavingNode(node: Datanode): Attributes {
  return {
    ...place(node),
    underReplicatedBlocks: node.leaving.lowRedundancy,
    underReplicateInOpenFiles: node.leaving.inOpenFiles,
  };
}

function liveNode(node: Datanode, nowMs: number): Attributes {
  const { id, volumeFailureSummary: failures } = node;
  return {
    infoAddr: `${id.ipAddr}:${id.infoPort}`,
    infoSecureAddr: `${id.ipAddr}:${id.infoSecurePort}`,
    ...place(node),
    lastContact: Math.round((nowMs - node.lastUpdateMonotonicMs) / 1000),
    usedSpace: node.dfsUsed,
    adminState: ADMIN_STATE_NAMES[node.adminState],
    nonDfsUsedSpace: node.nonDfsUsed,
    capacity: node.capacity,
    numBlocks: node.blockCount,
    version: node.softwareVersion,
    used: node.dfsUsed,
    remaining: node.remaining,
    blockScheduled: node.blocksScheduledTotal,
    blockPoolUsed: node.blockPoolUsed,
    blockPoolUsedPercent: percent(node.blockPoolUsed, node.capacity),
    volfails: node.volumeFailures,
    lastBlockReport:
      node.lastBlockReportMonotonicMs === 0 ? -1 : Math.round((nowMs - node.lastBlockReportMonotonicMs) / 60_000),
    ...(failures === undefined
      ? {}
      : {
          failedStorageIDs: failures.failedStorageLocations,
          lastVolumeFailureDate: failures.lastVolumeFailureDate,
          estimatedCapacityLostTotal: failures.estimatedCapacityLostTotal,
        }),
    blockPoolUsedPercentStdDev: deviation(
      [...node.storages.values()].map((storage) => percent(storage.blockPoolUsed, storage.capacity)),
    ),
  };
}

function deviation(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
