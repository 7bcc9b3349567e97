// Row 11: from the start of a NameNode's process to its first answer, on the same image of a million files with a block each,
// and on a million edits (500,000 files created and closed, logged by our NameNode; both replay the same log).
import { cpSync, rmSync } from 'node:fs';
import { chosenSystems, measure, option, scratch, userName } from './common.mjs';
import { populate } from './load.mjs';
import { NameNode } from './namenode.mjs';

const files = option('files', 1_000_000);
const edits = option('edits', 1_000_000);
const dir = scratch('restart');
const figures = [
  { row: 11, figure: 'seconds', better: 'less', must: 0.5, aim: 0.2, of: ({ ms }) => ms / 1000 },
  { row: 11, figure: 'CPU, seconds', better: 'less', must: 0.5, aim: 0.2, of: ({ cpuSeconds }) => cpuSeconds },
];
const nodes = chosenSystems(dir).map((system) => new NameNode(system, dir));
const [ours] = nodes.filter(({ name }) => name === 'tuskfs');
/** The same directory for both. */
const share = () => {
  for (const node of nodes) if (node !== ours) cpSync(ours.nameDirectory, node.nameDirectory, { recursive: true });
};
const once = async (node) => {
  const running = await node.launch();
  await running.stop();
  return running;
};

ours.fill(files, 1);
share();
await measure(nodes, `from an image of ${files} files × 1 block`, figures, once);

for (const node of nodes) rmSync(node.nameDirectory, { recursive: true });
ours.format();
const running = await ours.launch();
await populate({ address: ours.address, user: userName(), files: edits / 2, list: 0 });
await running.stop();
share();
await measure(nodes, `from ${edits} edits`, figures, once);
