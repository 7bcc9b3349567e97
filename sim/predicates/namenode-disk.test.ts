// If these fail, the simulator does not see that images go which a NameNode needs when the newest one turns out to be bad, or
// it cries over a name directory that comes back without those of the time while it was left out.
import { expect, test } from 'vitest';
import { parseStorageFileName } from '../../src/format/storage/names.ts';
import { SimCluster } from '../cluster.ts';
import { observe } from '../observers.ts';

const DIRECTORIES = ['/name', '/name2'];

async function started() {
  const keys = {
    'dfs.namenode.name.dir': DIRECTORIES.join(','),
    'dfs.namenode.checkpoint.txns': 8,
    'dfs.namenode.checkpoint.check.period': 1,
  };
  const cluster = new SimCluster({ seed: 5, dataNodes: 1, clients: 1, keys });
  observe(cluster, 1);
  await cluster.start();
  const { simulation, nameNode } = cluster;
  const client = await simulation.run(cluster.connect(simulation.node('client0')));
  let made = 0;
  const { disk } = nameNode.machine;
  const imagesIn = (root: string): number[] =>
    [...disk.files(`${root}/current`).keys()]
      .map((path) => parseStorageFileName(path.slice(path.lastIndexOf('/') + 1)))
      .flatMap((name) => (name?.kind === 'image' ? [name.txid] : []))
      .sort((a, b) => b - a);
  /** Changes until there is a newer image everywhere where the NameNode writes. */
  const anotherImage = async (): Promise<void> => {
    const before = Math.max(...DIRECTORIES.flatMap(imagesIn));
    const working = (): string[] => nameNode.running?.storage.working.map(({ root }) => root) ?? [];
    for (let i = 0; i < 10; i++) await simulation.run(client.mkdir(`/d${made++}`), 60_000);
    expect(await cluster.until(() => working().every((root) => (imagesIn(root)[0] ?? 0) > before), 20_000)).toBe(true);
    await simulation.advance(3_000);
  };
  for (let i = 0; i < 3; i++) await anotherImage();
  const found = (): string[] => [...new Set(cluster.violations.found.map(({ invariant }) => invariant))];
  return { cluster, imagesIn, anotherImage, found };
}

test('a directory that was left out lacks the images of the meantime once it is back', async () => {
  const { cluster, imagesIn, anotherImage, found } = await started();
  const { simulation, nameNode } = cluster;
  const undo = nameNode.disk.add({ path: '/name', operations: 'write', error: 'ENOSPC' });
  for (let i = 0; i < 2; i++) await anotherImage();
  undo();
  expect(nameNode.running?.storage.working.map(({ root }) => root)).toEqual(['/name2']);
  nameNode.crash('process');
  await simulation.run(nameNode.restart(), 60_000);
  expect(await cluster.until(() => cluster.ready, 60_000)).toBe(true);
  // The start gave it one of its own.
  const [newest, meantime] = imagesIn('/name2');
  expect(imagesIn('/name')[0]).toBe(newest);
  expect(imagesIn('/name')).not.toContain(meantime);
  await simulation.advance(3_000);
  expect(found()).toEqual([]);
});

test('an image of the two newest that goes in one directory may go, and not in both', async () => {
  const { cluster, imagesIn, found } = await started();
  const { disk } = cluster.nameNode.machine.host;
  const [, older] = imagesIn('/name');
  const name = `fsimage_${String(older).padStart(19, '0')}`;
  for (const [i, root] of DIRECTORIES.entries()) {
    await cluster.simulation.run(disk.unlink(`${root}/current/${name}`));
    await cluster.simulation.advance(3_000);
    expect(found()).toEqual(i === 0 ? [] : ['EL5']);
  }
});
