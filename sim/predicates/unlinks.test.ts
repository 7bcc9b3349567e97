// If these fail, the simulator no longer sees that the last good replica of a block is deleted, or it cries although another
// copy of it lies on the same DataNode.
import { expect, test } from 'vitest';
import { SimCluster } from '../cluster.ts';
import { allReplicas } from '../replicas.ts';
import { Witness } from '../witness.ts';
import { OrderedDeletions } from './namenode.ts';
import { watchUnlinks } from './unlinks.ts';

test('of two copies on one DataNode one may go, and not the other', async () => {
  const cluster = new SimCluster({ seed: 3, clients: 1, keys: { 'dfs.datanode.data.dir': '/data/1,/data/2' } });
  const { simulation, violations } = cluster;
  watchUnlinks(cluster, new Witness(cluster.nameNode.machine.disk, violations), new OrderedDeletions());
  await cluster.start();
  const client = await simulation.run(cluster.connect(simulation.node('client0')), 60_000);
  await simulation.run(client.writeFile('/f', Buffer.alloc(3_000, 7), { replication: 1 }), 60_000);
  const [replica] = allReplicas(cluster);
  if (replica?.meta === undefined) throw new Error('nothing was written');
  const { path, id, meta, dataNode } = replica;
  const { disk } = simulation.node(dataNode).host;
  const metaPath = `${path}_${meta.genStamp}.meta`;
  const elsewhere = (from: string): string =>
    from.startsWith('/data/1/') ? from.replace('/data/1/', '/data/2/') : from.replace('/data/2/', '/data/1/');
  const other = elsewhere(path);
  await simulation.run(
    (async () => {
      await disk.mkdir(other.slice(0, other.lastIndexOf('/')));
      for (const from of [path, metaPath]) {
        const file = await disk.open(elsewhere(from), 'w');
        await file.write(await disk.readFile(from), 0);
        await file.close();
      }
      await disk.unlink(elsewhere(metaPath));
      await disk.unlink(other);
    })(),
  );
  expect(violations.found).toEqual([]);
  await simulation.run(disk.unlink(metaPath));
  expect(violations.found.map(({ invariant }) => invariant)).toEqual(['DL4', 'DL1']);
  expect(violations.found[1]?.detail).toBe(`${dataNode} unlinks blk_${id}_${meta.genStamp}, the last good replica of /f`);
});

test('a replica may go of which another DataNode has a later generation that the NameNode has not heard of', async () => {
  const cluster = new SimCluster({ seed: 3, clients: 1, dataNodes: 2 });
  const { simulation, violations } = cluster;
  watchUnlinks(cluster, new Witness(cluster.nameNode.machine.disk, violations), new OrderedDeletions());
  await cluster.start();
  const client = await simulation.run(cluster.connect(simulation.node('client0')), 60_000);
  await simulation.run(client.writeFile('/f', Buffer.alloc(3_000, 7), { replication: 2 }), 60_000);
  const [one, other] = allReplicas(cluster);
  if (one?.meta === undefined || other?.meta === undefined) throw new Error('a replica is missing');
  const { genStamp } = one.meta;
  const metaOf = (path: string, stamp: number): string => `${path}_${stamp}.meta`;
  const renew = (from: number, to: number) =>
    simulation.run(simulation.node(other.dataNode).host.disk.rename(metaOf(other.path, from), metaOf(other.path, to)));
  await renew(genStamp, genStamp + 1);
  const { disk } = simulation.node(one.dataNode).host;
  const meta = await simulation.run(disk.readFile(metaOf(one.path, genStamp)));
  await simulation.run(disk.unlink(metaOf(one.path, genStamp)));
  expect(violations.found.map(({ invariant }) => invariant)).not.toContain('DL4');
  await renew(genStamp + 1, genStamp);
  const file = await simulation.run(disk.open(metaOf(one.path, genStamp), 'w'));
  await simulation.run(file.write(meta, 0));
  await simulation.run(file.close());
  await simulation.run(disk.unlink(metaOf(one.path, genStamp)));
  expect(violations.found.map(({ invariant }) => invariant)).toContain('DL4');
});
