// A DataNode with a million blocks on its disk, the same directory for both systems, in turns: from the start of its process
// until the NameNode has its full report (time, CPU, memory), and one comparison of disk and memory. The blocks are holes of the
// lengths that the NameNode knows, under meta files that are a header alone; nobody reads them.
import { spawn } from 'node:child_process';
import { closeSync, cpSync, ftruncateSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { basePort, chosenSystems, endWithUs, measure, option, pairs, scratch } from './common.mjs';
import { processCpu, processRssMib } from './load.mjs';
import { NameNode } from './namenode.mjs';
import { configure } from './our-cluster.mjs';
import { Population } from './population.mjs';

const blocks = option('blocks', 1_000_000);
const dir = scratch('disk-blocks');
const data = join(dir, 'data');
const HOST = '127.0.0.1';
const LOOK_MS = 50;
const PATIENCE_MS = 600_000;
/** Version 1, CRC32C, chunks of 512 bytes. */
const META_HEADER = Buffer.from([0, 1, 2, 0, 0, 2, 0]);
const SCAN_INTERVAL_S = 15;
const population = new Population({ files: blocks, blocksPerFile: 1 });
const nodes = chosenSystems(dir).map((system) => new NameNode(system, dir));
const [ours] = nodes.filter(({ name }) => name === 'tuskfs');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function dataNodeOf(namenode) {
  const port = basePort + 40;
  const conf = join(dir, 'conf', `${namenode.name}-dn`);
  configure(conf, {
    ...namenode.keys,
    'dfs.datanode.data.dir': `file://${data}`,
    'dfs.datanode.address': `${HOST}:${port}`,
    'dfs.datanode.http.address': `${HOST}:${port + 1}`,
    'dfs.datanode.ipc.address': `${HOST}:${port + 2}`,
    'dfs.datanode.hostname': HOST,
    'dfs.datanode.directoryscan.interval': SCAN_INTERVAL_S,
    // What others may write there is none of it.
    'dfs.datanode.du.reserved': 0,
  });
  return { conf, webPort: port + 1 };
}

async function until(what, look) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look().catch((error) => {
      if (error instanceof TypeError) return undefined; // nobody listens yet, or the bean is not there yet
      throw error;
    });
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`${what} did not come within ${PATIENCE_MS / 1000} s`);
    await pause(LOOK_MS);
  }
}

async function dataNodeBean(webPort, query, attribute) {
  const answer = await fetch(`http://${HOST}:${webPort}/jmx?qry=${query}`);
  return (await answer.json()).beans[0][attribute];
}

/** Starts NameNode and DataNode; `body` gets the DataNode's process once the NameNode knows `wanted` blocks of it. */
async function withDataNode(namenode, wanted, body) {
  const running = await namenode.launch();
  const { conf, webPort } = dataNodeOf(namenode);
  const log = openSync(join(dir, `${namenode.name}-dn.log`), 'a');
  const began = performance.now();
  const env = { ...process.env, HDFS_OPTS: '-Xmx2g', HADOOP_LOG_DIR: conf };
  const child = spawn(namenode.hdfs, ['--config', conf, 'datanode'], { stdio: ['ignore', log, log], env });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const forget = endWithUs(stop);
  try {
    await until('the full report', async () => {
      if (child.exitCode !== null) throw new Error(`the DataNode of ${namenode.name} ended with ${child.exitCode}`);
      const live = JSON.parse(await namenode.bean('Hadoop:service=NameNode,name=NameNodeInfo', 'LiveNodes'));
      return Object.values(live).some(({ numBlocks }) => numBlocks >= wanted) || (wanted === 0 && Object.keys(live).length > 0);
    });
    return await body({ ms: performance.now() - began, pid: child.pid, webPort });
  } finally {
    forget();
    await stop();
    closeSync(log);
    await running.stop();
  }
}

async function once(namenode) {
  return withDataNode(namenode, blocks, async ({ ms, pid, webPort }) => {
    const cpu = processCpu(pid) / 1e6;
    const rss = processRssMib(pid);
    const scanned = (after) =>
      until('a comparison of the disk', async () => {
        const at = await dataNodeBean(webPort, 'Hadoop:service=DataNode,name=FSDatasetState-*', 'LastDirScannerFinishTime');
        return at > after && at;
      });
    const first = await scanned(0);
    const before = processCpu(pid) / 1e6;
    await scanned(first);
    return { seconds: ms / 1000, cpu, rss, scan: processCpu(pid) / 1e6 - before, after: processRssMib(pid) };
  });
}

/** The blocks of the population, where Hadoop's DataNodes look for them. */
function fillDisk() {
  const [pool] = readdirSync(join(data, 'current')).filter((name) => name.startsWith('BP-'));
  const finalized = join(data, 'current', pool, 'current/finalized');
  const made = new Set();
  for (let block = 0; block < blocks; block++) {
    const id = population.id(block);
    const folder = join(finalized, `subdir${(id >>> 16) & 0x1f}`, `subdir${(id >>> 8) & 0x1f}`);
    if (!made.has(folder)) {
      mkdirSync(folder, { recursive: true });
      made.add(folder);
    }
    const file = openSync(join(folder, `blk_${id}`), 'w');
    ftruncateSync(file, population.length(block));
    closeSync(file);
    writeFileSync(join(folder, `blk_${id}_${population.stamp(block)}.meta`), META_HEADER);
  }
}

ours.fill(blocks, 1);
await withDataNode(ours, 0, async () => undefined);
fillDisk();
for (const node of nodes) if (node !== ours) cpSync(ours.nameDirectory, node.nameDirectory, { recursive: true });
const figure = (name, of) => ({ row: 25, figure: name, better: 'less', of });
await measure(
  nodes,
  `a DataNode with ${blocks} blocks`,
  [
    figure('start until reported, seconds', ({ seconds }) => seconds),
    figure('start until reported, CPU, s', ({ cpu }) => cpu),
    figure('RSS, MiB', ({ rss }) => rss),
    figure('comparison with the disk, CPU, s', ({ scan }) => scan),
    figure('RSS after two, MiB', ({ after }) => after),
  ],
  once,
  Math.min(pairs, 3),
);
