// Writers of both kinds over pipelines of both kinds, with a DataNode that dies in the middle, and additions to each other's
// files. If this fails, a mixed cluster loses acknowledged bytes, or one client cannot go on where the other has stopped.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect, type Hdfs } from '../../src/client/index.ts';
import { describeRepeatable, ours } from './apache.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

/** Of four idle nodes, one that has just served a read would count as too busy to take another's place. */
const KEYS = { 'dfs.namenode.redundancy.considerLoad': 'false' };

/** A file that one of the two clients writes bit by bit. */
interface Writer {
  write(bytes: Buffer): Promise<unknown>;
  hflush(): Promise<unknown>;
  close(): Promise<unknown>;
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describeRepeatable('writers of both', () => {
  let directory: string;
  let apache: Resident;
  let cluster: MixedCluster | undefined;
  let hdfs: Hdfs | undefined;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-pipeline-'));
    apache = new Resident(directory);
  });
  afterEach(async () => {
    await hdfs?.close();
    hdfs = undefined;
    await cluster?.stop();
    cluster = undefined;
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = async (
    name: string,
    makers: readonly [Maker, ...Maker[]],
    keys: Readonly<Record<string, string>> = {},
  ): Promise<MixedCluster> => {
    const all = { ...KEYS, ...keys };
    cluster = await MixedCluster.start({ directory: join(directory, name), apache, makers: [...makers], keys: all });
    return cluster;
  };

  const openWith = async (client: Maker, path: string, mode: 'create' | 'append'): Promise<Writer> => {
    if (client === 'ours') {
      const handle = await (hdfs as Hdfs).open(path, mode === 'create' ? 'w' : 'a');
      return { write: (bytes) => handle.write(bytes), hflush: () => handle.hflush(), close: () => handle.close() };
    }
    const conf = cluster?.client;
    await apache.must(conf, `stream-${mode}`, [path]);
    return {
      write: (input) => apache.must(conf, 'stream-write', [], { input }),
      hflush: () => apache.must(conf, 'stream-hflush', []),
      close: () => apache.must(conf, 'stream-close', []),
    };
  };

  /** As the NameNode has it: the roles of the DataNodes that have the file's last block, in the order of its pipeline. */
  const pipelineOf = async (path: string): Promise<string[]> => {
    const names = (await (hdfs as Hdfs).blockLocations(path)).at(-1)?.names ?? [];
    return names.map((name) => `dn${(Number(name.split(':')[1]) - (cluster?.basePort ?? 0) + 1) / 3}`);
  };

  const readByBoth = async (path: string, content: Buffer): Promise<void> => {
    expect((await (hdfs as Hdfs).readFile(path)).equals(content)).toBe(true);
    expect((await apache.must(cluster?.client, 'dfs', ['-cat', path])).bytes.equals(content)).toBe(true);
  };

  for (const [name, makers] of [
    ['our NameNode', ['ours', 'ours', 'apache', 'ours', 'apache']],
    ['Apache’s NameNode', ['apache', 'apache', 'ours', 'apache', 'ours']],
  ] as const) {
    test(`${name}: a DataNode dies in the middle of a write, and another one takes its place`, async () => {
      const nodes = await start(`die-${makers[0]}`, makers);
      hdfs = await connect({ confDir: nodes.client });
      for (const [index, client] of (['apache', 'ours', 'apache', 'ours'] as const).entries()) {
        const path = `/dies-${index}`;
        const content = randomBytes(700_001);
        const writer = await openWith(client, path, 'create');
        await writer.write(content.subarray(0, 300_000));
        await writer.hflush();
        const before = await pipelineOf(path);
        expect(before).toHaveLength(3);
        const victim = before[index % 3] as string;
        await nodes.end(victim, 'SIGKILL');
        await writer.write(content.subarray(300_000));
        await writer.hflush();
        const after = await pipelineOf(path);
        expect(after).toHaveLength(3);
        expect(after).not.toContain(victim);
        expect((await hdfs.readFile(path)).equals(content)).toBe(true);
        await writer.close();
        await readByBoth(path, content);
        await nodes.launch(victim, makers[Number(victim.slice(2))] ?? 'ours');
        await nodes.ready();
      }
    });

    test(`${name}: each client adds to files of the other, by library and by shell`, async () => {
      const nodes = await start(`add-${makers[0]}`, makers);
      hdfs = await connect({ confDir: nodes.client, conf: { 'dfs.blocksize': '65536' } });
      const local = join(directory, 'addition');
      let content = Buffer.alloc(0);
      const more = (length: number): Buffer => {
        const added = randomBytes(length);
        content = Buffer.concat([content, added]);
        return added;
      };
      await hdfs.writeFile('/both', more(1_300));
      // Behind a whole chunk, within one, at the end of a block, and over several blocks.
      for (const length of [236, 1, 511, 64_000, 65_536 * 2 - 514, 7]) {
        for (const client of ['apache', 'ours'] as const) {
          const writer = await openWith(client, '/both', 'append');
          const added = more(length);
          await writer.write(added.subarray(0, length >> 1));
          await writer.hflush();
          await writer.write(added.subarray(length >> 1));
          await writer.close();
        }
        writeFileSync(local, more(length));
        await apache.must(nodes.client, 'dfs', ['-appendToFile', local, '/both']);
        writeFileSync(local, more(length));
        const shell = ['--config', nodes.client, 'dfs', '-appendToFile', ...(length % 2 === 0 ? ['-n'] : []), local, '/both'];
        expect(await ours('hdfs', shell)).toMatchObject({ code: 0, stderr: '' });
      }
      await readByBoth('/both', content);
      if (makers[0] === 'apache') {
        expect((await apache.must(nodes.client, 'fsck', ['/both'])).stdout).toMatch(/Status: HEALTHY/);
      }

      // Cutting within a block has its DataNodes recover it; joining moves blocks.
      const cut = content.subarray(0, 70_001);
      expect((await ours('hdfs', ['--config', nodes.client, 'dfs', '-truncate', '-w', '70001', '/both'])).stdout).toContain(
        'Truncated /both to length: 70001',
      );
      await readByBoth('/both', cut);
      const [one, two] = [randomBytes(65_536), randomBytes(100)];
      await hdfs.writeFile('/one', one);
      await hdfs.writeFile('/two', two);
      expect(await ours('hdfs', ['--config', nodes.client, 'dfs', '-concat', '/both', '/one', '/two'])).toMatchObject({
        code: 0,
      });
      await readByBoth('/both', Buffer.concat([cut, one, two]));
      expect(await hdfs.exists('/one')).toBe(false);
    });
  }

  for (const [name, client, makers] of [
    ['Apache’s client, our DataNode', 'apache', ['ours', 'ours']],
    ['our client, Apache’s DataNode', 'ours', ['apache', 'apache']],
  ] as const) {
    test(`${name}: a writer waits for the only node of its pipeline, which is upgraded`, async () => {
      const nodes = await start(`upgrade-${client}`, makers, {
        'dfs.replication': '1',
        'dfs.client.datanode-restart.timeout': '120',
      });
      hdfs = await connect({ confDir: nodes.client });
      const content = randomBytes(300_001);
      const writer = await openWith(client, '/f', 'create');
      await writer.write(content.subarray(0, 100_000));
      await writer.hflush();
      const ipc = `127.0.0.1:${nodes.basePort + 4}`;
      await apache.must(nodes.client, 'dfsadmin', ['-shutdownDatanode', ipc, 'upgrade']);
      await sleep(2_500);
      await nodes.end('dn1');
      await nodes.launch('dn1', makers[1]);
      await writer.write(content.subarray(100_000));
      await writer.hflush();
      await writer.close();
      // The same replica: no second one was begun.
      expect(await pipelineOf('/f')).toEqual(['dn1']);
      await readByBoth('/f', content);
    });
  }
});
