// A simulated cluster with one file, and bare calls to its NameNode: what the tests of appending, cutting and recovering share.
import { RpcClient, type RpcProxy, rpcProxy } from '../src/rpc/client.ts';
import { ClientNamenodeProtocol } from '../src/wire/messages/client-namenode.ts';
import { type Keys, SimCluster } from './cluster.ts';

export type Api = RpcProxy<typeof ClientNamenodeProtocol>;

export interface FileOptions {
  readonly seed?: number;
  readonly dataNodes?: number;
  readonly keys?: Keys;
}

/** Bytes of which no two neighbourhoods are alike. */
export function pattern(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

/** A cluster, and two clients on machines of their own: one to write, whose machine may go, and one to look. */
export async function withTwoClients({ seed = 5, dataNodes = 3, keys }: FileOptions = {}) {
  const cluster = new SimCluster({ seed, dataNodes, clients: 2, keys });
  const { simulation } = cluster;
  await cluster.start();
  const run = <T>(work: Promise<T>, limitMs = 180_000): Promise<T> => simulation.run(work, limitMs);
  const [writing, other] = cluster.clients;
  if (writing === undefined || other === undefined) throw new Error('the cluster has no clients');
  const writer = await run(cluster.connect(writing));
  const reader = await run(cluster.connect(other));
  return { cluster, simulation, run, writing, writer, reader };
}

/** A cluster with the file /f of so many bytes, on three DataNodes. */
export async function withFile(bytes: number, { seed = 5, dataNodes = 3, keys }: FileOptions = {}) {
  const cluster = new SimCluster({ seed, dataNodes, clients: 1, keys });
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const content = pattern(bytes);
  const client = await simulation.run(cluster.connect(machine), 60_000);
  await simulation.run(client.writeFile('/f', content, { replication: 3 }), 60_000);
  // A NameNode that comes back knows a client by its id.
  const clientId = new Uint8Array(16).fill(3);
  const connect = (): Api =>
    rpcProxy(
      new RpcClient(machine.host, {
        address: { host: 'nn', port: 8020 },
        protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
        user: 'hdfs',
        clientId,
      }),
      ClientNamenodeProtocol,
    );
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 120_000);
  const leases = () => cluster.nameNode.running?.system.namespace.leases;
  const restartNameNode = async (how: 'process' | 'power'): Promise<boolean> => {
    cluster.nameNode.crash(how);
    await run(cluster.nameNode.restart());
    return cluster.until(() => cluster.nameNode.running?.system.blockManager.safeMode.isOn === false, 120_000);
  };
  const cut = (from: string, to: string): void => simulation.cut(simulation.node(from), simulation.node(to));
  const heal = (from: string, to: string): void => simulation.heal(simulation.node(from), simulation.node(to));
  return {
    cluster,
    cut,
    heal,
    machine,
    client,
    api: connect(),
    connect,
    content,
    run,
    /** Whether all files are closed within some time. */
    closed: (limitMs = 60_000) => cluster.until(() => leases()?.fileCount === 0, limitMs),
    restartNameNode,
  };
}
