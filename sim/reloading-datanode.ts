// A cluster whose first DataNode was started once more, as one that can read its configuration again while it runs.
import { DataNodeAdmin } from '../src/client/datanode-admin.ts';
import type { Configuration } from '../src/config/configuration.ts';
import { DataNode } from '../src/server/datanode/datanode.ts';
import { type ClusterOptions, SimCluster } from './cluster.ts';

/** `ofNode`: what that node's configuration is, made from the cluster's. `files.configuration` is what it reads next. */
export async function clusterWithReloading(
  options: ClusterOptions,
  ofNode: (configuration: Configuration) => Configuration = (configuration) => configuration,
) {
  const cluster = new SimCluster(options);
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  const [daemon] = cluster.dataNodes;
  if (machine === undefined || daemon === undefined) throw new Error('the cluster lacks a node');
  daemon.crash('process');
  const files = { configuration: ofNode(cluster.configuration) };
  const host = daemon.machine.restart();
  const node = new DataNode(host, files.configuration, { reload: async (): Promise<Configuration> => files.configuration });
  await simulation.run(node.start(), 60_000);
  await simulation.advance(5_000);
  const client = await simulation.run(cluster.connect(machine), 60_000);
  const admin = new DataNodeAdmin(machine.host, cluster.configuration, `${daemon.name}:${node.addresses.ipc.port}`, 'hdfs');
  return { cluster, simulation, client, admin, daemon, host, files };
}
