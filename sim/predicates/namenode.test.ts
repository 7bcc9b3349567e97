// If these fail, the simulator no longer sees that a good replica counts as bad, or that an error leaves changes, or it cries
// over what is as it should be.
import { expect, test } from 'vitest';
import { HdfsError } from '../../src/base/errors.ts';
import type { BlockId, GenStamp } from '../../src/base/ids.ts';
import type { BlockHandle } from '../../src/core/blocks/block-map.ts';
import type { RpcCall } from '../../src/rpc/service.ts';
import type { NameSystem } from '../../src/server/namenode/namesystem.ts';
import { type Keys, SimCluster } from '../cluster.ts';
import { allReplicas } from '../replicas.ts';
import { NameNodeWatch } from './namenode.ts';

/** HdfsConstants.LEASE_SOFTLIMIT_PERIOD. */
const SOFT_LIMIT_MS = 60_000;

function onlyBlock({ namespace }: NameSystem): BlockHandle {
  const found: BlockHandle[] = [];
  namespace.blocks.scan(1, 1_000, (block) => void found.push(block));
  expect(found).toHaveLength(1);
  return found[0] as BlockHandle;
}

async function withReplica(keys: Keys = {}) {
  const cluster = new SimCluster({ seed: 6, clients: 1, keys });
  const { simulation, violations } = cluster;
  const watch = new NameNodeWatch(cluster, () => undefined);
  await cluster.start();
  const client = await simulation.run(cluster.connect(simulation.node('client0')), 60_000);
  await simulation.run(client.writeFile('/f', Buffer.alloc(3_000, 7), { replication: 3 }), 60_000);
  const isWhole = (): boolean => {
    const system = cluster.nameNode.running?.system;
    return system !== undefined && system.blockManager.liveReplicas(onlyBlock(system)) === 3;
  };
  expect(await cluster.until(isWhole, 10_000)).toBe(true);
  const look = (judged = new Map<string, BlockId>()): readonly string[] => {
    watch.checkCorrupt(judged);
    return violations.found.map(({ detail }) => detail);
  };
  const corrupt = (): number => cluster.nameNode.running?.system.blockManager.statistics().corruptReplicaBlocks ?? 0;
  return { cluster, client, look, corrupt };
}

test('a good replica that somebody calls bad is seen', async () => {
  const { cluster, look } = await withReplica();
  const system = cluster.nameNode.running?.system;
  if (system === undefined) throw new Error('the NameNode is down');
  const { blocks } = system.namespace;
  const [node] = system.blockManager.datanodes.alive;
  if (node === undefined) throw new Error('no DataNode is alive');
  const block = onlyBlock(system);
  const [id, genStamp, numBytes] = [blocks.id(block), blocks.genStamp(block), blocks.numBytes(block)];
  const now = { monotonicMs: cluster.simulation.nowMs, wallMs: cluster.simulation.nowMs };
  expect(look()).toEqual([]);
  expect(system.blockManager.reportBadReplica({ id, genStamp, numBytes }, node, now)).toBe(true);
  expect(look()).toEqual([`${node.id.hostName} blk_${id}_${genStamp} counts as bad and is good`]);
});

test('a replica that is being changed may count as bad until its DataNode has told of the end', async () => {
  const { cluster, look } = await withReplica();
  const system = cluster.nameNode.running?.system;
  if (system === undefined) throw new Error('the NameNode is down');
  const { blocks, blockPoolId } = system.namespace;
  const block = onlyBlock(system);
  const [id, genStamp, numBytes] = [blocks.id(block), blocks.genStamp(block), blocks.numBytes(block)];
  const now = { monotonicMs: cluster.simulation.nowMs, wallMs: cluster.simulation.nowMs };
  // With one good replica left nobody deletes the others.
  const [first, second] = [...system.blockManager.datanodes.alive];
  for (const node of [first, second]) {
    if (node === undefined) throw new Error('DataNodes are missing');
    system.blockManager.reportBadReplica({ id, genStamp, numBytes }, node, now);
  }
  const named = (node: typeof first): string => `${node?.id.hostName} blk_${id}_${genStamp} counts as bad and is good`;
  const dataset = cluster.dataNodes.find(({ name }) => name === first?.id.hostName)?.running?.dataset;
  let end = (): void => undefined;
  void dataset?.locks.run(dataset.key({ pool: blockPoolId, id }), () => new Promise<void>((resolve) => (end = resolve)));
  await cluster.simulation.advance(1);
  expect(look()).toEqual([named(second)]);
  end();
  await cluster.simulation.advance(1_000);
  expect(look()).not.toContain(named(first));
  await cluster.simulation.advance(150_000);
  expect(look()).toContain(named(first));
});

test('one that is held for bad is judged once, also when a recovery gives it a new generation', async () => {
  const { cluster, client, look, corrupt } = await withReplica();
  const system = cluster.nameNode.running?.system;
  if (system === undefined) throw new Error('the NameNode is down');
  const { blocks } = system.namespace;
  const block = onlyBlock(system);
  const [id, genStamp, numBytes] = [blocks.id(block), blocks.genStamp(block), blocks.numBytes(block)];
  const now = { monotonicMs: cluster.simulation.nowMs, wallMs: cluster.simulation.nowMs };
  // With one good replica left nobody deletes the others.
  const held = [...system.blockManager.datanodes.alive].slice(0, 2);
  for (const node of held) system.blockManager.reportBadReplica({ id, genStamp, numBytes }, node, now);
  const judged = new Map<string, BlockId>();
  expect(look(judged)).toHaveLength(held.length);
  await cluster.simulation.run(client.truncate('/f', 2_000), 60_000);
  expect(await cluster.until(() => system.namespace.openFiles().length === 0, 60_000)).toBe(true);
  expect(corrupt()).toBeGreaterThan(0);
  expect(blocks.genStamp(block)).toBeGreaterThan(genStamp);
  await cluster.simulation.advance(150_000);
  expect(look(judged)).toHaveLength(held.length);
  expect(look().length).toBeGreaterThan(held.length);
});

test('a replica that its scanner cannot read twice may count as bad', async () => {
  const { cluster, look, corrupt } = await withReplica({ 'dfs.datanode.scan.period.hours': '20s' });
  const [daemon] = cluster.dataNodes;
  const replica = allReplicas(cluster).find(({ dataNode }) => dataNode === daemon?.name);
  if (daemon === undefined || replica?.meta === undefined) throw new Error('there is no replica');
  const path = `${replica.path}_${replica.meta.genStamp}.meta`;
  daemon.disk.add({ path, operations: 'read', error: 'EIO' });
  expect(await cluster.until(() => corrupt() > 0, 150_000)).toBe(true);
  expect(look()).toEqual([]);
});

test('and goes on counting as bad when its disk is well again', async () => {
  const { cluster, look, corrupt } = await withReplica({ 'dfs.datanode.scan.period.hours': '20s' });
  const undo: (() => void)[] = [];
  // With one good replica left nobody deletes the others.
  for (const daemon of cluster.dataNodes.slice(0, 2)) {
    const replica = allReplicas(cluster).find(({ dataNode }) => dataNode === daemon.name);
    const path = `${replica?.path}_${replica?.meta?.genStamp}.meta`;
    undo.push(daemon.disk.add({ path, operations: 'read', error: 'EIO' }));
  }
  await cluster.simulation.advance(150_000);
  for (const each of undo) each();
  await cluster.simulation.advance(60_000);
  expect(corrupt()).toBeGreaterThan(0);
  expect(look()).toEqual([]);
});

test('whoever asks for a file that its writer left begins its recovery, and is refused', async () => {
  const { cluster, client } = await withReplica();
  const { simulation, violations } = cluster;
  const writer = simulation.node('writer');
  const fs = await simulation.run(cluster.connect(writer), 60_000);
  const handle = await simulation.run(fs.open('/g', 'w'), 60_000);
  await simulation.run(handle.write(Buffer.alloc(100)), 60_000);
  await simulation.run(handle.hflush(), 60_000);
  writer.crash('process');
  await simulation.advance(SOFT_LIMIT_MS + 5_000);
  await expect(simulation.run(client.open('/g', 'a'), 60_000)).rejects.toThrow('lease recovery is in progress');
  expect(violations.found).toEqual([]);
});

test.each([
  { what: 'is seen', isNoted: false, expected: ['PR3'] },
  { what: 'is no alarm where a fault did it', isNoted: true, expected: [] },
])('a damaged byte in a recovered replica $what', async ({ isNoted, expected }) => {
  const { cluster, client } = await withReplica();
  const { simulation, violations } = cluster;
  const [replica] = allReplicas(cluster);
  const file = replica === undefined ? undefined : simulation.node(replica.dataNode).disk.files('/').get(replica.path);
  if (replica === undefined || file === undefined) throw new Error('there is no replica');
  file.damage(700, (bytes) => {
    bytes[0] = (bytes[0] ?? 0) ^ 1;
  });
  if (isNoted) cluster.damaged.add(`${replica.dataNode}${replica.path}`);
  await simulation.run(client.truncate('/f', 2_000), 60_000);
  expect(await cluster.until(() => cluster.nameNode.running?.system.namespace.openFiles().length === 0, 60_000)).toBe(true);
  expect([...new Set(violations.found.map(({ invariant }) => invariant))]).toEqual(expected);
});

test('an error that leaves an edit is seen', async () => {
  const { cluster } = await withReplica();
  const system = cluster.nameNode.running?.system;
  if (system === undefined) throw new Error('the NameNode is down');
  const call = { user: 'hdfs', method: 'mkdirs', afterTxid: 0 } as RpcCall;
  const wrong = (): never => {
    const stamp = (system.namespace.genStamp + 1) as GenStamp;
    system.commit([{ kind: 'SET_GENSTAMP_V2', genStamp: stamp }], system.now());
    throw new HdfsError('EBUSY', 'somebody has it');
  };
  await expect((async () => system.change(call, 'nothing is done', wrong))()).rejects.toThrow('somebody has it');
  expect(cluster.violations.found.map(({ invariant }) => invariant)).toEqual(['NS6']);
});
