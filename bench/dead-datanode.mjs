// Row 13: CPU time of the NameNode when a DataNode dies that holds a million of ten million blocks: from when it may be taken
// for dead until another node is told to copy the first block, and until all of its blocks are queued. The DataNodes are
// fakes; what the NameNode takes for their heartbeats and for being asked is measured just before, and taken off.
import { rmSync } from 'node:fs';
import { chosenSystems, measure, option, scratch } from './common.mjs';
import { keepAlive, registerAll } from './fake-datanodes.mjs';
import { NameNode } from './namenode.mjs';
import { Population } from './population.mjs';

const blocks = option('blocks', 10_000_000);
const blocksPerFile = 10;
const nodes = option('nodes', 30);
const population = new Population({ files: blocks / blocksPerFile, blocksPerFile, nodes, storages: 10 });
const DEAD = nodes - 1;
const LOOK_MS = 25;
const HEARTBEAT_MS = 1000;
const TIMEOUT_MS = 600_000;
const INTERVAL = 'dfs.heartbeat.interval';
/** A report may take long on a busy machine: nodes die quickly only once all are there. Apache looks for dead ones as often as was said at its start. */
const KEYS = { 'dfs.namenode.heartbeat.recheck-interval': 2000, [INTERVAL]: '3600s' };
const HASTY = '1s';
/** What these come to: twice the one, ten times the other. */
const EXPIRY_MS = 2 * 2000 + 10_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function death(system) {
  const dir = scratch(`dead-${system.name}`);
  const namenode = new NameNode(system, dir, KEYS);
  namenode.fill(population.files, blocksPerFile);
  const running = await namenode.launch();
  let heartbeats;
  try {
    const datanodes = await registerAll(namenode, population);
    heartbeats = keepAlive(datanodes, HEARTBEAT_MS);
    await namenode.reconfigure(INTERVAL, HASTY);
    await namenode.leaveSafeMode();
    const state = 'Hadoop:service=NameNode,name=FSNamesystemState';
    /** Blocks with too few replicas, and those of which copies were ordered. */
    const low = async () => {
      const { UnderReplicatedBlocks: waiting, PendingReplicationBlocks: ordered } = await namenode.attributes(state);
      return waiting + ordered;
    };
    const seen = async () => `${await low()} blocks with too few replicas`;
    await until(async () => (await low()) === 0, seen);
    const dead = datanodes[DEAD];
    const watch = async () => {
      const told = datanodes.some(({ transfers }) => transfers > 0);
      return { told, queued: await low() };
    };
    heartbeats.silence(dead);
    // What it takes to be asked and to hear from the others.
    const idleFrom = { cpu: running.cpuNow(), at: performance.now() };
    while (performance.now() < idleFrom.at + EXPIRY_MS) {
      await watch();
      await pause(LOOK_MS);
    }
    const from = { cpu: running.cpuNow(), at: performance.now() };
    const idleRate = (from.cpu - idleFrom.cpu) / (from.at - idleFrom.at);
    const since = () => 1000 * (running.cpuNow() - from.cpu - idleRate * (performance.now() - from.at));
    const held = population.held(DEAD, DEAD + 1).reduce((sum, list) => sum + list.length, 0);
    let first;
    await until(async () => {
      const { told, queued } = await watch();
      if (told) first ??= since();
      // Some may have more replicas than they need.
      return first !== undefined && queued >= held * 0.999;
    }, seen);
    const all = since();
    for (const each of datanodes) each.close();
    return { first, all, held };
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
  [cpu('first copy', ({ first }) => first), cpu('all queued', ({ all }) => all)],
  death,
  1,
);
