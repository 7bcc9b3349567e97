// If this fails, there is a disk that a power cut can leave on which a daemon does not start, or on which something that was
// acknowledged is gone. The whole of it: `npm run sim -- --explore all`.
import { expect, test } from 'vitest';
import { DiskTree } from '../../src/host/sim/disk-tree.ts';
import { SimFileNode } from '../../src/host/sim/file-node.ts';
import { EXPLORED, exploreNamed, tellExploration } from './index.ts';
import { Contents, crashStates, fillDisk } from './states.ts';

test.each(EXPLORED)(
  '%s',
  async (name) => {
    const exploration = await exploreNamed(name, 12);
    expect(tellExploration(exploration).slice(1)).toEqual([]);
    expect(exploration.started).toBeGreaterThan(4);
    expect(exploration.states).toBeGreaterThan(50);
  },
  240_000,
);

const shown = (tree: DiskTree): string[] =>
  [...crashStates(tree, new Set(), new Contents())].map((state) =>
    [...state].map(([path, bytes]) => `${path}=${bytes === undefined ? '/' : bytes.toString()}`).join(' '),
  );

test('what was not synced is there, torn or gone; a rename is one step', () => {
  const tree = new DiskTree();
  const file = new SimFileNode(tree.nextInode(), 0o644, 0);
  tree.root.live.set('a', file);
  file.write(0, [Buffer.from('12')]);
  file.sync();
  tree.syncDirectory('/');
  expect(shown(tree)).toEqual(['/a=12']);
  file.write(2, [Buffer.from('3456')]);
  expect(new Set(shown(tree))).toEqual(new Set(['/a=12', '/a=123456', '/a=1234', '/a=12345']));
  file.sync();
  tree.root.live.delete('a');
  tree.root.live.set('b', file);
  expect(new Set(shown(tree))).toEqual(new Set(['/a=123456', '/b=123456']));
});

test('a state on a new disk is durable there', () => {
  const tree = new DiskTree();
  fillDisk(
    tree,
    new Map([
      ['/d', undefined],
      ['/d/f', Buffer.from('bytes')],
    ]),
  );
  expect(shown(tree)).toEqual(['/d=/ /d/f=bytes']);
});
