// Row 13: CPU time of the NameNode when a DataNode dies that holds a million of ten million blocks: from when it may be taken
// for dead until another node is told to copy the first block, and until all of its blocks are queued. The DataNodes are
// fakes; what the NameNode takes for their heartbeats and for being asked is measured just before, and taken off.
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
const LOOK_MS = 25;
const HEARTBEAT_MS = 1000;
const TIMEOUT_MS = 600_000;
const KEYS = { 'dfs.heartbeat.interval': '1s' };
/** A report may take long on a busy machine: nodes die quickly only once all are there. */
const RECHECK = 'dfs.namenode.heartbeat.recheck-interval';
const PATIENT_MS = 3_600_000;
const HASTY_MS = 2000;
/** What the keys above come to: twice the one, ten times the other. */
const EXPIRY_MS = 2 * HASTY_MS + 10_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function death(system) {
  const dir = scratch(`dead-${system.name}`);
  const namenode = new NameNode(system, dir, { ...KEYS, [RECHECK]: PATIENT_MS });
  namenode.fill(population.files, blocksPerFile);
  const running = await namenode.launch();
  let heartbeats;
  try {
    const datanodes = await registerAll(namenode, population);
    heartbeats = keepAlive(datanodes, HEARTBEAT_MS);
    await namenode.reconfigure(RECHECK, HASTY_MS);
    await namenode.leaveSafeMode();
    const caller = await Caller.open(namenode.address, 'hdfs');
    /** Blocks with too few replicas, those on their way among them. */
    const low = async () => Number(readField(await caller.call('getFsStats', Buffer.alloc(0)), 4) ?? 0n);
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
      // Some are queued no more when they are on their way.
      return first !== undefined && queued >= held * 0.999;
    }, seen);
    const all = since();
    caller.close();
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
