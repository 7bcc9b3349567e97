// Rows 1 to 6: operations of the NameNode by the neutral load generator `nnload`, or by ours (load.mjs) where that is not
// there: rates, NameNode CPU for each operation, and latency of one call at a time with both sides pinned to a core.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import {
  againstApache,
  chosenSystems,
  measure,
  nnloadIn,
  option,
  ourHdfs,
  run,
  scratch,
  short,
  tool,
  userName,
  withClusters,
} from './common.mjs';
import { load, loadOperations, populate } from './load.mjs';

const seconds = option('seconds', 2);
const files = option('files', short ? 5_000 : 20_000);
// A JVM needs some twenty seconds until it runs at full speed.
const warmup = option('warmup', againstApache ? 20 : 2);
const dir = scratch('metadata');
const systems = chosenSystems(dir);
const user = userName();
const nnload = nnloadIn(dir);
/** Files with 1 and 10 blocks; written by a client, so only where it can be Apache's for both. */
const withBlocks = nnload !== undefined && !short;
const blockFiles = withBlocks ? 100 : 0;

const rate = (row, must, aim) => ({ row, figure: 'op/s', better: 'more', must, aim, of: (result) => result.ops_s });
const cpu = (row, must, aim) => ({
  row,
  figure: 'NameNode CPU, µs/op',
  better: 'less',
  must,
  aim,
  of: (result) => result.server_cpu_per_op,
});
const latency = (row, must, aim) => ({ row, figure: 'p50, µs', better: 'less', must, aim, of: (result) => result.p50 });

const lookups = ['getFileInfo', ...(withBlocks ? ['getBlockLocations1', 'getBlockLocations10'] : ['getBlockLocations0'])];
const changes = ['create', 'mkdirs', 'rename', 'delete', 'setPermission'];
const full = [
  ...lookups.map((op) => ({ op, at: [16, 32], figures: [rate(1, 3, 8), cpu(2, 0.35, 0.15)] })),
  { op: 'getListing', at: [16, 32], figures: [rate(1, 1.5, 3), cpu(2, 0.35, 0.15)] },
  ...[...lookups, 'getListing'].map((op) => ({ op, at: [16, 1], figures: [cpu(2, 0.35, 0.15)] })),
  ...[...lookups, 'getListing'].map((op) => ({ op, at: [1, 1], figures: [latency(3, 1.1, 0.9)] })),
  ...changes.map((op) => ({ op, at: [64, 1], figures: [rate(4, 1.5, 4), cpu(4, 0.5, 0.25)] })),
  ...changes.map((op) => ({ op, at: [16, 32], figures: [rate(4, 1.5, 4), cpu(4, 0.5, 0.25)] })),
  ...changes.map((op) => ({ op, at: [1, 1], figures: [latency(5, 1.1, 1)] })),
  { op: 'createComplete', at: [16, 32], figures: [rate(4, 1.5, 4), cpu(4, 0.5, 0.25)] },
  { op: 'mixed', at: [16, 32], figures: [rate(6, 2, 5), cpu(6)] },
];
const few = full.filter(({ op, at }) => ['getFileInfo', 'getListing', 'create'].includes(op) && at[1] === 32);
const asked = process.env.OPS?.split(' ');
const measures = (short ? few : full).filter(
  ({ op }) => (asked === undefined || asked.includes(op)) && (nnload !== undefined || loadOperations.includes(op)),
);

/** With both sides on a core of their own: else most of the latency is the waking of cores. */
const canPin = cpus().length > 1 && process.platform === 'linux';
const allCores = `0-${cpus().length - 1}`;

async function once(system, op, [conns, depth], time = seconds) {
  const pid = system.pid('nn1');
  if (nnload === undefined) {
    return load({ address: system.address, user, op, conns, depth, seconds: time, files, pid });
  }
  const isPinned = canPin && conns * depth === 1;
  const args = ['-addr', system.address, '-user', user, '-op', op, '-files', String(files), '-pid', String(pid), '-json'];
  // What is deleted is made beforehand: enough for as many as were ever seen in that time, with some to spare.
  if (op === 'delete' && conns * depth > 1) args.push('-supply', '300000');
  args.push('-blockfiles', String(blockFiles), '-conns', String(conns), '-depth', String(depth), '-seconds', String(time));
  if (isPinned) run('taskset', ['-acp', '0', String(pid)]);
  try {
    const output = isPinned ? run('taskset', ['-c', '1', nnload, ...args]) : run(nnload, args);
    return JSON.parse(output.trim().split('\n').at(-1));
  } finally {
    if (isPinned) run('taskset', ['-acp', allCores, String(pid)]);
  }
}

async function prepare(system) {
  if (nnload === undefined) {
    await populate({ address: system.address, user, files });
    return;
  }
  run(nnload, ['-addr', system.address, '-user', user, '-op', 'populate', '-files', String(files)]);
  if (!withBlocks) return;
  for (const blocks of [1, 10]) {
    const folder = join(dir, `b${blocks}`);
    mkdirSync(folder, { recursive: true });
    for (let i = 0; i < blockFiles; i++) writeFileSync(join(folder, `f${i}`), Buffer.alloc(512 * blocks));
  }
  const hdfs = systems.length > 1 ? tool('apache/bin/hdfs') : ourHdfs;
  const sizes = ['-Ddfs.blocksize=512', '-Ddfs.client-write-packet-size=512'];
  run(hdfs, ['--config', system.client, 'dfs', ...sizes, '-put', join(dir, 'b1'), join(dir, 'b10'), '/bench/']);
}

await withClusters(
  systems,
  { datanodes: withBlocks ? 3 : 1, keys: ['dfs.namenode.fs-limits.min-block-size=512'] },
  async () => {
    for (const system of systems) await prepare(system);
    if (systems.length > 1) {
      // A JVM is at full speed after some 20 s of load.
      for (const system of systems) for (const op of ['mixed', 'getListing']) await once(system, op, [16, 32], warmup / 2);
    }
    for (const { op, at, figures } of measures) {
      await measure(systems, `${op}, ${at.join(' × ')}`, figures, (system) => once(system, op, at));
    }
  },
);
