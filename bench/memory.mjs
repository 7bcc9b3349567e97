// Row 9: what files and blocks take in a NameNode that has started from an image of them: above an empty one (ours: growth of
// RSS; Apache: growth of the live heap, after a collection), and RSS against RSS.
import { rmSync } from 'node:fs';
import { chosenSystems, measure, option, run, scratch } from './common.mjs';
import { NameNode } from './namenode.mjs';

const files = option('files', 1_000_000);
const shapes = [
  { blocks: 0, must: 1.1, aim: 0.8 },
  { blocks: 1, must: 0.5, aim: 0.35 },
  { blocks: 10, must: 0.2, aim: 0.12 },
].filter(({ blocks }) => (process.env.BLOCKS ?? '0 1 10').split(' ').includes(String(blocks)));
const systems = chosenSystems('');

async function held(system, count, blocks) {
  const dir = scratch(`memory-${system.name}`);
  const namenode = new NameNode(system, dir);
  namenode.fill(count, blocks);
  const running = await namenode.launch();
  try {
    if (system.name !== 'apache') return { rss: running.rssMib(), live: running.rssMib() };
    run('jcmd', [String(running.pid), 'GC.run']);
    const { used } = await namenode.bean('java.lang:type=Memory', 'HeapMemoryUsage');
    return { rss: running.rssMib(), live: used / 2 ** 20 };
  } finally {
    await running.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const empty = {};
for (const system of systems) empty[system.name] = await held(system, 1, 0);
for (const { blocks, must, aim } of shapes) {
  const figure = (name, bounds, of) => ({ row: 9, figure: name, better: 'less', ...bounds, of });
  await measure(
    systems,
    `${files} files × ${blocks} blocks`,
    [figure('growth, MiB', { must, aim }, ({ live }) => live), figure('RSS, MiB', { must: 0.4, aim: 0.2 }, ({ rss }) => rss)],
    async (system) => {
      const { rss, live } = await held(system, files, blocks);
      return { rss, live: live - empty[system.name].live };
    },
  );
}
