// Files in memory, on Apache's DataNode and on ours, under Apache's NameNode and shell. If this fails, blocks lie elsewhere
// or are counted otherwise than on Apache's DataNode, or are lost when one is swapped for the other.
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { describeRepeatable } from './apache.ts';
import { ClusterPerTest } from './support/cluster-per-test.ts';
import type { Maker, MixedCluster } from './support/mixed-cluster.ts';

const LIMIT_MS = 60_000;
const REST_POLLS = 5;
const BLOCK = 1024 * 1024;

type Beans = Readonly<Record<string, unknown>>;

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; await new Promise((done) => setTimeout(done, 200))) {
    if (await holds()) return;
  }
  throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
}

describeRepeatable('files in memory', () => {
  // Whole chunks: what ends within one cannot be read from the memory of Apache's DataNode.
  const contents = new Map(['a', 'b', 'c', 'd'].map((name) => [name, randomBytes(BLOCK - 512)] as const));
  contents.set('uneven', randomBytes(BLOCK - 500));

  const world = new ClusterPerTest('ram-disk', () => contents);

  const start = async (name: string, maker: Maker, keys: Readonly<Record<string, string>>): Promise<MixedCluster> => {
    return world.start(name, {
      makers: ['apache', maker],
      dataDirectories: (data) => `[RAM_DISK]${data}/ram,[DISK]${data}/disk`,
      keys: {
        'dfs.replication': '1',
        'dfs.blocksize': String(BLOCK),
        'dfs.datanode.max.locked.memory': String(3 * BLOCK),
        'dfs.datanode.lazywriter.interval.sec': '1',
        'dfs.namenode.lazypersist.file.scrub.interval.sec': '2',
        ...keys,
      },
    });
  };
  const put = (nodes: MixedCluster, name: string) =>
    world.apache.must(nodes.client, 'dfs', ['-put', '-l', join(world.directory, name), `/${name}`]);
  const cat = async (nodes: MixedCluster, name: string): Promise<boolean> =>
    (await world.apache.must(nodes.client, 'dfs', ['-cat', `/${name}`])).bytes.equals(contents.get(name) ?? Buffer.alloc(0));

  /** Counters of the DataNode, without times. */
  const counters = async (nodes: MixedCluster): Promise<Beans> => {
    const response = await fetch(`http://127.0.0.1:${nodes.basePort + 3}/jmx`);
    const { beans } = (await response.json()) as { readonly beans: readonly Beans[] };
    const named = (start: string): Beans =>
      beans.filter(({ name }) => String(name).startsWith(`Hadoop:service=DataNode,name=${start}`)).at(-1) ?? {};
    const figures = Object.entries(named('DataNodeActivity')).filter(([key]) => /^RamDisk.*(?<!AvgTime)$/.test(key));
    const { CacheUsed, CacheCapacity } = named('FSDatasetState');
    return { ...Object.fromEntries(figures), CacheUsed, CacheCapacity };
  };
  const counted = async (nodes: MixedCluster, key: string): Promise<number> => Number((await counters(nodes))[key] ?? 0);
  const saved = (nodes: MixedCluster, count: number) =>
    until(`${count} saved`, async () => (await counted(nodes, 'RamDiskBlocksLazyPersisted')) === count);
  // Apache's beans are up to ten seconds old, each by its own clock: what one shows another may not show yet.
  const inMemory = (nodes: MixedCluster, blocks: number) =>
    until(`${blocks} blocks in memory`, async () => (await counted(nodes, 'CacheUsed')) === blocks * BLOCK);

  /** How many block files stand in each directory of a pool, and meta files beside them. */
  const layout = (nodes: MixedCluster): readonly string[] => {
    const found = new Map<string, number>();
    for (const name of readdirSync(nodes.data('dn1'), { recursive: true, encoding: 'utf8' })) {
      const match = /^(\w+)\/current\/BP-[^/]+\/current\/(\w+)\/.*(blk_\d+)(_\d+\.meta)?$/.exec(name);
      if (match === null || !statSync(join(nodes.data('dn1'), name)).isFile()) continue;
      const kind = `${match[1]}/${match[2]} ${match[4] === undefined ? 'block' : 'meta'}`;
      found.set(kind, (found.get(kind) ?? 0) + 1);
    }
    return [...found].map(([kind, count]) => `${kind} ${count}`).sort();
  };

  /** Counters and layout once they have stayed the same for a while: events are counted a little later, at either maker's pace. */
  const atRest = async (nodes: MixedCluster): Promise<unknown> => {
    let seen: unknown;
    let same = 0;
    await until('counters at rest', async () => {
      const now = [await counters(nodes), layout(nodes)];
      same = isDeepStrictEqual(now, seen) ? same + 1 : 0;
      seen = now;
      return same === REST_POLLS;
    });
    return seen;
  };

  async function story(maker: Maker): Promise<readonly unknown[]> {
    const nodes = await start(maker, maker, {});
    const told: unknown[] = [];
    for (const name of ['a', 'b', 'c']) await put(nodes, name);
    await saved(nodes, 3);
    await inMemory(nodes, 3);
    told.push(await atRest(nodes));
    expect(await cat(nodes, 'a')).toBe(true);
    // The memory is full: the first of those that nobody has read makes room.
    await put(nodes, 'd');
    await saved(nodes, 4);
    await inMemory(nodes, 3);
    told.push(await atRest(nodes));
    for (const name of ['a', 'b', 'c', 'd']) expect(await cat(nodes, name)).toBe(true);
    await world.apache.must(nodes.client, 'dfs', ['-rm', '-skipTrash', '/a', '/b']);
    await until('two deleted', async () => layout(nodes).includes('disk/lazypersist block 2'));
    await inMemory(nodes, 2);
    told.push(layout(nodes));
    await world.stop();
    return told;
  }

  test('are written, saved, read, evicted and deleted as by Apache’s DataNode, with its counters and its layout', async () => {
    expect(await story('ours')).toEqual(await story('apache'));
  });

  test('are served by whoever takes over the DataNode, and what was lost with the memory is removed', async () => {
    const nodes = await start('swap', 'apache', {});
    for (const name of ['a', 'b']) await put(nodes, name);
    await saved(nodes, 2);
    await nodes.swap('dn1', 'ours');
    for (const name of ['a', 'b']) expect(await cat(nodes, name)).toBe(true);
    await put(nodes, 'c');
    await saved(nodes, 1);
    await nodes.swap('dn1', 'apache');
    for (const name of ['a', 'b', 'c']) expect(await cat(nodes, name)).toBe(true);
    await nodes.end('dn1');
    rmSync(join(nodes.data('dn1'), 'ram'), { recursive: true });
    await nodes.launch('dn1', 'ours');
    await nodes.ready();
    for (const name of ['a', 'b', 'c']) expect(await cat(nodes, name)).toBe(true);
  });

  test('are removed by Apache’s NameNode where the memory of ours was all that held them', async () => {
    const nodes = await start('lost', 'apache', { 'dfs.datanode.lazywriter.interval.sec': '3600' });
    await put(nodes, 'uneven');
    await nodes.swap('dn1', 'ours');
    expect(layout(nodes)).toEqual(['ram/finalized block 1', 'ram/finalized meta 1']);
    // Without checksums, as Apache's DataNode has left it.
    expect(await cat(nodes, 'uneven')).toBe(true);
    await nodes.end('dn1', 'SIGKILL');
    rmSync(join(nodes.data('dn1'), 'ram'), { recursive: true });
    await nodes.launch('dn1', 'ours');
    await nodes.ready();
    const gone = async (): Promise<boolean> =>
      (await world.apache.run(nodes.client, 'dfs', ['-test', '-e', '/uneven'])).code === 1;
    await until('the file is removed', gone);
  });
});
