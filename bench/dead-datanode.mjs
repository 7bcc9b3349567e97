// Row 13: CPU time of the NameNode when a DataNode dies that holds a million of ten million blocks: from when it may be taken
// for dead until another node is told to copy the first block, and until all of its blocks are queued. The DataNodes are
// fakes, which see the orders to copy; how many blocks wait is asked for four times a second, by the cheapest call that says it.
// What the NameNode takes for heartbeats, for being asked and for itself is measured for half a minute before, and taken off.
import { rmSync } from 'node:fs';
import { chosenSystems, measure, option, scratch } from './common.mjs';
import { keepAlive, registerAll } from './fake-datanodes.mjs';
import { Caller, readField } from './load.mjs';
import { NameNode } from './namenode.mjs';
import { Population } from './population.mjs';

const blocks = option('blocks', 10_000_000);
const blocksPerFile = 10;
const nodes = option('nodes', 30);
const population = new Population({ files: blocks / blocksPerFile, blocksPerFile, nodes, storages: 10 });
const DEAD = nodes - 1;
const LOOK_MS = 250;
/** A JVM goes on compiling and collecting for a while after the reports. */
const CALM_MS = 20_000;
const IDLE_MS = 30_000;
const HEARTBEAT_MS = 1000;
const TIMEOUT_MS = 600_000;
const INTERVAL = 'dfs.heartbeat.interval';
/** A report may take long on a busy machine: nodes die quickly only once all are there. Apache looks for dead ones as often as was said at its start. */
const KEYS = { 'dfs.namenode.heartbeat.recheck-interval': 2000, [INTERVAL]: '3600s' };
const HASTY = '1s';
/** What these come to: twice the one, ten times the other. */
const EXPIRY_MS = 2 * 2000 + 10_000;
/** Before that it is counted: its last heartbeat may be as old as the pause between two when it falls silent. */
const EARLY_MS = 2 * HEARTBEAT_MS;
/** Field of GetFsStatsResponseProto. */
const UNDER_REPLICATED = 4;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function death(system) {
  const dir = scratch(`dead-${system.name}`);
  const namenode = new NameNode(system, dir, KEYS);
  namenode.fill(population.files, blocksPerFile);
  const held = population.held(DEAD, DEAD + 1).reduce((sum, list) => sum + list.length, 0);
  const running = await namenode.launch();
  let heartbeats;
  try {
    const datanodes = await registerAll(namenode, population);
    heartbeats = keepAlive(datanodes, HEARTBEAT_MS);
    await namenode.reconfigure(INTERVAL, HASTY);
    await namenode.leaveSafeMode();
    const caller = await Caller.open(namenode.address, 'hdfs');
    /** Blocks with too few replicas, and those of which copies were ordered. */
    const low = async () => {
      const waiting = Number(readField(await caller.call('getFsStats', Buffer.alloc(0)), UNDER_REPLICATED));
      return waiting + datanodes.reduce((sum, { transfers }) => sum + transfers, 0);
    };
    const seen = async () => `${await low()} blocks with too few replicas`;
    await until(async () => (await low()) === 0, seen);
    const spend = async (ms) => {
      const before = { cpu: running.cpuNow(), at: performance.now() };
      const end = before.at + ms;
      await until(async () => (await low()) >= 0 && performance.now() >= end, seen);
      return (running.cpuNow() - before.cpu) / (performance.now() - before.at);
    };
    await spend(CALM_MS);
    const idleRate = await spend(IDLE_MS);
    const dead = datanodes[DEAD];
    heartbeats.silence(dead);
    await pause(EXPIRY_MS - EARLY_MS);
    const from = { cpu: running.cpuNow(), at: performance.now() };
    const since = () => 1000 * (running.cpuNow() - from.cpu - idleRate * (performance.now() - from.at));
    let first;
    for (const each of datanodes) each.onTransfer = () => (first ??= since());
    // Some may have more replicas than they need.
    await until(async () => (await low()) >= held * 0.999 && first !== undefined, seen);
    const all = since();
    for (const each of datanodes) each.close();
    caller.close();
    return { first, all, idle: 1000 * 1000 * idleRate };
  } finally {
    heartbeats?.stop();
    await running.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function until(isSo, what) {
  const end = performance.now() + TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not in ten minutes: ${await what()}`);
    await pause(LOOK_MS);
  }
}

const cpu = (figure, of) => ({ row: 13, figure: `CPU, ms, ${figure}`, better: 'less', must: 0.5, aim: 0.1, of });
await measure(
  chosenSystems(''),
  `death of one of ${nodes} DataNodes, ${blocks} blocks`,
  [
    cpu('first copy', ({ first }) => first),
    cpu('all queued', ({ all }) => all),
    { row: 13, figure: 'idle before, CPU, ms/s', better: 'less', of: ({ idle }) => idle },
  ],
  death,
);
