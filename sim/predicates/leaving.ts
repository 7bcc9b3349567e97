// RP4: the moment a DataNode counts as decommissioned, each of its blocks has the replicas elsewhere that its file wants, or
// dfs.replication where the file wants more; one for the last block of an open file. What rests in maintenance counts, beside
// dfs.namenode.maintenance.replication.min others. Counted on the disks.
import type { BlockHandle } from '../../src/core/blocks/block-map.ts';
import type { Datanode } from '../../src/core/blocks/datanode.ts';
import { AdminState } from '../../src/core/blocks/storage-type.ts';
import type { NameSystem } from '../../src/server/namenode/namesystem.ts';
import type { SimCluster } from '../cluster.ts';
import { allReplicas } from '../replicas.ts';
import { onStarted, wrap } from './hooks.ts';

const SCAN_LIMIT = 1_000_000;

export function watchLeaving(cluster: SimCluster): void {
  onStarted(cluster.nameNode, ({ system }) => {
    wrap(system.blockManager.datanodes, 'setAdminState', (call, node, state) => {
      const was = node.adminState;
      call(node, state);
      if (state === AdminState.DECOMMISSIONED && was === AdminState.DECOMMISSION_INPROGRESS) check(cluster, system, node);
    });
  });
}

function check(cluster: SimCluster, { namespace, blockManager }: NameSystem, leaving: Datanode): void {
  const { blocks, inodes } = namespace;
  const staying = new Set<string>();
  for (const node of blockManager.datanodes.alive) if (node.inService) staying.add(node.id.hostName);
  const resting = [...blockManager.datanodes.all].filter((node) => node !== leaving && node.maintenance);
  const least = cluster.configuration.getInt('dfs.namenode.maintenance.replication.min');
  const most = cluster.configuration.getInt('dfs.replication');
  cluster.violations.looked('RP4');
  const holders = (block: BlockHandle): Datanode[] =>
    Array.from({ length: blocks.replicaCount(block) }, (_, i) => blocks.replicaAt(block, i)).map(
      (number) => blockManager.datanodes.storage(number).node,
    );
  blocks.scan(1, SCAN_LIMIT, (block) => {
    const file = blocks.owner(block);
    const having = file === 0 || !inodes.isReachable(file) ? [] : holders(block);
    if (!having.includes(leaving)) return;
    const id = blocks.id(block);
    const isLastOfOpen =
      inodes.underConstruction(file) !== undefined && inodes.blockAt(file, inodes.blockCount(file) - 1) === block;
    const replication = Math.min(inodes.replication(file), most);
    const atRest = having.filter((node) => resting.includes(node)).length;
    const wanted = isLastOfOpen ? 1 : Math.max(replication - atRest, Math.min(least, replication));
    // Who writes on gives its replicas a later stamp before the NameNode hears of it.
    const isCurrent = (genStamp: number): boolean =>
      isLastOfOpen ? genStamp >= blocks.genStamp(block) : genStamp === blocks.genStamp(block);
    const elsewhere = allReplicas(cluster, id).filter(
      ({ dataNode, meta, path }) =>
        staying.has(dataNode) && meta !== undefined && isCurrent(meta.genStamp) && !path.includes('/tmp/'),
    );
    const detail = (): string =>
      `${leaving.id.hostName} counts as decommissioned, and blk_${id} has ${elsewhere.length} of ${wanted} replicas elsewhere`;
    cluster.violations.check(elsewhere.length >= wanted, 'RP4', detail);
  });
}
