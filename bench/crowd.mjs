// What many of a kind cost the NameNode: a thousand and ten thousand DataNodes (CPU time of a heartbeat and of an incremental
// report, memory of each), ten thousand connections that do nothing, two thousand writers (memory of each).
import { rmSync } from 'node:fs';
import { chosenSystems, measure, option, scratch, word } from './common.mjs';
import { FakeDataNode, RECEIVED } from './fake-datanodes.mjs';
import { Caller, createRequest } from './load.mjs';
import { NameNode } from './namenode.mjs';
import { Population } from './population.mjs';

const crowds = word('nodes', '1000,10000').split(',').map(Number);
const connections = option('connections', 10_000);
const writers = option('writers', 2000);
const ROUNDS = 5;
const AT_ONCE = 64;
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
async function memoryOf(running, count, make) {
  const before = running.rssMib();
  await make();
  return ((running.rssMib() - before) * 1024) / count;
}

const crowd = (count) => (system) =>
  withNameNode(system, count, async (namenode, running) => {
    const population = new Population({ files: count, blocksPerFile: 1, nodes: count, storages: 1 });
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
    for (const node of nodes) node.close();
    return { each, heartbeat, report };
  });

const systems = chosenSystems('');
for (const count of crowds) {
  await measure(
    systems,
    `${count} DataNodes`,
    [
      figure('heartbeat, CPU µs', ({ heartbeat }) => heartbeat),
      figure('report of one, CPU µs', ({ report }) => report),
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
