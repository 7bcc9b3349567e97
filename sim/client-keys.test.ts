// If these fail, an operator's setting of how clients read and write changes nothing.
import { expect, test } from 'vitest';
import { connect } from '../src/client/index.ts';
import type { SimLogLine } from '../src/host/sim/index.ts';
import { type Keys, SimCluster } from './cluster.ts';

const LIMIT_MS = 300_000;

async function started(seed: number, dataNodes: number, keys: Keys = {}) {
  const lines: SimLogLine[] = [];
  const cluster = new SimCluster({ seed, dataNodes, clients: 1, keys, log: (line) => lines.push(line) });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const said = (text: string): number => lines.filter(({ message }) => message.includes(text)).length;
  return { cluster, machine, run, said, lines };
}

/** How many reads of twelve files met a DataNode that had died. */
async function disappointments(detection: boolean) {
  const { cluster, machine, run, said } = await started(11, 3, { 'dfs.namenode.heartbeat.recheck-interval': 3_600_000 });
  const client = await run(
    cluster.connect(machine, 'hdfs', {
      'dfs.client.deadnode.detection.enabled': detection,
      'dfs.client.deadnode.detection.probe.deadnode.interval.ms': 2_000,
    }),
  );
  const paths = Array.from({ length: 12 }, (_, i) => `/f${i}`);
  for (const path of paths) await run(client.writeFile(path, path, { replication: 3 }));
  cluster.crash('dn1', 'process', false);
  for (const path of paths) {
    expect(String(await run(client.readFile(path)))).toBe(path);
    await cluster.simulation.advance(400);
  }
  const met = said('a replica could not be read');
  cluster.restart('dn1');
  await cluster.simulation.advance(20_000);
  return { met, back: said('a DataNode lives again') };
}

test('streams of one client learn from each other that a DataNode is dead, and that it lives again', async () => {
  const alone = await disappointments(false);
  const together = await disappointments(true);
  expect(alone.met).toBeGreaterThan(1);
  expect(alone.back).toBe(0);
  expect(together).toEqual({ met: 1, back: 1 });
});

test('packets that are acknowledged later than is set are logged', async () => {
  const { cluster, machine, run, said } = await started(3, 3);
  const write = async (path: string, threshold: string) => {
    const keys = { 'dfs.client.slow.io.warning.threshold.ms': threshold };
    const client = await run(cluster.connect(machine, 'hdfs', keys));
    await run(client.writeFile(path, Buffer.alloc(5_000), { replication: 3 }));
    return said('Slow ReadProcessor read fields for block BP-');
  };
  expect(await write('/a', '30s')).toBe(0);
  expect(await write('/b', '0')).toBeGreaterThan(2);
});

test('a DataNode believes no longer packets than is set, and writers send none', async () => {
  const { cluster, machine, run, said } = await started(5, 3, { 'dfs.data.transfer.max.packet.size': 1_500 });
  const client = await run(cluster.connect(machine));
  await run(client.writeFile('/a', Buffer.alloc(20_000, 1), { replication: 3 }));
  // What a DataNode sends is no longer than what it takes; a reader with a lower bound does not take that.
  expect((await run(client.readFile('/a'))).equals(Buffer.alloc(20_000, 1))).toBe(true);
  const timid = await run(cluster.connect(machine, 'hdfs', { 'dfs.data.transfer.max.packet.size': 1_000 }));
  await expect(run(timid.readFile('/a'))).rejects.toThrow('Could not obtain block');
  const bold = await run(cluster.connect(machine, 'hdfs', { 'dfs.data.transfer.max.packet.size': 1_000_000 }));
  await expect(run(bold.writeFile('/b', Buffer.alloc(20_000, 1), { replication: 3 }))).rejects.toThrow();
  expect(said('Incorrect value for packet payload size')).toBeGreaterThan(0);
  expect((await run(bold.readFile('/a'))).length).toBe(20_000);
});

test('as many kept connections are tried as is set', async () => {
  const { cluster, machine, run } = await started(7, 1);
  const connectionsOf = async (retries: number) => {
    let opened = 0;
    const { host } = machine;
    const net = {
      ...host.net,
      listen: host.net.listen.bind(host.net),
      connect: (options: Parameters<typeof host.net.connect>[0]) => {
        if (options.port === 9866) opened++;
        return host.net.connect(options);
      },
    };
    const configuration = cluster.configuration.with({ 'dfs.client.cached.conn.retry': retries });
    const client = await run(connect({ host: { ...host, net }, configuration, user: 'hdfs' }));
    await run(client.writeFile('/f', 'words', { replication: 1 }));
    opened = 0;
    for (let i = 0; i < 4; i++) expect(String(await run(client.readFile('/f')))).toBe('words');
    return opened;
  };
  expect(await connectionsOf(3)).toBe(1);
  expect(await connectionsOf(0)).toBe(4);
});

test('a file that could not be closed is recovered at once where that is set, and else when its lease has run out', async () => {
  const isClosedSoon = async (recovers: boolean) => {
    const { cluster, machine, run } = await started(9, 3);
    const keys = { 'dfs.client.write.recover.lease.on.close.exception': recovers };
    const client = await run(cluster.connect(machine, 'hdfs', keys));
    const other = await run(cluster.connect(machine));
    const file = await run(client.open('/f', 'w', { replication: 3 }));
    await run(file.write(Buffer.alloc(1_000, 1)));
    await run(file.hflush());
    for (const { name } of cluster.dataNodes) cluster.crash(name, 'process', false);
    for (const { name } of cluster.dataNodes) cluster.restart(name);
    await cluster.simulation.advance(10_000);
    await expect(run(file.close())).rejects.toThrow();
    await cluster.simulation.advance(30_000);
    return run(other.isFileClosed('/f'));
  };
  expect(await isClosedSoon(false)).toBe(false);
  expect(await isClosedSoon(true)).toBe(true);
});

test('a file that rests open is kept by its DataNodes, though its client waits for ever', async () => {
  const { cluster, machine, run, said } = await started(4, 3);
  const client = await run(cluster.connect(machine, 'hdfs', { 'dfs.client.socket-timeout': 0 }));
  const file = await run(client.open('/rests', 'w', { replication: 3 }));
  await run(file.write('before'));
  await run(file.hflush());
  await cluster.simulation.advance(900_000);
  await run(file.write(', after'));
  await run(file.close());
  expect(await run(client.readFile('/rests', 'utf8'))).toBe('before, after');
  expect(said('a pipeline failed')).toBe(0);
});
