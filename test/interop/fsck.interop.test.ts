// hdfs fsck: Apache's command and ours, of Apache's cluster and of ours. If this fails, an operator, or a script that reads
// the report, is told other things of the same files, or cannot ask our NameNode with Apache's command at all.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache } from './apache.ts';
import { runOurs } from './support/cli-shells.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const MAKERS: readonly Maker[] = ['apache', 'ours'];
const KIB = 1024;

const COMMANDS = `
/
/ -files
/ -files -blocks
/ -files -blocks -locations
/ -files -blocks -racks
/ -files -blocks -replicaDetails
/ -files -blocks -upgradedomains
/d -openforwrite -files
/ -includeSnapshots
/ -maintenance
/ -storagepolicies
/d/e -files -storagepolicies
/ -list-corruptfileblocks
/d -delete
/d/e/parts -files -blocks -locations
/d/../d -files
/nope
d/nope
-blockId blk_1073741825
-blockId blk_7
-blockId nonsense
/ -x
/ /d
`
  .trim()
  .split('\n');

/** Of files with which something is wrong. */
const SICK = [
  '/sick',
  '/sick -files -blocks -locations -openforwrite',
  '/sick -files -blocks -racks',
  '/sick -files -blocks -replicaDetails',
  '/sick -openforwrite -files -blocks -replicaDetails',
  '/sick/below -list-corruptfileblocks',
  '/sick/bad',
  '/sick/open',
  '/sick/open -openforwrite',
];

/** What no two clusters have in common. */
const general = (text: string): string =>
  text
    .replaceAll(/DS-[0-9a-f-]{36}/g, 'STORAGE')
    .replaceAll(/BP-[0-9.-]+/g, 'POOL')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/(at|on|started by.*at|ended at) [A-Z][a-z]{2} [A-Z][a-z]{2} \d+ [\d:]+ \w+ \d{4}/g, '$1 TIME')
    .replaceAll(/in \d+ milliseconds/g, 'in N milliseconds')
    // Kinds of which there are as many, and replicas, stand in no order.
    .replaceAll(/(?:^ *DISK:\d.*\n)+/gm, (lines) => lines.split('\n').sort().join('\n'))
    .replaceAll(/\[(DatanodeInfoWithStorage|\/default-rack).*\]/g, (list) => list.slice(1, -1).split(', ').sort().join(', '));

/** Usage and the like are in our own words; of it only the first line counts. */
const firstErrors = (text: string): string =>
  general(text)
    .split('\n')
    .filter((line) => line !== '' && !line.includes(' WARN '))
    .slice(0, /Usage: /.test(text) ? 1 : undefined)
    .join('\n');

describeWithApache('hdfs fsck', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-fsck-'));
  const clusters = new Map<Maker, MixedCluster>();
  let apache: Resident;

  beforeAll(async () => {
    apache = new Resident(directory);
    writeFileSync(join(directory, 'file'), Buffer.alloc(300 * KIB, 'fsck'));
    for (const maker of MAKERS) {
      const cluster = await MixedCluster.start({
        directory: join(directory, maker),
        apache,
        makers: [maker, maker, maker, maker],
        // Of three nodes none is passed over for being busy.
        keys: { 'dfs.bytes-per-checksum': '512', 'dfs.namenode.redundancy.considerLoad': 'false' },
      });
      clusters.set(maker, cluster);
      const dfs = (...args: string[]): Promise<unknown> => apache.must(cluster.client, 'dfs', args);
      await dfs('-mkdir', '-p', '/d/e');
      await dfs('-put', join(directory, 'file'), '/d/whole');
      await dfs('-D', `dfs.blocksize=${128 * KIB}`, '-put', join(directory, 'file'), '/d/e/parts');
      await dfs('-touchz', '/d/e/empty');
      await dfs('-D', 'dfs.replication=2', '-put', join(directory, 'file'), '/d/two');
      // On a busy machine the last reports come after the write is done.
      await apache.must(cluster.client, 'await-replicas', ['3', '/d/whole', '/d/e/parts']);
      await apache.must(cluster.client, 'await-replicas', ['2', '/d/two']);
    }
  }, 600_000);
  afterAll(async () => {
    for (const cluster of clusters.values()) await cluster.stop();
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const report = async (command: Maker, of: Maker, words: readonly string[]): Promise<string> => {
    const conf = clusters.get(of)?.client ?? '';
    const { code, stdout, stderr } =
      command === 'apache' ? await apache.run(conf, 'fsck', words) : await runOurs(conf, directory, 'fsck', words);
    const isUsage = stdout.startsWith('Usage:');
    return `exit ${code}\n${isUsage ? '' : general(stdout)}\n--- errors\n${firstErrors(stderr)}`;
  };

  test.each(COMMANDS)('%s', async (line) => {
    const words = line.split(' ');
    const expected = await report('apache', 'apache', words);
    expect(await report('apache', 'ours', words), 'Apache’s command of our cluster').toBe(expected);
    expect(await report('ours', 'ours', words), 'our command of our cluster').toBe(expected);
    expect(await report('ours', 'apache', words), 'our command of Apache’s cluster').toBe(expected);
  });

  /** The files of the only replica of one of a file's blocks: data and checksums. */
  async function replicaFiles(
    maker: Maker,
    path: string,
    index: number,
  ): Promise<{ readonly data: string; readonly sums: string }> {
    const shown = await apache.run(clusters.get(maker)?.client ?? '', 'fsck', [path, '-files', '-blocks'], { user: 'root' });
    const block = new RegExp(`\\n${index}\\. \\S+:(blk_\\d+)_`).exec(shown.stdout)?.[1] ?? 'none';
    const own = readdirSync(join(directory, maker), { recursive: true, encoding: 'utf8' });
    const [data, ...others] = own.filter((name) => basename(name) === block).map((name) => join(directory, maker, name));
    const sums = own.find((name) => basename(name).startsWith(`${block}_`));
    if (data === undefined || sums === undefined || others.length > 0) throw new Error(`${path} has no single ${block}`);
    return { data, sums: join(directory, maker, sums) };
  }

  /** Reads the file, which cannot be read, until the NameNode's report of it says so. */
  async function readUntil(maker: Maker, path: string, said: string): Promise<void> {
    const conf = clusters.get(maker)?.client ?? '';
    await expect
      .poll(
        async () => {
          await apache.run(conf, 'dfs', ['-D', 'dfs.client.max.block.acquire.failures=0', '-cat', path]);
          return report('apache', maker, [path]);
        },
        { timeout: 60_000, interval: 500 },
      )
      .toContain(said);
  }

  const ONE_REPLICA = ['-D', `dfs.blocksize=${128 * KIB}`, '-D', 'dfs.replication=1'];

  /** A file with a wrong byte, one without its bytes, one with fewer replicas than it wants, and one that is being written. */
  async function sick(maker: Maker, writer: Resident): Promise<void> {
    const conf = clusters.get(maker)?.client ?? '';
    const dfs = (...args: string[]): Promise<unknown> => apache.must(conf, 'dfs', args);
    await dfs('-mkdir', '-p', '/sick/below');
    await dfs(...ONE_REPLICA, '-put', join(directory, 'file'), '/sick/bad');
    await dfs(...ONE_REPLICA, '-put', join(directory, 'file'), '/sick/below/lost');
    await dfs('-D', 'dfs.replication=6', '-put', join(directory, 'file'), '/sick/short');
    await apache.must(conf, 'await-replicas', ['1', '/sick/bad', '/sick/below/lost']);
    await apache.must(conf, 'await-replicas', ['3', '/sick/short']);
    await writer.must(conf, 'stream-create', ['/sick/open']);
    await writer.must(conf, 'stream-write', [], { input: 'begun' });
    await writer.must(conf, 'stream-hflush', []);
    const { data } = await replicaFiles(maker, '/sick/bad', 1);
    const bytes = readFileSync(data);
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    writeFileSync(data, bytes);
    for (const file of Object.values(await replicaFiles(maker, '/sick/below/lost', 0))) rmSync(file);
    await readUntil(maker, '/sick/bad', '/sick/bad: CORRUPT');
    await readUntil(maker, '/sick/below/lost', '/sick/below/lost: MISSING 1 blocks');
  }

  test('of what is wrong with files the same is told', async () => {
    const writers = MAKERS.map(() => new Resident(directory));
    for (const [index, maker] of MAKERS.entries()) await sick(maker, writers[index] as Resident);
    const blocks = async (maker: Maker): Promise<readonly string[]> => {
      const { stdout } = await apache.run(clusters.get(maker)?.client ?? '', 'fsck', [
        '/sick',
        '-files',
        '-blocks',
        '-openforwrite',
      ]);
      return [...new Set([...stdout.matchAll(/:(blk_\d+)_/g)].map(([, id = '']) => id))].sort();
    };
    const ids = await blocks('apache');
    expect(ids.length).toBeGreaterThanOrEqual(3 + 3 + 1 + 1);
    expect(await blocks('ours')).toEqual(ids);
    const commands = [
      ...COMMANDS.filter((line) => line.startsWith('/ ')),
      ...SICK,
      `-blockId ${ids.join(' ')}`,
      `-blockId ${ids[1]}`,
    ];
    for (const line of commands) {
      const words = line.split(' ');
      const expected = await report('apache', 'apache', words);
      expect(await report('apache', 'ours', words), `Apache’s command of our cluster: ${line}`).toBe(expected);
      expect(await report('ours', 'ours', words), `our command of our cluster: ${line}`).toBe(expected);
      expect(await report('ours', 'apache', words), `our command of Apache’s cluster: ${line}`).toBe(expected);
    }
    for (const writer of writers) await writer.close();
    for (const maker of MAKERS) {
      await apache.must(clusters.get(maker)?.client ?? '', 'dfs', ['-rm', '-r', '-skipTrash', '/sick']);
    }
  }, 300_000);

  /** The second of three blocks of a file with one replica loses its files, and its reader tells of it. */
  async function broken(maker: Maker): Promise<void> {
    const conf = clusters.get(maker)?.client ?? '';
    await apache.must(conf, 'dfs', ['-mkdir', '-p', '/broken']);
    await apache.must(conf, 'dfs', [...ONE_REPLICA, '-put', join(directory, 'file'), '/broken/file']);
    for (const file of Object.values(await replicaFiles(maker, '/broken/file', 1))) rmSync(file);
    await readUntil(maker, '/broken/file', '/broken/file: MISSING 1 blocks');
  }

  test('what is left of a broken file is moved, and the file removed', async () => {
    await Promise.all(MAKERS.map(broken));
    const conf = (maker: Maker): string => clusters.get(maker)?.client ?? '';
    const cat = async (maker: Maker): Promise<string> =>
      (await apache.must(conf(maker), 'dfs', ['-cat', '/lost+found/broken/file/0', '/lost+found/broken/file/1'])).stdout;
    const listed = async (maker: Maker): Promise<string> =>
      (await apache.must(conf(maker), 'dfs', ['-ls', '-R', '/lost+found'])).stdout.replaceAll(/\d{4}-\S+ \d\d:\d\d/g, 'TIME');
    // Apache's command at Apache's cluster and ours at ours: each changes what it is asked of.
    for (const words of [
      ['/', '-move'],
      ['/broken', '-move', '-delete', '-files'],
      ['/broken', '-move', '-delete'],
    ]) {
      const expected = await report('apache', 'apache', words);
      expect(await report('ours', 'ours', words), words.join(' ')).toBe(expected);
      expect(await listed('ours')).toBe(await listed('apache'));
    }
    expect(await cat('ours')).toHaveLength((300 - 128) * KIB);
    expect(await cat('ours')).toBe(await cat('apache'));
  }, 120_000);
});
