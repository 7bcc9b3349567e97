// If these fail, a DataNode with a broken disk loses what lies on its other disks, keeps counting replicas that nobody can
// read, hides the failure from its operator, or goes on with fewer disks than it was told to need.
import { expect, test } from 'vitest';
import type { DiskErrorCode } from '../src/host/host.ts';
import type { SimNode } from '../src/host/sim/index.ts';
import { type Keys, SimCluster } from './cluster.ts';

type DataNodes = SimCluster['dataNodes'];

const KEYS: Keys = {
  'dfs.datanode.data.dir': '/a,/b,/c',
  'dfs.datanode.failed.volumes.tolerated': 1,
  'dfs.datanode.disk.check.min.gap': '5s',
  'dfs.datanode.disk.check.timeout': '10s',
};

function broken(daemon: DataNodes[number], root: string, error: DiskErrorCode): void {
  daemon.diskFault = ({ path }) => (path === root || path.startsWith(`${root}/`) ? { error } : undefined);
}

async function begin(seed: number, dataNodes: number, keys: Keys = {}, clients = 1) {
  const cluster = new SimCluster({ seed, dataNodes, clients, keys: { ...KEYS, ...keys } });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await cluster.simulation.run(cluster.connect(machine), 60_000);
  const node = (i: number): DataNodes[number] => {
    const daemon = cluster.dataNodes[i];
    if (daemon === undefined) throw new Error(`no DataNode ${i}`);
    return daemon;
  };
  const known = (i: number) => {
    const all = [...(cluster.nameNode.running?.system.blockManager.datanodes.all ?? [])];
    return all.find((each) => each.id.hostName === node(i).name);
  };
  return { cluster, client, node, known, simulation: cluster.simulation };
}

test('a disk that fails at run time goes out of service: its replicas are made again elsewhere, everything stays readable', async () => {
  const { cluster, client, node, known, simulation } = await begin(21, 4);
  const contents = Array.from({ length: 12 }, (_, i) => Buffer.alloc(20_000, i + 1));
  for (const [i, content] of contents.entries()) {
    await simulation.run(client.writeFile(`/f${i}`, content, { replication: 3 }), 60_000);
  }
  broken(node(0), '/a', 'EIO');
  // Reading and writing finds it out.
  const reads = contents.map((content, i) => client.readFile(`/f${i}`).then((read) => expect(read.equals(content)).toBe(true)));
  await simulation.run(Promise.all(reads), 60_000);
  for (let i = 0; i < 12; i++) {
    await simulation.run(client.writeFile(`/g${i}`, Buffer.alloc(20_000, i), { replication: 3 }), 120_000);
  }
  expect(await cluster.until(() => (known(0)?.volumeFailures ?? 0) === 1, 60_000)).toBe(true);
  const figures = known(0);
  expect(figures?.volumeFailureSummary?.failedStorageLocations).toEqual(['[DISK]file:/a']);
  expect(figures?.volumeFailureSummary?.estimatedCapacityLostTotal).toBeGreaterThan(0);
  expect(figures?.storages.size).toBe(2);
  expect(figures?.alive).toBe(true);
  const system = cluster.nameNode.running?.system;
  const healed = (): boolean => {
    const counts = system?.blockManager.statistics();
    return counts?.lowRedundancy === 0 && counts.pendingReplication === 0;
  };
  expect(await cluster.until(healed, 120_000)).toBe(true);
  for (const [i, content] of contents.entries()) {
    expect((await simulation.run(client.readFile(`/f${i}`), 60_000)).equals(content)).toBe(true);
  }
});

test('more failed disks than are tolerated end the node; with -1 the last disk is enough', async () => {
  const { cluster, client, node, known, simulation } = await begin(22, 2);
  const write = async (name: string, replication: number): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      await simulation.run(
        client.writeFile(`/${name}${i}`, Buffer.alloc(9_000, i), { replication }).catch(() => undefined),
        300_000,
      );
    }
  };
  node(0).diskFault = ({ path }) => (/^\/[ab](\/|$)/.test(path) ? { error: 'EROFS' } : undefined);
  await write('f', 2);
  expect(await cluster.until(() => known(0)?.alive === false || (known(0)?.volumeFailures ?? 0) > 1, 60_000)).toBe(true);
  // Its ports are closed; in time the NameNode counts it as dead.
  expect(await cluster.until(() => known(0)?.alive === false, 120_000)).toBe(true);
  expect(known(1)?.volumeFailures).toBe(0);

  const tolerant = await begin(23, 1, { 'dfs.datanode.failed.volumes.tolerated': -1 });
  tolerant.node(0).diskFault = ({ path }) => (/^\/[ab](\/|$)/.test(path) ? { error: 'EIO' } : undefined);
  for (let i = 0; i < 8; i++) {
    const written = tolerant.client.writeFile(`/f${i}`, Buffer.alloc(9_000, i), { replication: 1 });
    await tolerant.simulation.run(
      written.catch(() => undefined),
      300_000,
    );
  }
  expect(await tolerant.cluster.until(() => tolerant.known(0)?.volumeFailures === 2, 60_000)).toBe(true);
  await tolerant.simulation.run(tolerant.client.writeFile('/last', Buffer.alloc(9_000, 9), { replication: 1 }), 60_000);
  expect((await tolerant.simulation.run(tolerant.client.readFile('/last'), 60_000)).equals(Buffer.alloc(9_000, 9))).toBe(true);
  expect(tolerant.known(0)?.alive).toBe(true);
});

test('a disk that hangs fails its check in time, and a full one does not fail', async () => {
  const { cluster, client, node, known, simulation } = await begin(24, 3);
  let refuse = true;
  // A first call that fails raises the check; the check never comes back.
  node(0).diskFault = ({ operation, path }) => {
    if (!path.startsWith('/b/')) return undefined;
    if (refuse && operation !== 'statfs') {
      refuse = false;
      return { error: 'EIO' };
    }
    return /stat|sync/.test(operation) ? { delayMs: 1e9 } : undefined;
  };
  node(1).diskFault = ({ operation, path }) =>
    path.startsWith('/c/') && /open|write/.test(operation) ? { error: 'ENOSPC' } : undefined;
  for (let i = 0; i < 9; i++) {
    const written = client.writeFile(`/f${i}`, Buffer.alloc(9_000, i), { replication: 1 });
    void written.catch(() => undefined);
    await simulation.advance(2_000);
  }
  expect(await cluster.until(() => known(0)?.volumeFailures === 1, 60_000)).toBe(true);
  expect(known(0)?.volumeFailureSummary?.failedStorageLocations).toEqual(['[DISK]file:/b']);
  await simulation.advance(60_000);
  expect([known(0)?.alive, known(1)?.volumeFailures, known(2)?.volumeFailures]).toEqual([true, 0, 0]);
});

test('a directory that cannot be used at the start counts as failed, and the rest is served', async () => {
  const { cluster, client, node, known, simulation } = await begin(25, 1);
  await simulation.run(client.writeFile('/f', Buffer.alloc(9_000, 1), { replication: 1 }), 60_000);
  node(0).crash('process');
  broken(node(0), '/c', 'EIO');
  await simulation.run(node(0).restart(), 60_000);
  expect(await cluster.until(() => known(0)?.volumeFailures === 1, 60_000)).toBe(true);
  expect(known(0)?.volumeFailureSummary).toMatchObject({
    failedStorageLocations: ['[DISK]file:/c'],
    estimatedCapacityLostTotal: 0,
  });
  node(0).crash('process');
  node(0).diskFault = ({ path }) => (/^\/[bc](\/|$)/.test(path) ? { error: 'EIO' } : undefined);
  await simulation.run(node(0).restart(), 60_000);
  expect(cluster.violations.found.map(({ detail }) => detail).join()).toContain(
    'Too many failed volumes - current valid volumes: 1, volumes configured: 3, volumes failed: 2, volume failures tolerated: 1',
  );
});

test('flushed bytes on a failed disk are an error for readers, not an end of the file, also after a restart', async () => {
  const { cluster, client, node, simulation } = await begin(29, 1, { 'dfs.datanode.failed.volumes.tolerated': 2 });
  const open = async (path: string) => {
    const file = await client.open(path, 'w', { replication: 1 });
    await file.write('flushed');
    await file.hsync({ updateLength: path === '/known' });
    return file;
  };
  const files = [await simulation.run(open('/known'), 60_000), await simulation.run(open('/unknown'), 60_000)];
  const places = [...node(0).machine.disk.files('/').keys()].filter((path) => /rbw\/blk_\d+$/.test(path));
  expect(places).toHaveLength(2);
  const roots = places.map((path) => path.slice(0, 2));
  node(0).diskFault = ({ path }) => (roots.some((root) => path.startsWith(root)) ? { error: 'EIO' } : undefined);
  const more = files.map(async (file) => {
    await file.write('more');
    await file.hsync();
  });
  await simulation.run(Promise.allSettled(more), 300_000);
  expect(await cluster.until(() => node(0).running?.dataset.volumes.length === 3 - new Set(roots).size, 60_000)).toBe(true);
  for (const path of ['/known', '/unknown']) {
    await expect(simulation.run(client.readFile(path), 120_000)).rejects.toThrow('Cannot obtain block length');
  }
  node(0).crash('process');
  await simulation.run(node(0).restart(), 60_000);
  expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
  // Of the first the NameNode knows that there were bytes; of the other nobody knows any more.
  for (const path of ['/known', '/unknown']) {
    await expect(simulation.run(client.readFile(path), 120_000)).rejects.toThrow('Cannot obtain block length');
  }
  node(0).diskFault = undefined;
  node(0).crash('process');
  await simulation.run(node(0).restart(), 60_000);
  expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
  for (const path of ['/known', '/unknown']) {
    await simulation.run(client.recoverLease(path), 60_000);
    const isClosed = () => cluster.nameNode.running?.system.namespace.openFiles().length === 0;
    await cluster.until(isClosed, 120_000);
    expect((await simulation.run(client.readFile(path), 60_000)).toString()).toMatch(/^flushed/);
  }
});

test('a recovery does not give up flushed bytes that are on a failed disk, also after a restart', async () => {
  const { cluster, client, node, simulation } = await begin(31, 1, { 'dfs.datanode.failed.volumes.tolerated': 2 });
  const file = await simulation.run(client.open('/f', 'w', { replication: 1 }), 60_000);
  await simulation.run(file.write('flushed'), 60_000);
  await simulation.run(file.hsync(), 60_000);
  const [place = ''] = [...node(0).machine.disk.files('/').keys()].filter((path) => /rbw\/blk_\d+$/.test(path));
  broken(node(0), place.slice(0, 2), 'EIO');
  await simulation.run(Promise.allSettled([file.write('more').then(() => file.hsync())]), 300_000);
  expect(await cluster.until(() => node(0).running?.dataset.volumes.length === 2, 60_000)).toBe(true);
  const open = () => cluster.nameNode.running?.system.namespace.openFiles().length ?? 0;
  for (const restarts of [false, true]) {
    if (restarts) {
      node(0).crash('process');
      await simulation.run(node(0).restart(), 60_000);
      expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
    }
    await simulation.run(client.recoverLease('/f'), 60_000);
    expect(await cluster.until(() => open() === 0, 300_000)).toBe(false);
  }
  node(0).diskFault = undefined;
  node(0).crash('process');
  await simulation.run(node(0).restart(), 60_000);
  expect(await cluster.until(() => open() === 0, 300_000)).toBe(true);
  expect((await simulation.run(client.readFile('/f'), 60_000)).toString()).toMatch(/^flushed/);
});

test('a file that is just begun reads as empty, also where a disk of its DataNode is missing', async () => {
  const { cluster, client, node, simulation } = await begin(30, 1, { 'dfs.datanode.failed.volumes.tolerated': 2 }, 2);
  node(0).crash('process');
  broken(node(0), '/a', 'EIO');
  await simulation.run(node(0).restart(), 60_000);
  expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
  const file = await simulation.run(client.open('/f', 'w', { replication: 1 }), 60_000);
  expect(await simulation.run(client.readFile('/f'), 120_000)).toHaveLength(0);
  // The NameNode has given the block out, and its DataNode does not know of it yet.
  const other = await simulation.run(cluster.connect(cluster.clients[1] as SimNode), 60_000);
  simulation.cut(simulation.node('client0'), simulation.node(node(0).name));
  const written = file.write('written').then(() => file.hflush());
  expect(await cluster.until(() => cluster.nameNode.running?.system.namespace.blocks.size === 1, 10_000)).toBe(true);
  let read: string | undefined;
  const reading = other.readFile('/f').then((bytes) => {
    read = bytes.toString();
  });
  await simulation.advance(2_000);
  expect(read).toBeUndefined();
  simulation.healAll();
  await simulation.run(reading, 120_000);
  expect('written').toMatch(read ?? 'nothing');
  await simulation.run(written, 120_000);
  expect((await simulation.run(other.readFile('/f'), 120_000)).toString()).toBe('written');
  expect(cluster.violations.found).toEqual([]);
});
