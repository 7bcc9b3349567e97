// Quotas beside Apache's: the same random operations, the same refusals and the same counts, then the other maker's NameNode
// on the directories of each. If this fails, a tenant has another limit after a swap than before, or is told another reason.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, describeWithApache, ours, runJava } from './apache.ts';
import { imagePaths } from './support/image-paths.ts';
import { QUOTA_DIRECTORIES, quotaScenario } from './support/quota-scenario.ts';

const SEED = Number(process.env.TUSKFS_QUOTA_SEED ?? 5);
const STEPS = 900;
const KEYS = { 'hadoop.user.group.static.mapping.overrides': 'alice=staff;' };

async function answers({ clientConf }: Cluster, operations: readonly string[]): Promise<readonly string[]> {
  const input = `${operations.join('\n')}\n`;
  const { code, stdout, stderr } = await runJava('Difference.java', clientConf, [], { input });
  expect(code, stderr).toBe(0);
  return stdout
    .trimEnd()
    .replaceAll(/DFSClient_\w+?_-?\d+_\d+/g, 'CLIENT')
    .split('\n');
}

/** What the newest image holds at each path. */
async function imageOf({ directory }: Cluster): Promise<readonly string[]> {
  const current = join(directory, 'data/nn/current');
  const newest = readdirSync(current)
    .filter((name) => /^fsimage_\d+$/.test(name))
    .sort()
    .at(-1);
  const { stdout, code } = await ours('hdfs', ['oiv', '-p', 'XML', '-i', join(current, newest ?? ''), '-o', '-']);
  expect(code).toBe(0);
  const inodes = imagePaths(stdout);
  expect(inodes.length).toBeGreaterThan(20);
  return inodes;
}

describeWithApache('quotas', () => {
  let clusters: readonly Cluster[] = [];

  beforeAll(async () => {
    const started = await Promise.allSettled([
      Cluster.start({ datanodes: 1, keys: KEYS }),
      Cluster.start({ datanodes: 1, keys: KEYS, ours: ['nn', 'dn'] }),
    ]);
    clusters = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    for (const each of started) if (each.status === 'rejected') throw each.reason;
  });
  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  });

  test('refuse and count alike, are saved alike, and are the same to the other NameNode', async () => {
    const operations = quotaScenario(SEED, STEPS);
    const [apache = [], own = []] = await Promise.all(clusters.map((cluster) => answers(cluster, operations)));
    expect([apache.length, own.length]).toEqual([operations.length, operations.length]);
    const differing = apache.flatMap((line, i) => (line === own[i] ? [] : [{ apache: line, ours: own[i] }]));
    expect(differing, `seed ${SEED}`).toEqual([]);
    expect(own.filter((line) => line.includes('QuotaExceededException')).length).toBeGreaterThan(STEPS / 50);
    const usages = QUOTA_DIRECTORIES.flatMap((directory) => [`root usage ${directory}`, `root summary ${directory}`]);
    const end = [...usages, 'root safemode ENTER', 'root save', 'root safemode LEAVE'];
    const before = await Promise.all(clusters.map((cluster) => answers(cluster, end)));
    const images = await Promise.all(clusters.map(imageOf));
    expect(images[1]).toEqual(images[0]);
    await Promise.all(clusters.map((cluster) => cluster.swap('nn')));
    const after = await Promise.all(clusters.map((cluster) => answers(cluster, usages)));
    // A directory with a quota on one storage type alone has, after Apache has loaded it, one of Long.MAX_VALUE names too.
    const plain = (lines: readonly string[] = []) => lines.map((line) => line.replace('quota=9223372036854775807', 'quota=-1'));
    expect(plain(after[0])).toEqual(plain(before[0]?.slice(0, usages.length)));
    expect(plain(after[1])).toEqual(plain(before[1]?.slice(0, usages.length)));
  });
});
