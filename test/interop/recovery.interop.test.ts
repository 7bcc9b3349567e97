// Files that are opened again, cut, joined and taken over, on clusters of our daemons and Apache's. If this fails, a file
// whose writer died keeps other bytes than were flushed, or differs from DataNode to DataNode, or the other NameNode
// cannot go on with a directory in which such work was under way.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect, type Hdfs } from '../../src/client/index.ts';
import { describeRepeatable } from './apache.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const KEYS = { 'dfs.blocksize': '65536', 'dfs.client.block.write.replace-datanode-on-failure.policy': 'NEVER' };
const BLOCK = 65_536;
const WRITERS = 4;
const RECOVERY_LIMIT_MS = 90_000;

describeRepeatable('appending, cutting, joining and recovering', () => {
  let directory: string;
  let apache: Resident;
  let cluster: MixedCluster | undefined;
  const clients: Hdfs[] = [];
  const content = randomBytes(300_000);
  const part = content.subarray(0, 50_001);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-recovery-'));
    apache = new Resident(directory);
    writeFileSync(join(directory, 'part'), part);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await cluster?.stop();
    cluster = undefined;
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = async (name: string, makers: readonly [Maker, ...Maker[]]): Promise<MixedCluster> => {
    cluster = await MixedCluster.start({ directory: join(directory, name), apache, makers: [...makers], keys: KEYS });
    return cluster;
  };

  const client = async (nodes: MixedCluster): Promise<Hdfs> => {
    const made = await connect(nodes.uri);
    clients.push(made);
    return made;
  };

  const cat = async (nodes: MixedCluster, path: string): Promise<Buffer> =>
    (await apache.must(nodes.client, 'dfs', ['-cat', path])).bytes;

  /** Writes and flushes, and leaves the file open. */
  const leaveOpen = async (hdfs: Hdfs, path: string, bytes: number): Promise<void> => {
    const handle = await hdfs.open(path, 'w', { replication: 3 });
    await handle.write(content.subarray(0, bytes));
    await handle.hflush();
  };

  /** As an operator does; answers the last line. With -retries the command itself tries again, every five seconds. */
  const recoverLease = async (nodes: MixedCluster, path: string): Promise<string | undefined> => {
    for (const end = Date.now() + RECOVERY_LIMIT_MS; ; await new Promise((done) => setTimeout(done, 250))) {
      const { code, stdout, stderr } = await apache.run(nodes.client, 'debug', ['recoverLease', '-path', path]);
      if (code === 0) return stdout.trim().split('\n').at(-1);
      if (Date.now() > end) throw new Error(stdout + stderr);
    }
  };

  /** Every block has its replicas, as Apache's NameNode sees it: ours does not serve fsck. */
  const healthy = async (nodes: MixedCluster, nameNode: Maker, path: string): Promise<void> => {
    if (nameNode === 'apache') expect((await apache.must(nodes.client, 'fsck', [path])).stdout).toMatch(/Status: HEALTHY/);
  };

  for (const [name, makers] of [
    ['our NameNode', ['ours', 'apache', 'ours', 'apache']],
    ['Apache’s NameNode', ['apache', 'ours', 'apache', 'ours']],
  ] as const) {
    test(`${name} over DataNodes of both: Apache’s shell, and writers that are taken their files`, async () => {
      const nodes = await start(makers[0], makers);
      const dfs = (...args: string[]) => apache.must(nodes.client, 'dfs', args);
      await dfs('-put', join(directory, 'part'), '/f');
      for (let i = 0; i < 3; i++) await dfs('-appendToFile', join(directory, 'part'), '/f');
      let expected = Buffer.concat([part, part, part, part]);
      expect((await cat(nodes, '/f')).equals(expected)).toBe(true);
      for (const length of [BLOCK * 3 + 700, BLOCK * 2, BLOCK + 1]) {
        const answer = await dfs('-truncate', '-w', `${length}`, '/f');
        expect(answer.stdout).toMatch(/^(Truncated \/f to length: |Waiting for \/f )/);
        expected = expected.subarray(0, length);
        expect((await cat(nodes, '/f')).equals(expected)).toBe(true);
      }
      await dfs('-appendToFile', join(directory, 'part'), '/f');
      expected = Buffer.concat([expected, part]);
      await dfs('-put', join(directory, 'part'), '/g');
      await dfs('-put', join(directory, 'part'), '/h');
      await dfs('-concat', '/f', '/g', '/h');
      expected = Buffer.concat([expected, part, part]);
      expect((await cat(nodes, '/f')).equals(expected)).toBe(true);
      expect((await apache.run(nodes.client, 'dfs', ['-test', '-e', '/g'])).code).toBe(1);
      await healthy(nodes, makers[0], '/f');

      const hdfs = await client(nodes);
      const lengths = Array.from({ length: WRITERS }, (_, i) => 1 + i * 20_011);
      for (const [i, length] of lengths.entries()) await leaveOpen(hdfs, `/open${i}`, length);
      for (const [i, length] of lengths.entries()) {
        expect(await recoverLease(nodes, `/open${i}`)).toBe(`recoverLease SUCCEEDED on /open${i}`);
        expect((await cat(nodes, `/open${i}`)).equals(content.subarray(0, length))).toBe(true);
      }
      await dfs('-setrep', '3', '/open3');
      await apache.must(nodes.client, 'await-replicas', ['3', '/open3']);
      await healthy(nodes, makers[0], '/');
    });
  }

  for (const [name, from, to] of [
    ['Apache’s NameNode on our directory', 'ours', 'apache'],
    ['our NameNode on Apache’s', 'apache', 'ours'],
  ] as const) {
    test(`${name}: with a file open for append, and another one half cut`, async () => {
      const nodes = await start(`from-${from}`, [from, 'ours', 'apache', 'ours']);
      const dfs = (...args: string[]) => apache.must(nodes.client, 'dfs', args);
      await dfs('-put', join(directory, 'part'), '/appended');
      await dfs('-put', join(directory, 'part'), '/cut');
      await dfs('-put', join(directory, 'part'), '/joined');
      const hdfs = await client(nodes);
      const handle = await hdfs.open('/appended', 'a');
      await handle.write(content.subarray(0, 10_000));
      await handle.hsync({ updateLength: true });
      const expected = Buffer.concat([part, content.subarray(0, 10_000)]);
      // The open file goes through an image, the rest through edits.
      for (const command of ['-safemode enter', '-saveNamespace', '-safemode leave']) {
        await apache.must(nodes.client, 'dfsadmin', command.split(' '));
      }
      await dfs('-put', join(directory, 'part'), '/more');
      await dfs('-concat', '/joined', '/cut', '/more');
      // No DataNode is there to cut anything.
      for (const role of ['dn1', 'dn2', 'dn3']) await nodes.end(role, 'SIGKILL');
      expect(await hdfs.truncate('/joined', 60_000, { wait: false })).toBe(false);
      // What ours noted beside the open replica is nothing to Apache's DataNode, which takes over from it.
      expect(readdirSync(nodes.data('dn1'), { recursive: true, encoding: 'utf8' }).join('\n')).toMatch(/\/rbw\/tail_\d+$/m);
      await nodes.end('nn');
      await nodes.launch('nn', to);
      for (const [role, maker] of [
        ['dn1', 'apache'],
        ['dn2', 'ours'],
        ['dn3', 'ours'],
      ] as const)
        await nodes.launch(role, maker);
      await nodes.ready();
      expect(await recoverLease(nodes, '/appended')).toBe('recoverLease SUCCEEDED on /appended');
      expect(await recoverLease(nodes, '/joined')).toBe('recoverLease SUCCEEDED on /joined');
      expect((await cat(nodes, '/appended')).equals(expected)).toBe(true);
      expect((await cat(nodes, '/joined')).equals(Buffer.concat([part, part]).subarray(0, 60_000))).toBe(true);
      await dfs('-appendToFile', join(directory, 'part'), '/joined');
      await nodes.swap('nn', from);
      expect((await cat(nodes, '/appended')).equals(expected)).toBe(true);
      expect((await cat(nodes, '/joined')).equals(Buffer.concat([part, part.subarray(0, 9_999), part]))).toBe(true);
      await healthy(nodes, from, '/');
      await nodes.end('nn');
      const current = join(nodes.data('nn'), 'current');
      const ops = new Map<string, number>();
      for (const file of readdirSync(current).filter((each) => each.startsWith('edits_'))) {
        const stats = join(directory, 'stats');
        await apache.must(undefined, 'oev', ['-p', 'stats', '-i', join(current, file), '-o', stats]);
        for (const [, op = '', count] of readFileSync(stats, 'utf8').matchAll(/(OP_\w+) +\( *\d+\): (\d+)/g)) {
          ops.set(op, (ops.get(op) ?? 0) + Number(count));
        }
      }
      for (const op of ['OP_APPEND', 'OP_TRUNCATE', 'OP_CONCAT_DELETE', 'OP_REASSIGN_LEASE'])
        expect(ops.get(op), op).toBeGreaterThan(0);
    });
  }
});
