// The plain page that a NameNode shows: health first, then figures and DataNodes.
import { formatHostPort } from '../../config/nameservices.ts';
import type { StatusPage } from '../../web/page.ts';
import { formatBytes } from '../../web/page.ts';
import type { NameNodeView } from './beans.ts';
import { ALWAYS_LINKED, startupTable } from './startup-view.ts';

function health({ system }: NameNodeView): string {
  const { blockManager } = system;
  const stats = blockManager.statistics();
  if (blockManager.safeMode.isOn) return `Safe mode is on. ${blockManager.safeMode.tip()}`;
  const worries: string[] = [];
  if (stats.missing > 0) worries.push(`${stats.missing} blocks have no good replica`);
  if (stats.lowRedundancy > 0) worries.push(`${stats.lowRedundancy} blocks have too few replicas`);
  if (blockManager.datanodes.aliveCount === 0) worries.push('no DataNode is live');
  return worries.length === 0 ? 'All is well.' : `${worries.join('; ')}.`;
}

export function statusPage(view: NameNodeView): StatusPage {
  const { system, identity, checkpointer, rpc, storage, progress } = view;
  const { blockManager, namespace: ns, editLog } = system;
  const stats = blockManager.statistics();
  const now = system.now().monotonicMs;
  const nodes = [...blockManager.datanodes.all];
  return {
    title: `NameNode ${formatHostPort(rpc.address)}`,
    facts: [
      ['Health', health(view)],
      ['Files and directories', ns.inodeCount],
      ['Blocks', ns.blockCount],
      [
        'Capacity',
        `${formatBytes(stats.capacityUsed)} used, ${formatBytes(stats.capacityRemaining)} free of ${formatBytes(stats.capacityTotal)}`,
      ],
      ['DataNodes', `${blockManager.datanodes.aliveCount} live of ${nodes.length}`],
      ['Last transaction', editLog.lastTxid],
      ['Newest image', `transaction ${checkpointer.imageTxid}`],
      ['Cluster', identity.clusterId],
      ['Block pool', identity.blockPoolId],
    ],
    tables: [
      {
        anchor: 'tab-datanode',
        title: 'DataNodes',
        columns: ['Node', 'Rack', 'State', 'Last contact', 'Used', 'Free', 'Blocks', 'Version'],
        rows: nodes.map((node) => [
          node.xferAddress,
          node.location,
          node.alive ? 'live' : 'dead',
          `${Math.round((now - node.lastUpdateMonotonicMs) / 1000)} s ago`,
          formatBytes(node.dfsUsed),
          formatBytes(node.remaining),
          node.blockCount,
          node.softwareVersion,
        ]),
      },
      {
        title: 'Name directories',
        columns: ['Directory', 'State'],
        rows: storage.states.map(({ directory, failed }) => [directory.root, failed ?? 'in use']),
      },
      startupTable(progress),
    ],
    links: [['/explorer.html', 'Files'], ['/topology', 'Racks'], ...ALWAYS_LINKED],
  };
}
