// Over a thousand operations of several users against Apache's NameNode and against ours, answer by answer. If this fails,
// a program that relies on what Apache's NameNode answers (a result, an exception, its message) sees something else here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, describeWithApache, runJava } from './apache.ts';

/** Operations whose answers differ on purpose, and why. */
const DELIBERATE: Readonly<Record<string, string>> = {
  'alice create /d/ec ec=RS-6-3-1024k': 'erasure coding is not built, so no policy is enabled',
  'alice create /d/ec2 ec=unknown': 'the same',
  'alice locations /d/three 1 9223372036854775807': 'where offset and length overflow, Apache shows one block, ours the rest',
  'alice locations /d/three 1500 9223372036854775807': 'the same',
  'bob usage /d': 'ours walks in the order of names, so another directory is the first that may not be read',
  'alice delete /d/sticky': 'Apache names the owner of the deleted directory as that of the sticky one below it',
  'alice info /d/timed': 'access times of directories are not kept; Apache forgets them when it restarts',
};

const KEYS = {
  'dfs.ls.limit': '10',
  'dfs.namenode.fs-limits.max-directory-items': '60',
  'dfs.namenode.fs-limits.max-blocks-per-file': '4',
  'hadoop.user.group.static.mapping.overrides': 'alice=staff,writers;bob=staff;carol=guests;dave=supergroup;eve=;',
};

describeWithApache('our NameNode beside Apache’s', () => {
  const scenario = join(import.meta.dirname, 'java/difference.txt');
  let clusters: readonly Cluster[] = [];

  beforeAll(async () => {
    const started = await Promise.allSettled([
      Cluster.start({ datanodes: 2, keys: KEYS }),
      Cluster.start({ datanodes: 2, keys: KEYS, ours: ['nn', 'dn'] }),
    ]);
    clusters = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    for (const each of started) if (each.status === 'rejected') throw each.reason;
  });
  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  });

  test('answers every operation alike', async () => {
    const input = readFileSync(scenario, 'utf8');
    const answers = await Promise.all(
      clusters.map(async ({ clientConf }) => {
        const { code, stdout, stderr } = await runJava('Difference.java', clientConf, [], { input });
        expect(code, stderr).toBe(0);
        return stdout.trimEnd().split('\n');
      }),
    );
    const [apache = [], ours = []] = answers;
    const operations = input.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
    expect([apache.length, ours.length]).toEqual([operations.length, operations.length]);
    const differing = operations.flatMap((operation, index) => (apache[index] === ours[index] ? [] : [{ operation, index }]));
    const surprising = differing.filter(({ operation }) => DELIBERATE[operation] === undefined);
    expect(surprising.map(({ index }) => ({ apache: apache[index], ours: ours[index] }))).toEqual([]);
    const differ = new Set(differing.map(({ operation }) => operation));
    expect(Object.keys(DELIBERATE).filter((operation) => !differ.has(operation))).toEqual([]);
  });
});
