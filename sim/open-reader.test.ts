// If this fails, a reader of a file that is still written misses bytes that were flushed, because the NameNode has just
// come back and has heard of no DataNode yet, takes the end of another file for that of its own, or gets nothing of a file
// whose last block cannot be reached.
import { expect, test } from 'vitest';
import { type Keys, SimCluster } from './cluster.ts';
import { pattern, withFile } from './file-cluster.ts';

test('what was flushed is read right after a restart of the NameNode', async () => {
  const cluster = new SimCluster({ seed: 11, clients: 2 });
  const { simulation, nameNode } = cluster;
  const [writing, reading] = cluster.clients;
  if (writing === undefined || reading === undefined) throw new Error('the cluster has two clients');
  await cluster.start();
  const writer = await simulation.run(cluster.connect(writing));
  const flush = async (): Promise<void> => {
    const file = await writer.open('/open', 'w');
    await file.write('flushed');
    await file.hflush();
  };
  await simulation.run(flush(), 60_000);
  nameNode.crash('process');
  await simulation.run(nameNode.restart(), 60_000);
  const reader = await simulation.run(cluster.connect(reading));
  expect(await simulation.run(reader.readFile('/open', 'utf8'), 60_000)).toBe('flushed');
  expect(cluster.violations.found).toEqual([]);
});

test('a block that nobody tells of is an error, not an end of the file', async () => {
  const cluster = new SimCluster({ seed: 12, clients: 2 });
  const { simulation, nameNode, dataNodes } = cluster;
  const [writing, reading] = cluster.clients;
  if (writing === undefined || reading === undefined) throw new Error('the cluster has two clients');
  await cluster.start();
  const writer = await simulation.run(cluster.connect(writing));
  const flush = async (): Promise<void> => {
    const file = await writer.open('/open', 'w');
    await file.write('flushed');
    await file.hflush();
  };
  await simulation.run(flush(), 60_000);
  for (const dataNode of dataNodes) dataNode.crash('process');
  nameNode.crash('process');
  await simulation.run(nameNode.restart(), 60_000);
  const reader = await simulation.run(cluster.connect(reading));
  await expect(simulation.run(reader.readFile('/open', 'utf8'), 60_000)).rejects.toThrow(
    'Could not obtain the last block locations.',
  );
});

const BLOCK = 16_384;

/** A reader that has the first of three blocks, and what happens to its file while it cannot reach a DataNode. */
async function readerWhile(happens: (file: Awaited<ReturnType<typeof withFile>>) => Promise<unknown>, keys?: Keys) {
  const file = await withFile(3 * BLOCK, { keys });
  const { cluster, client, content, cut, heal, run } = file;
  const handle = await run(client.open('/f', 'r'));
  const first = Buffer.alloc(BLOCK);
  await run(handle.read(first, 0, BLOCK, 0));
  expect(first.equals(content.subarray(0, BLOCK))).toBe(true);
  for (const { name } of cluster.dataNodes) cut('client0', name);
  let end: unknown;
  const rest = Buffer.alloc(2 * BLOCK);
  const reading = handle
    .read(rest, 0, rest.length, BLOCK)
    .then(({ bytesRead }) => bytesRead)
    .catch(String)
    .then((what) => (end = what));
  const other = await run(cluster.connect(cluster.simulation.node('client1')));
  await run(other.writeFile('/short', 'another file'));
  await run(other.writeFile('/alike', Buffer.alloc(3 * BLOCK, 1)));
  await run(happens({ ...file, client: other }));
  // The blocks that are no more the file's are deleted by then.
  await cluster.simulation.advance(20_000);
  for (const { name } of cluster.dataNodes) heal('client0', name);
  await run(reading);
  expect(cluster.violations.found).toEqual([]);
  return end;
}

test('another file in the place of one that is read is no end of it', async () => {
  const replaced = (from: string) => readerWhile(({ client }) => client.rename(from, '/f', { overwrite: true }));
  expect(await replaced('/short')).toMatch('Blocklist for /f has changed!');
  expect(await readerWhile(({ client }) => client.writeFile('/f', ''))).toMatch('Blocklist for /f has changed!');
  // Even where no failure has the reader ask again: its next block is another file's.
  const keys = { 'dfs.client.read.prefetch.size': BLOCK };
  expect(await readerWhile(({ client }) => client.rename('/alike', '/f', { overwrite: true }), keys)).toMatch(
    'Blocklist for /f has changed!',
  );
});

test('a file that is cut while it is read ends there', async () => {
  expect(await readerWhile(({ client }) => client.truncate('/f', BLOCK))).toBe(0);
  expect(await readerWhile(({ client }) => client.truncate('/f', 2 * BLOCK))).toBe(BLOCK);
});

test('what lies before the last block is read though nobody can tell how long that one is', async () => {
  const keys = { 'dfs.client.read.prefetch.size': BLOCK };
  const { client, run, cut } = await withFile(BLOCK, { keys });
  const content = pattern(3 * BLOCK + 100);
  const written = await run(client.open('/open', 'w', { replication: 1 }));
  await run(written.write(content));
  await run(written.hflush());
  const handle = await run(client.open('/open', 'r'));
  const hosts = (await run(client.blockLocations('/open'))).map((block) => block.hosts[0] ?? '');
  cut('client0', hosts[3] ?? '');
  const reachable = [1, 2].filter((index) => hosts[index] !== hosts[3]);
  expect(reachable).not.toEqual([]);
  for (const index of reachable) {
    const bytes = Buffer.alloc(BLOCK);
    expect((await run(handle.read(bytes, 0, BLOCK, index * BLOCK))).bytesRead).toBe(BLOCK);
    expect(bytes.equals(content.subarray(index * BLOCK, (index + 1) * BLOCK))).toBe(true);
  }
});
