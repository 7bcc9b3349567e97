// If this fails, a run tells of a broken promise to a reader where there is none, or of none where one is broken.
import { expect, test } from 'vitest';
import { SeededRandom } from '../src/base/random.ts';
import type { Hdfs } from '../src/client/index.ts';
import { SimCluster } from './cluster.ts';
import { FileWork } from './file-work.ts';
import { GhostWriter, type Scene } from './ghost-writer.ts';
import { Ledger } from './ledger.ts';

/** A file of which 3,000 bytes were synced, the only one that readers know of, and an empty one. */
async function withFiles() {
  const cluster = new SimCluster({ seed: 9, clients: 1 });
  const { simulation } = cluster;
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has one client');
  await cluster.start();
  const ledger = new Ledger(() => simulation.nowMs);
  const scene: Scene = { cluster, ledger, actor: 'writer' };
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const fs = await run(cluster.connect(machine));
  const write = async (): Promise<void> => {
    await fs.writeFile('/empty', '');
    const writer = await GhostWriter.create(scene, fs, '/file', { key: 7, blockSize: 4_096, replication: 3 });
    await writer.write(3_000);
    await writer.flush('sync');
  };
  await run(write());
  const reader = new FileWork(cluster, ledger, 'reader', new SeededRandom(1), machine.host.clock, { minReplication: 1 });
  /** A reader whose answer waits until something else was done. */
  const readAfter = (before: () => Promise<void>): Promise<void> => {
    const readFile: (path: string, options: { readonly offset: number; readonly length: number }) => Promise<Buffer> = async (
      path,
      options,
    ) => {
      await before();
      return fs.readFile(path, options);
    };
    return run(reader.read({ readFile } as unknown as Hdfs));
  };
  const replace = (): Promise<void> =>
    ledger.call('renamer', 'rename', '/empty', '/file', () => fs.rename('/empty', '/file', { overwrite: true }));
  return { cluster, run, readAfter, replace };
}

test('a reader that waited may meet an empty file that has taken the place of the one it meant', async () => {
  const { cluster, readAfter, replace } = await withFiles();
  await readAfter(replace);
  expect(cluster.violations.found).toEqual([]);
});

test('an empty file that was there before the reader began, unknown to anybody, is a broken promise', async () => {
  const { cluster, run, readAfter, replace } = await withFiles();
  await run(replace());
  await readAfter(() => Promise.resolve());
  expect(cluster.violations.found.map(({ invariant }) => invariant)).toEqual(['BK5']);
});
