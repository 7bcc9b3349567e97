// What many of a kind cost: a thousand and ten thousand DataNodes (the NameNode's CPU time for a heartbeat, an incremental and a
// full report, memory of each, and how long a client waits while all of them send heartbeats), ten thousand connections that do
// nothing, and two thousand writers (memory of each, in the NameNode and in the DataNode they write to).
import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { chosenSystems, measure, option, scratch, withClusters, word } from './common.mjs';
import { FakeDataNode, keepAlive, RECEIVED } from './fake-datanodes.mjs';
import { Caller, createRequest, processRssMib } from './load.mjs';
import { NameNode } from './namenode.mjs';
import { Population } from './population.mjs';
import { watchWaits } from './waits.mjs';

const crowds = word('nodes', '1000,10000').split(',').map(Number);
const connections = option('connections', 10_000);
const writers = option('writers', 2000);
const ROUNDS = 5;
const AT_ONCE = 64;
/** Of each DataNode, so that it holds three times as many replicas. */
const BLOCKS_EACH = 10;
/** A DataNode keeps a whole block free for each writer: the least a block may have. */
const RESERVED_BYTES = 1 << 20;
const HEARTBEATS_MS = 3000;
const WATCHED_MS = 12_000;
const KEYS = { 'dfs.namenode.heartbeat.recheck-interval': 36_000_000, 'dfs.namenode.safemode.threshold-pct': '0' };
const figure = (name, of) => ({ row: 24, figure: name, better: 'less', of });

/** Some at a time, all in the end. */
async function forAll(count, one) {
  let next = 0;
  const worker = async () => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function withNameNode(system, files, body) {
  const dir = scratch(`crowd-${system.name}`);
  const namenode = new NameNode(system, dir, KEYS);
  namenode.fill(files, 1);
  const running = await namenode.launch();
  try {
    return await body(namenode, running);
  } finally {
    await running.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Kibibytes for each of `count` things that `make` has made. */
async function memoryOf(process, count, make) {
  const before = process.rssMib();
  await make();
  return ((process.rssMib() - before) * 1024) / count;
}

/** How long a client waits while every node sends its heartbeat when it is due. */
async function waitsOfClient(namenode, nodes) {
  const heartbeats = keepAlive(nodes, HEARTBEATS_MS);
  const watch = await watchWaits(namenode.address);
  try {
    await pause(HEARTBEATS_MS);
    await watch.take();
    await pause(WATCHED_MS);
    return await watch.take();
  } finally {
    watch.stop();
    heartbeats.stop();
  }
}

const crowd = (count) => (system) =>
  withNameNode(system, count * BLOCKS_EACH, async (namenode, running) => {
    const population = new Population({ files: count * BLOCKS_EACH, blocksPerFile: 1, nodes: count, storages: 1 });
    const nodes = new Array(count);
    const each = await memoryOf(running, count, () =>
      forAll(count, async (i) => {
        nodes[i] = await FakeDataNode.register(namenode, i, 1);
        await nodes[i].heartbeat();
      }),
    );
    const cpuOf = async (calls, work) => {
      const before = running.cpuNow();
      await work();
      return ((running.cpuNow() - before) * 1e6) / calls;
    };
    const heartbeat = await cpuOf(ROUNDS * count, () => forAll(ROUNDS * count, (i) => nodes[i % count].heartbeat()));
    const report = await cpuOf(count, () => forAll(count, (i) => nodes[i].tell(population, 0, [i], RECEIVED)));
    const held = population.held(0, count).map((blocks, i) => nodes[i].encode(population, [blocks]));
    const full = await cpuOf(count, () => forAll(count, (i) => nodes[i].report(held[i])));
    const { p50, p99 } = await waitsOfClient(namenode, nodes);
    for (const node of nodes) node.close();
    return { each, heartbeat, report, full, p50, p99 };
  });

const systems = chosenSystems('');
for (const count of crowds) {
  await measure(
    systems,
    `${count} DataNodes`,
    [
      figure('heartbeat, CPU µs', ({ heartbeat }) => heartbeat),
      figure('report of one, CPU µs', ({ report }) => report),
      figure(`full report of ${3 * BLOCKS_EACH}, CPU µs`, ({ full }) => full),
      figure('client meanwhile, p50, ms', ({ p50 }) => p50),
      figure('client meanwhile, p99, ms', ({ p99 }) => p99),
      figure('memory of each, KiB', ({ each }) => each),
    ],
    crowd(count),
    1,
  );
}
await measure(
  systems,
  `${connections} connections, ${writers} writers`,
  [figure('connection, KiB', ({ connection }) => connection), figure('writer, KiB', ({ writer }) => writer)],
  (system) =>
    withNameNode(system, 1, async (namenode, running) => {
      const callers = [];
      const connection = await memoryOf(running, connections, () =>
        forAll(connections, async () => {
          callers.push(await Caller.open(namenode.address, 'hdfs'));
        }),
      );
      const writer = await memoryOf(running, writers, () =>
        forAll(writers, (i) => callers[i % callers.length].call('create', createRequest(`/open/f${i}`, `writer-${i}`))),
      );
      for (const caller of callers) caller.close();
      return { connection, writer };
    }),
  1,
);

const conf = { 'dfs.replication': 1, 'dfs.datanode.max.transfer.threads': 2 * writers };
const keys = Object.entries(conf).map(([key, value]) => `${key}=${value}`);
const withData = chosenSystems(scratch('crowd-data'));
await withClusters(withData, { datanodes: 1, keys }, async () => {
  const { connect } = await import('../dist/client.mjs');
  await measure(
    withData,
    `a DataNode with ${writers} writers`,
    [figure('xceiver, KiB', (kibibytes) => kibibytes)],
    async (system) => {
      const hdfs = await connect({ confDir: system.client });
      const files = [];
      const datanode = { rssMib: () => processRssMib(system.pid('dn1')) };
      const each = await memoryOf(datanode, writers, () =>
        forAll(writers, async (i) => {
          const file = await hdfs.open(`/writers/f${i}`, 'w', { blockSize: RESERVED_BYTES });
          files.push(file);
          await file.write('begun');
          await file.hflush();
        }),
      );
      await forAll(writers, (i) => files[i].close());
      await hdfs.close();
      return each;
    },
    1,
  );
});
