// LR1, seen from outside: somebody who does not hold the lease asks to write to files that others have open, and is refused.
import type { InodeHandle } from '../../src/core/namespace/inodes.ts';
import { pathOfInode } from '../../src/core/namespace/permissions.ts';
import type { SimNode } from '../../src/host/sim/index.ts';
import { RpcClient } from '../../src/rpc/client.ts';
import { ClientNamenodeProtocol } from '../../src/wire/messages/client-namenode.ts';
import type { SimCluster } from '../cluster.ts';

const PERIOD_MS = 3_000;
const TIMEOUT_MS = 10_000;

export function watchLeases(cluster: SimCluster): void {
  const { scheduler } = cluster.simulation;
  let machine: SimNode | undefined;
  const look = (): void => {
    scheduler.after(PERIOD_MS, undefined, 'a thief', look);
    const namespace = cluster.nameNode.running?.system.namespace;
    const [file] = namespace?.openFiles() ?? [];
    if (namespace === undefined || file === undefined) return;
    machine ??= cluster.simulation.node('thief');
    void steal(cluster, machine, pathOfInode(namespace.inodes, file as InodeHandle), namespace.inodes.id(file));
  };
  look();
}

async function steal(cluster: SimCluster, { host }: SimNode, src: string, fileId: number): Promise<void> {
  const client = new RpcClient(host, {
    address: { host: 'nn', port: 8020 },
    protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
    user: 'hdfs',
    timeoutMs: TIMEOUT_MS,
    connectTimeoutMs: TIMEOUT_MS,
  });
  let taken = false;
  try {
    await client.call(ClientNamenodeProtocol, 'fsync', { src, client: 'thief', fileId, lastBlockLength: -1 });
    taken = true;
  } catch (error) {
    // Refused, or there was nobody to refuse: either way nothing was taken.
    taken = !(error instanceof Error);
  } finally {
    client.close();
  }
  cluster.violations.check(!taken, 'LR1', () => `${src} is written by somebody who has not opened it`);
}
