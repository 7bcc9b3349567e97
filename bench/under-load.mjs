// Rows 7 and 8: a mixed load at 70 % of what Apache can do, on a million inodes, while checkpoints are made (Apache's by its
// SecondaryNameNode, ours by the NameNode) and a DataNode reports a million blocks in full. Latency counts from when an
// operation was due, so that a stall shows in all that it held up; the longest stall is what a client waited that only asks for
// the root, beyond what a process with nothing in its way had to wait.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chosenSystems, measure, nnloadIn, option, runBeside, scratch, tool, userName } from './common.mjs';
import { FakeDataNode, keepAlive } from './fake-datanodes.mjs';
import { NameNode } from './namenode.mjs';
import { Population } from './population.mjs';
import { watchWaits } from './waits.mjs';

const blocks = option('blocks', 1_000_000);
const seconds = option('seconds', 60);
const files = option('files', 20_000);
const times = option('pairs', 1);
const LOAD = 0.7;
const CONNECTIONS = 64;
const HEARTBEAT_MS = 3000;
const STORAGES = 10;
const CHECKPOINT_MS = 180_000;
const population = new Population({ files: blocks, blocksPerFile: 1, nodes: 1, storages: STORAGES });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const dir = scratch('under-load');
const nnload = nnloadIn(dir);
if (nnload === undefined) {
  console.error('Rows 7 and 8 need the load generator nnload (bench/README.md).');
  process.exit(0);
}
/** Two checkpoints at least fall into the time. */
const periodSeconds = Math.max(5, Math.floor(seconds / 3));
const KEYS = {
  'dfs.namenode.checkpoint.period': `${periodSeconds}s`,
  'dfs.namenode.checkpoint.check.period': '1s',
};

/** Calls of the load generator on one system. */
const load = async (namenode, op, ...args) => {
  const common = ['-addr', namenode.address, '-user', userName(), '-files', String(files), '-blockfiles', '0', '-json'];
  const output = await runBeside(nnload, [...common, '-op', op, ...args.map(String)]);
  return op === 'populate' ? undefined : JSON.parse(output.trim().split('\n').at(-1));
};

/** Apache's helper; it is another process, as in any cluster of Apache's. */
function startSecondary(namenode) {
  const log = openSync(join(dir, 'secondary.log'), 'a');
  const env = { ...process.env, HDFS_OPTS: '-Xmx4g', HADOOP_LOG_DIR: join(dir, 'secondary') };
  const child = spawn(tool('apache/bin/hdfs'), ['--config', namenode.conf, 'secondarynamenode'], {
    stdio: ['ignore', log, log],
    env,
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  return async () => {
    child.kill();
    await ended;
  };
}

const newestImage = (namenode) =>
  Math.max(
    ...readdirSync(join(namenode.nameDirectory, 'current')).map((name) => Number(/^fsimage_(\d+)$/.exec(name)?.[1] ?? 0)),
  );

/** Starts it, with all that it holds reported, and readies it for the load. */
async function prepared(system) {
  const home = join(dir, system.name);
  mkdirSync(home, { recursive: true });
  const port = system.port;
  const namenode = new NameNode(system, home, {
    ...KEYS,
    'dfs.namenode.secondary.http-address': `127.0.0.1:${port + 3}`,
    'dfs.namenode.checkpoint.dir': `file://${join(home, 'checkpoint')}`,
  });
  namenode.fill(blocks, 1);
  const running = await namenode.launch();
  const datanode = await FakeDataNode.register(namenode, 0, STORAGES);
  const report = datanode.encode(population, population.held(0, 1));
  await datanode.report(report);
  await namenode.leaveSafeMode();
  await load(namenode, 'populate');
  return { system, namenode, running, datanode, report };
}

async function underLoad({ system, namenode, running, datanode, report }, rate) {
  const heartbeats = keepAlive([datanode], HEARTBEAT_MS);
  const stopSecondary = system.name === 'apache' ? startSecondary(namenode) : undefined;
  const before = newestImage(namenode);
  const waits = await watchWaits(namenode.address);
  try {
    await pause(2000);
    await waits.take();
    const loaded = load(namenode, 'mixed', '-rate', rate, '-conns', CONNECTIONS, '-seconds', seconds, '-pid', running.pid);
    await pause(seconds * 250);
    await datanode.report(report);
    const result = await loaded;
    const { beyond, longest, control } = await waits.take();
    const until = Date.now() + CHECKPOINT_MS;
    while (newestImage(namenode) === before) {
      if (Date.now() > until) throw new Error(`${system.name} made no checkpoint in that time`);
      await pause(100);
    }
    return { ...result, beyond, longest, control };
  } finally {
    waits.stop();
    heartbeats.stop();
    await stopSecondary?.();
  }
}

const systems = chosenSystems('');
const ready = [];
try {
  for (const system of systems) ready.push(await prepared(system));
  const reference = ready[0];
  // A JVM needs a while until it runs at full speed.
  for (const each of ready) await load(each.namenode, 'mixed', '-conns', 16, '-depth', 32, '-seconds', option('warmup', 10));
  const { ops_s: most } = await load(reference.namenode, 'mixed', '-conns', 16, '-depth', 32, '-seconds', 5);
  const rate = Math.round(LOAD * most);
  const late = (quantile, of) => ({ row: 7, figure: `${quantile}, µs`, better: 'less', must: 0.5, aim: 0.2, of });
  await measure(
    systems,
    `mixed, ${rate} op/s, ${blocks} files`,
    [
      late('p99', ({ p99 }) => p99),
      late('p99.9', ({ p999 }) => p999),
      { row: 7, figure: 'NameNode CPU, µs/op', better: 'less', of: ({ server_cpu_per_op: cpu }) => cpu },
      { row: 8, figure: 'longest stall beyond, ms', better: 'less', must: 1, of: ({ beyond }) => beyond },
      { row: 8, figure: 'longest stall, ms', better: 'less', of: ({ longest }) => longest },
      { row: 8, figure: 'of it the machine, ms', better: 'less', of: ({ control }) => control },
    ],
    (system) => underLoad(ready[systems.indexOf(system)], rate),
    times,
  );
} finally {
  for (const { running, datanode } of ready) {
    datanode.close();
    await running.stop();
  }
  rmSync(dir, { recursive: true, force: true });
}
