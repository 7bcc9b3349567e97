// Row 12: a full report of a million blocks from a DataNode that is none, until the NameNode has answered it: the first
// after its start, when every replica is news, and the next, when nothing is; each when the NameNode is at rest. What is compared is the NameNode's CPU time as well.
import { rmSync } from 'node:fs';
import { chosenSystems, measure, option, scratch } from './common.mjs';
import { FakeDataNode } from './fake-datanodes.mjs';
import { processCpu } from './load.mjs';
import { NameNode } from './namenode.mjs';
import { Population } from './population.mjs';

const blocks = option('blocks', 1_000_000);
const storages = option('storages', 10);
const population = new Population({ files: blocks, blocksPerFile: 1, nodes: 1, storages });

/** Reports while nothing else is left to do, and CPU time of the NameNode is looked at. */
async function timed(running, datanode, report) {
  await running.calm();
  const before = processCpu(running.pid);
  const ms = await datanode.report(report);
  return { ms, cpuMs: (processCpu(running.pid) - before) / 1000 };
}

const dir = scratch('block-report');
const nodes = chosenSystems(dir).map((system) => new NameNode(system, dir, { 'dfs.namenode.safemode.threshold-pct': '0' }));
for (const node of nodes) node.fill(blocks, 1);
const lists = population.held(0, 1);
const figures = (which) => [
  { row: 12, figure: `${which}: ms`, better: 'less', must: 0.2, aim: 0.05, of: (result) => result[which].ms },
  { row: 12, figure: `${which}: CPU, ms`, better: 'less', must: 0.2, aim: 0.05, of: (result) => result[which].cpuMs },
];
await measure(nodes, `report of ${blocks} blocks`, [...figures('first'), ...figures('next')], async (node) => {
  const running = await node.launch();
  try {
    const datanode = await FakeDataNode.register(node, 0, storages);
    const report = datanode.encode(population, lists);
    const first = await timed(running, datanode, report);
    const next = await timed(running, datanode, report);
    datanode.close();
    return { first, next };
  } finally {
    await running.stop();
  }
});
rmSync(dir, { recursive: true, force: true });
