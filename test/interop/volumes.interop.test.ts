// Disks of a running DataNode under Apache's NameNode and Apache's administrator commands. If this fails, an operator who swaps
// or loses a disk of ours sees other words than of Apache's DataNode, or the NameNode does not learn of it.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeRepeatable, ours } from './apache.ts';
import { ClusterPerTest } from './support/cluster-per-test.ts';
import type { MixedCluster } from './support/mixed-cluster.ts';

const LIMIT_MS = 60_000;
const FILES = 8;

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; await new Promise((done) => setTimeout(done, 200))) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
}

describeRepeatable('volumes', () => {
  const content = randomBytes(200_001);

  const world = new ClusterPerTest('volumes', () => [['content', content]]);

  const blocksBelow = (path: string): number =>
    readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\/blk_\d+$/.test(name)).length;

  const put = async (nodes: MixedCluster, name: string): Promise<void> => {
    for (let i = 0; i < FILES; i++) {
      await world.apache.must(nodes.client, 'dfs', ['-put', join(world.directory, 'content'), `/${name}${i}`]);
    }
  };

  /** Changes a node's directories while it runs; answers what each kind of shell says of it, without times and paths. */
  async function swapDirectories(): Promise<readonly string[]> {
    const nodes = await world.start('swap', {
      makers: ['apache', 'ours', 'ours'],
      volumes: 2,
      keys: { 'dfs.replication': '2' },
    });
    await put(nodes, 'before');
    const node = `127.0.0.1:${nodes.basePort + 4}`;
    const data = nodes.data('dn1');
    const file = join(nodes.conf('dn1'), 'hdfs-site.xml');
    const said: string[] = [];
    const plain = (text: string): string =>
      text
        .replaceAll(data, 'DATA')
        .replaceAll(node, 'NODE')
        .replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [A-Z]+ \d{4}/g, 'TIME');
    const status = () => world.apache.must(nodes.client, 'dfsadmin', ['-reconfig', 'datanode', node, 'status']);
    said.push(plain((await status()).stdout));
    const change = async (from: string, to: string): Promise<void> => {
      writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
      said.push(plain((await world.apache.must(nodes.client, 'dfsadmin', ['-reconfig', 'datanode', node, 'start'])).stdout));
      const text = await until('the end of the task', async () => {
        const { stdout } = await status();
        return stdout.includes('finished at') ? stdout : undefined;
      });
      said.push(plain(text));
      const mine = await ours('hdfs', ['--config', nodes.client, 'dfsadmin', '-reconfig', 'datanode', node, 'status']);
      expect(plain(mine.stdout)).toBe(plain(text));
    };
    await change(`${data}/v0,${data}/v1`, `${data}/v1,${data}/v2`);
    await put(nodes, 'after');
    expect(blocksBelow(join(data, 'v2'))).toBeGreaterThan(0);
    // What lay on the directory that was let go is copied again from the other node.
    await until('healthy', async () => {
      const { stdout } = await world.apache.run(nodes.client, 'fsck', ['/']);
      return /Under-replicated blocks:\s+0/.test(stdout) && /Status: HEALTHY/.test(stdout) ? true : undefined;
    });
    await change(`${data}/v1,${data}/v2`, `[SSD]${data}/v1,${data}/v2`);
    for (const name of ['before', 'after']) {
      for (let i = 0; i < FILES; i++) {
        expect((await world.apache.must(nodes.client, 'dfs', ['-cat', `/${name}${i}`])).bytes.equals(content)).toBe(true);
      }
    }
    const volumes = (await world.apache.must(nodes.client, 'dfsadmin', ['-getVolumeReport', node])).stdout;
    expect([...volumes.matchAll(/Directory: (.*)/g)].map((match) => plain(match[1] ?? '')).sort()).toEqual([
      'DATA/v1',
      'DATA/v2',
    ]);
    const mine = await ours('hdfs', ['--config', nodes.client, 'dfsadmin', '-getVolumeReport', node]);
    const shape = (text: string): string => text.replaceAll(/\d+(\.\d+)? ?[KMGT]?B?/g, '#');
    expect(shape(mine.stdout)).toBe(shape(volumes));
    return said;
  }

  // Apache's DataNode in the tests' JVM cannot read its files again: the words are those of its DFSAdmin and DataNode.
  test('directories are swapped while the node runs, as Apache’s and our administrator commands tell', async () => {
    const started = 'Started reconfiguration task on node [NODE].\n';
    const done = 'Reconfiguring status for node [NODE]: started at TIME and finished at TIME.\n';
    const change = (how: string, from: string, to: string): string =>
      `${how} property dfs.datanode.data.dir\n\tFrom: "${from}"\n\tTo: "${to}"\n`;
    expect(await swapDirectories()).toEqual([
      'Reconfiguring status for node [NODE]: no task was found.\n',
      started,
      done + change('SUCCESS: Changed', 'DATA/v0,DATA/v1', 'DATA/v1,DATA/v2'),
      started,
      `${done}${change('FAILED: Change', 'DATA/v1,DATA/v2', '[SSD]DATA/v1,DATA/v2')}\tError: Changing storage type is not allowed..\n`,
    ]);
  });

  test('Apache’s NameNode learns of a failed disk and has its blocks copied', async () => {
    const nodes = await world.start('failed', {
      makers: ['apache', 'ours', 'ours', 'ours'],
      volumes: 2,
      keys: { 'dfs.replication': '2', 'dfs.datanode.failed.volumes.tolerated': '1' },
    });
    await put(nodes, 'f');
    const lost = join(nodes.data('dn1'), 'v0');
    const [pool = ''] = readdirSync(join(lost, 'current')).filter((name) => name.startsWith('BP-'));
    rmSync(join(lost, 'current', pool, 'current', 'finalized'), { recursive: true });
    // A read that comes by the missing directory goes on with another node.
    for (let i = 0; i < FILES; i++) {
      expect((await world.apache.must(nodes.client, 'dfs', ['-cat', `/f${i}`])).bytes.equals(content)).toBe(true);
    }
    await put(nodes, 'g');
    const state = await until('a failed volume', async () => {
      const response = await fetch(
        `http://127.0.0.1:${nodes.basePort + 1}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`,
      );
      const { beans } = (await response.json()) as { beans: { VolumeFailuresTotal: number }[] };
      return beans[0]?.VolumeFailuresTotal === 1 ? beans[0] : undefined;
    });
    expect(state).toMatchObject({ NumLiveDataNodes: 3 });
    await until('healthy', async () => {
      const { stdout } = await world.apache.run(nodes.client, 'fsck', ['/']);
      return /Under-replicated blocks:\s+0/.test(stdout) && /Status: HEALTHY/.test(stdout) ? true : undefined;
    });
  });
});
