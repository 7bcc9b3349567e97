// If these fail, an operator who swaps a DataNode's disks while it runs loses blocks of the other disks, or does not learn
// which directory was not taken.
import { expect, test } from 'vitest';
import type { ReconfigurationTask } from '../src/client/reconfiguration.ts';
import { clusterWithReloading } from './reloading-datanode.ts';

async function begin(seed: number) {
  const { cluster, simulation, client, admin, daemon, files } = await clusterWithReloading({
    seed,
    dataNodes: 2,
    clients: 1,
    keys: { 'dfs.datanode.data.dir': '/a,/b' },
  });
  const change = async (dirs: string): Promise<ReconfigurationTask | undefined> => {
    files.configuration = cluster.configuration.with({ 'dfs.datanode.data.dir': dirs });
    await simulation.run(admin.startReconfiguration(), 60_000);
    let task: ReconfigurationTask | undefined;
    do {
      await simulation.advance(500);
      task = await simulation.run(admin.reconfiguration(), 60_000);
    } while (task?.finishedMs === undefined);
    return task;
  };
  const volumes = async (): Promise<readonly string[]> =>
    (await simulation.run(admin.volumes(), 60_000)).map(({ path, blocks }) => `${path.slice(0, 2)} ${blocks > 0}`);
  return { cluster, simulation, client, admin, daemon, change, volumes };
}

test('directories come and go while the node runs; blocks of the removed one are made again elsewhere', async () => {
  const { cluster, simulation, client, admin, change, volumes } = await begin(31);
  const contents = Array.from({ length: 10 }, (_, i) => Buffer.alloc(12_000, i + 1));
  const put = async (name: string): Promise<void> => {
    for (const [i, content] of contents.entries()) {
      await simulation.run(client.writeFile(`/${name}${i}`, content, { replication: 2 }), 60_000);
    }
  };
  await put('f');
  expect(await simulation.run(admin.reconfiguration(), 60_000)).toBeUndefined();
  expect(await volumes()).toEqual(['/a true', '/b true']);
  const task = await change('/b,/c,/d');
  expect(task?.changes).toEqual([{ name: 'dfs.datanode.data.dir', oldValue: '/a,/b', newValue: '/b,/c,/d', error: undefined }]);
  await put('g');
  expect(await volumes()).toEqual(['/b true', '/c true', '/d true']);
  const isHealed = (): boolean => {
    const counts = cluster.nameNode.running?.system.blockManager.statistics();
    return counts?.lowRedundancy === 0 && counts.pendingReplication === 0;
  };
  expect(await cluster.until(isHealed, 120_000)).toBe(true);
  // The directory that was let go comes back; all its blocks have been made again on the others meanwhile.
  expect((await change('/a,/b,/c,/d'))?.changes[0]?.error).toBeUndefined();
  expect(await volumes()).toEqual(['/b true', '/c true', '/d true', '/a false']);
  for (const name of ['f', 'g']) {
    for (const [i, content] of contents.entries()) {
      expect((await simulation.run(client.readFile(`/${name}${i}`), 60_000)).equals(content)).toBe(true);
    }
  }
  expect(cluster.violations.found).toEqual([]);
});

test('one directory that cannot be used fails by name, and the others are taken', async () => {
  const { simulation, admin, daemon, change, volumes } = await begin(32);
  daemon.diskFault = ({ path }) => (path.startsWith('/x') ? { error: 'EACCES' } : undefined);
  const task = await change('/b,/x,/c');
  expect(task?.changes[0]?.error).toMatch(/^FAILED TO ADD: \[DISK\]file:\/x: EACCES/);
  expect((await volumes()).map((line) => line.slice(0, 2))).toEqual(['/b', '/c']);
  // A list that cannot be meant changes nothing.
  expect((await change('[SSD]/b,/c'))?.changes[0]?.error).toBe('Changing storage type is not allowed.');
  expect((await change('/x'))?.changes[0]?.error).toMatch(/Attempt to remove all volumes\.$/);
  expect((await volumes()).map((line) => line.slice(0, 2))).toEqual(['/b', '/c']);
  daemon.diskFault = undefined;
  expect((await change('/b,/x'))?.changes[0]?.error).toBeUndefined();
  expect((await volumes()).map((line) => line.slice(0, 2))).toEqual(['/b', '/x']);
  expect(await simulation.run(admin.reconfigurableProperties(), 60_000)).toContain('dfs.datanode.data.dir');
});
