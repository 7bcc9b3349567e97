// Row 10: memory of our NameNode with 1 million files of 100 blocks each: default placement over 100 DataNodes with 10
// storages each, 1 % of the blocks with a stamp of their own. It starts from an image and takes a full report from every
// node; the nodes are fakes. A JVM holds no such number on a machine of this size: what is wanted is absolute.
import { rmSync } from 'node:fs';
import { chosenSystems, measure, option, scratch } from './common.mjs';
import { registerAll } from './fake-datanodes.mjs';
import { NameNode } from './namenode.mjs';
import { Population } from './population.mjs';

const files = option('files', 1_000_000);
const blocksPerFile = option('per-file', 100);
const population = new Population({ files, blocksPerFile, ownStamps: 0.01, nodes: option('nodes', 100), storages: 10 });
/** Reports may take long on a busy machine, and no node is to die of it. */
const KEYS = { 'dfs.namenode.heartbeat.recheck-interval': 36_000_000 };
const [ours] = chosenSystems('').filter(({ name }) => name === 'tuskfs');
const GIB = 1024;

await measure(
  [ours],
  `${files} files × ${blocksPerFile} blocks`,
  [
    { row: 10, better: 'less', figure: 'RSS, MiB', absolute: true, must: 1.3 * GIB, aim: 0.8 * GIB, of: ({ rss }) => rss },
    { row: 10, better: 'less', figure: 'peak RSS, MiB', of: ({ peak }) => peak },
    { row: 10, better: 'less', figure: 'start, CPU, s', of: ({ startCpu }) => startCpu },
    { row: 10, better: 'less', figure: 'reports, CPU, s', of: ({ reportCpu }) => reportCpu },
  ],
  async (system) => {
    const dir = scratch('many-blocks');
    const namenode = new NameNode(system, dir, KEYS);
    namenode.fill(files, blocksPerFile, '--own-stamps', population.ownStamps);
    const running = await namenode.launch();
    try {
      const startCpu = running.cpuSeconds;
      const nodes = await registerAll(namenode, population);
      await namenode.leaveSafeMode();
      const result = { rss: running.rssMib(), peak: running.peakMib(), startCpu, reportCpu: running.cpuNow() - startCpu };
      for (const node of nodes) node.close();
      return result;
    } finally {
      await running.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
  1,
);
