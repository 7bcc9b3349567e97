// Crash states of a DataNode's disk while its block pool follows the NameNode into an upgrade, gives up the state of before,
// or goes back to it: the file that was closed before is there in every one of them.
import { HdfsAdmin } from '../../src/client/admin.ts';
import { DataNode } from '../../src/server/datanode/datanode.ts';
import { NameNode } from '../../src/server/namenode/namenode.ts';
import { rollBackNameNode } from '../../src/server/namenode/upgrade.ts';
import { SimCluster } from '../cluster.ts';
import { contentOf } from '../content.ts';
import { durableState, judgeFile, KEY, KEYS, PATH, type Promised } from './datanode-workloads.ts';
import type { Workload } from './explore.ts';

const BYTES = 6_000;
const LIMIT_MS = 120_000;

/** A closed file on the only DataNode; both daemons are stopped. */
async function prepared(): Promise<SimCluster> {
  const cluster = new SimCluster({ seed: 7, dataNodes: 1, clients: 1, keys: KEYS });
  const { simulation } = cluster;
  await cluster.start();
  const fs = await simulation.run(cluster.connect(simulation.node('client0')));
  await simulation.run(fs.writeFile(PATH, contentOf(KEY, 0, BYTES), { blockSize: 4_096, replication: 1 }), LIMIT_MS);
  for (const daemon of [cluster.nameNode, cluster.dataNodes[0]]) {
    if (daemon?.running !== undefined) await simulation.run(daemon.running.stop(), LIMIT_MS);
    daemon?.machine.restart();
  }
  return cluster;
}

async function startNameNode({ simulation, nameNode, configuration }: SimCluster, startup: 'regular' | 'upgrade') {
  const server = new NameNode(nameNode.machine.host, configuration, { startup });
  await simulation.run(server.start(), LIMIT_MS);
  return server;
}

async function startDataNode(cluster: SimCluster, startOption: 'regular' | 'rollback'): Promise<DataNode> {
  const [daemon] = cluster.dataNodes;
  if (daemon === undefined) throw new Error('the cluster has a DataNode');
  const server = new DataNode(daemon.machine.host, cluster.configuration, { startOption });
  await server.start();
  return server;
}

const registered = (cluster: SimCluster, server: NameNode): Promise<boolean> =>
  cluster.until(() => server.system.blockManager.datanodes.aliveCount === 1, LIMIT_MS);

const promiseOf = (cluster: SimCluster): Promised => ({
  nameNode: durableState(cluster),
  written: BYTES,
  synced: BYTES,
  closed: true,
});

export const poolUpgradeWorkload = (): Workload<Promised> => ({
  name: 'pool-upgrade',
  async play(record) {
    const cluster = await prepared();
    const server = await startNameNode(cluster, 'upgrade');
    record(cluster, 'dn0', () => promiseOf(cluster));
    await cluster.simulation.run(startDataNode(cluster, 'regular'), LIMIT_MS);
    await registered(cluster, server);
    await cluster.simulation.advance(3_000);
  },
  judge: (state, promised) => judgeFile(state, promised),
});

/** Both upgraded, and running. */
async function upgraded() {
  const cluster = await prepared();
  const nameNode = await startNameNode(cluster, 'upgrade');
  const dataNode = await cluster.simulation.run(startDataNode(cluster, 'regular'), LIMIT_MS);
  await registered(cluster, nameNode);
  await cluster.simulation.advance(3_000);
  return { cluster, nameNode, dataNode };
}

export const poolFinalizeWorkload = (): Workload<Promised> => ({
  name: 'pool-finalize',
  async play(record) {
    const { cluster } = await upgraded();
    const { simulation, configuration } = cluster;
    record(cluster, 'dn0', () => promiseOf(cluster));
    const admin = new HdfsAdmin(simulation.node('client0').host, configuration, 'hdfs');
    await simulation.run(admin.finalizeUpgrade(), LIMIT_MS);
    // The command comes with the answer to a full report.
    await simulation.advance(90_000);
  },
  judge: (state, promised) => judgeFile(state, promised),
});

/** It is asked for again: a DataNode that has gone back already takes that for nothing to do. */
export const poolRollbackWorkload = (): Workload<Promised> => ({
  name: 'pool-rollback',
  async play(record) {
    const { cluster, nameNode, dataNode } = await upgraded();
    const { simulation, configuration } = cluster;
    await simulation.run(Promise.all([nameNode.stop(), dataNode.stop()]), LIMIT_MS);
    cluster.nameNode.machine.restart();
    cluster.dataNodes[0]?.machine.restart();
    await simulation.run(rollBackNameNode(cluster.nameNode.machine.host, configuration), LIMIT_MS);
    const server = await startNameNode(cluster, 'regular');
    record(cluster, 'dn0', () => promiseOf(cluster));
    await simulation.run(startDataNode(cluster, 'rollback'), LIMIT_MS);
    await registered(cluster, server);
    await simulation.advance(3_000);
  },
  judge: (state, promised) => judgeFile(state, promised, (cluster) => startDataNode(cluster, 'rollback')),
});
