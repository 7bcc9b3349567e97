// hdfs fsck: Apache's command and ours, of Apache's cluster and of ours. If this fails, an operator, or a script that reads
// the report, is told other things of the same files, or cannot ask our NameNode with Apache's command at all.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache, ours } from './apache.ts';
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
      await dfs('-setrep', '-w', '3', '/d/whole', '/d/e/parts');
      await dfs('-setrep', '-w', '2', '/d/two');
    }
  }, 120_000);
  afterAll(async () => {
    for (const cluster of clusters.values()) await cluster.stop();
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const report = async (command: Maker, of: Maker, words: readonly string[]): Promise<string> => {
    const conf = clusters.get(of)?.client ?? '';
    const { code, stdout, stderr } =
      command === 'apache'
        ? await apache.run(conf, 'fsck', words, { user: 'root' })
        : await ours('hdfs', ['--config', conf, 'fsck', ...words], { env: { HADOOP_USER_NAME: 'root' } });
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
});
