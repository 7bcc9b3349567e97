// If these fail, the simulator does not see what a DataNode's start makes of its replicas, or takes what a recovery does to
// one right afterwards for the start's doing.
import { expect, test } from 'vitest';
import { blockId } from '../../src/base/ids.ts';
import { RpcClient, rpcProxy } from '../../src/rpc/client.ts';
import { INTER_DATANODE_PROTOCOL } from '../../src/server/datanode/inter-datanode.ts';
import { InterDatanodeProtocolService } from '../../src/wire/messages/inter-datanode.ts';
import { SimCluster } from '../cluster.ts';
import { allReplicas } from '../replicas.ts';
import { watchDataNodeStarts } from './datanode-start.ts';

const BYTES = 3_000;
const CUT_TO = 700;
/** Much longer than a start takes. */
const SLOW_MS = 300;

/** A DataNode that has died with one finalized replica. */
async function withOneReplica() {
  const cluster = new SimCluster({ seed: 3, clients: 1, dataNodes: 1 });
  watchDataNodeStarts(cluster);
  await cluster.start();
  const { simulation, violations } = cluster;
  const [machine] = cluster.clients;
  const [daemon] = cluster.dataNodes;
  if (machine === undefined || daemon === undefined) throw new Error('the cluster lacks a node');
  const client = await simulation.run(cluster.connect(machine), 60_000);
  await simulation.run(client.writeFile('/f', Buffer.alloc(BYTES, 7), { replication: 1 }), 60_000);
  const [replica] = allReplicas(cluster);
  if (replica?.meta === undefined) throw new Error('nothing was written');
  const { path, id, meta } = replica;
  daemon.crash('process');
  const pool = () => {
    const [poolId = ''] = daemon.running?.dataset.poolIds ?? [];
    return daemon.running?.dataset.poolOrNone(poolId);
  };
  return { cluster, simulation, violations, machine, daemon, pool, path, id, stamp: meta.genStamp };
}

test('a recovery that cuts a replica which was just taken up is not the doing of the start', async () => {
  const { cluster, simulation, violations, machine, daemon, pool, id, stamp } = await withOneReplica();
  void daemon.restart();
  expect(await cluster.until(() => pool() !== undefined, 5_000, 1)).toBe(true);
  const rpc = new RpcClient(machine.host, {
    address: { host: daemon.name, port: daemon.running?.addresses.ipc.port ?? 0 },
    protocol: INTER_DATANODE_PROTOCOL,
    user: 'hdfs',
  });
  const peer = rpcProxy(rpc, InterDatanodeProtocolService);
  const block = { poolId: pool()?.id ?? '', blockId: id, generationStamp: stamp, numBytes: BYTES };
  const blockToken = { identifier: Buffer.alloc(0), password: Buffer.alloc(0), kind: '', service: '' };
  const recoveryId = stamp + 7;
  const recovering = { block: { b: block, offset: 0, locs: [], corrupt: false, blockToken }, newGenStamp: recoveryId };
  await simulation.run(peer.initReplicaRecovery({ block: recovering }), 60_000);
  // It is cut before it gets its new generation stamp.
  daemon.diskFault = ({ operation }) => (operation === 'rename' ? { delayMs: SLOW_MS } : undefined);
  let isCut = false;
  void peer.updateReplicaUnderRecovery({ block, recoveryId, newLength: CUT_TO }).then(() => {
    isCut = true;
  });
  const known = () => {
    const handle = pool()?.replicas.find(blockId(id)) ?? 0;
    return [pool()?.replicas.genStamp(handle), pool()?.replicas.numBytes(handle)];
  };
  expect(await cluster.until(() => known()[1] === CUT_TO, 5_000, 1)).toBe(true);
  expect(known()).toEqual([stamp, CUT_TO]);
  expect(await cluster.until(() => isCut, 5_000, 1)).toBe(true);
  expect(known()).toEqual([recoveryId, CUT_TO]);
  expect(violations.evaluated.get('BK10')).toBeGreaterThan(0);
  expect(violations.found).toEqual([]);
  rpc.close();
});

test.each([
  ['is cut', 'and takes its 3000 bytes for 700 in state 0'],
  ['is gone', 'and does not serve it'],
])('a replica that %s while its DataNode starts is seen', async (how, what) => {
  const { cluster, simulation, violations, daemon, pool, path, stamp } = await withOneReplica();
  void daemon.restart();
  const { disk } = daemon.machine.host;
  const act = async (): Promise<void> => {
    if (how === 'is gone') return disk.unlink(path);
    const file = await disk.open(path, 'r+');
    await file.truncate(CUT_TO);
    await file.close();
  };
  await simulation.run(act(), 1_000);
  expect(await cluster.until(() => pool() !== undefined, 5_000, 1)).toBe(true);
  expect(violations.found.map(({ invariant, detail }) => [invariant, detail])).toEqual([
    ['BK10', `dn0 starts with ${path}, generation ${stamp}, ${what}`],
  ]);
});
