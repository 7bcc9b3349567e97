// hdfs fsck: Apache's command and ours, of Apache's cluster and of ours. If this fails, an operator, or a script that reads
// the report, is told other things of the same files, or cannot ask our NameNode with Apache's command at all.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** What no two clusters have in common. */
const general = (text: string): string =>
  text
    .replaceAll(/DS-[0-9a-f-]{36}/g, 'STORAGE')
    .replaceAll(/BP-[0-9.-]+/g, 'POOL')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/(at|on|started by.*at|ended at) [A-Z][a-z]{2} [A-Z][a-z]{2} \d+ [\d:]+ \w+ \d{4}/g, '$1 TIME')
    .replaceAll(/in \d+ milliseconds/g, 'in N milliseconds')
    // Replicas stand in no order.
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
        keys: { 'dfs.bytes-per-checksum': '512' },
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

  /** The second of three blocks of a file with one replica loses its files, and its reader tells of it. */
  async function broken(maker: Maker): Promise<void> {
    const conf = clusters.get(maker)?.client ?? '';
    const path = '/broken/file';
    const sizes = ['-D', `dfs.blocksize=${128 * KIB}`, '-D', 'dfs.replication=1'];
    await apache.must(conf, 'dfs', ['-mkdir', '-p', '/broken']);
    await apache.must(conf, 'dfs', [...sizes, '-put', join(directory, 'file'), path]);
    const shown = await apache.run(conf, 'fsck', [path, '-files', '-blocks'], { user: 'root' });
    const second = /\n1\. \S+:(blk_\d+)_/.exec(shown.stdout)?.[1] ?? 'none';
    const own = readdirSync(join(directory, maker), { recursive: true, encoding: 'utf8' });
    const files = own.filter((name) => [second, `${second}.meta`].includes(basename(name).replace(/_\d+\.meta$/, '.meta')));
    expect(files).toHaveLength(2);
    for (const name of files) rmSync(join(directory, maker, name));
    await expect
      .poll(
        async () => {
          await apache.run(conf, 'dfs', ['-D', 'dfs.client.max.block.acquire.failures=0', '-cat', path]);
          return report('apache', maker, ['/broken']);
        },
        { timeout: 60_000, interval: 500 },
      )
      .toContain('/broken/file: MISSING 1 blocks');
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
