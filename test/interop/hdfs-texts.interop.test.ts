// Hadoop's own texts of its files' commands and of dfsadmin (testHDFSConf.xml, testDeleteConf.xml): our commands on our
// cluster and on Apache's, and Apache's shell on our cluster, by Hadoop's own test helper. If this fails, a script that reads
// what `hdfs dfs` or `hdfs dfsadmin` print on Hadoop reads something else here.
import { beforeAll, expect, test } from 'vitest';
import { describeRepeatable, runJava } from './apache.ts';
import { type CliShell, differing, ourShell } from './support/cli-shells.ts';
import { type CliCase, readCliTexts, readTestSource } from './support/cli-texts.ts';
import { ClusterPerTest } from './support/cluster-per-test.ts';
import type { Maker, MixedCluster } from './support/mixed-cluster.ts';

const MODULE = 'hadoop-hdfs';
const FILES = ['testHDFSConf.xml', 'testDeleteConf.xml'];
const DATA = ['data15bytes', 'data30bytes', 'data60bytes', 'data120bytes', 'data1k'];
const LIMIT_MS = 600_000;
/** How many are tried on Apache's cluster too, unless all are asked for: what our cluster answers has been held to all. */
const FIRST_CASES = process.env.TUSKFS_ALL_TEXTS === undefined ? 250 : Number.POSITIVE_INFINITY;

/** Beginnings of descriptions of the cases that are left out, and why. */
const LEFT_OUT: readonly (readonly [string, string])[] = [
  ['help: ', 'help is in our own words'],
  ['allowSnapshot', 'snapshots are not built yet'],
  ['disallowSnapshot', 'snapshots are not built yet'],
  ['createSnapshot', 'snapshots are not built yet'],
  ['renameSnapshot', 'snapshots are not built yet'],
  ['deleteSnapshot', 'snapshots are not built yet'],
  ['printTopology: ', 'it needs eight DataNodes of one address in four racks, which only a class of Hadoop’s tests can map'],
];

/** What TestHDFSCLI and TestDeleteCLI give their clusters. */
const KEYS = {
  'dfs.replication': '1',
  'dfs.permissions.superusergroup': 'supergroup',
  'hadoop.security.authorization': 'true',
  'hadoop.shell.safely.delete.limit.num.files': '5',
};

describeRepeatable(
  'Hadoop’s own texts of dfs and dfsadmin',
  () => {
    const world = new ClusterPerTest('hdfs-texts', () =>
      [...FILES, ...DATA].map((name) => [name, readTestSource(MODULE, name)] as const),
    );
    let cases: readonly CliCase[];
    let left: readonly CliCase[];

    beforeAll(() => {
      const all = FILES.flatMap((file) => readCliTexts(MODULE, file));
      const isLeft = ({ description }: CliCase): boolean => LEFT_OUT.some(([start]) => description.startsWith(start));
      cases = all.filter((each) => !isLeft(each));
      left = all.filter(isLeft);
    });

    const start = async (name: string, maker: Maker): Promise<MixedCluster> => {
      return world.start(name, { makers: [maker, maker], keys: KEYS });
    };
    const wrongBy = (shell: CliShell, { uri }: MixedCluster, of: readonly CliCase[]): Promise<string[]> =>
      differing(of, shell, { uri, data: world.directory });

    test('no case is left out without need', () => {
      expect(LEFT_OUT.filter(([beginning]) => !left.some(({ description }) => description.startsWith(beginning)))).toEqual([]);
      expect(cases.length).toBeGreaterThan(640);
    });

    test('hold for our commands on our cluster', { timeout: LIMIT_MS }, async () => {
      const nodes = await start('ours', 'ours');
      expect(await wrongBy(ourShell(nodes.client, world.directory), nodes, cases)).toEqual([]);
    });

    test('hold for our commands on Apache’s cluster', { timeout: LIMIT_MS }, async () => {
      const nodes = await start('apache', 'apache');
      // Cases lean on what those before them left behind: the first ones, not some of all.
      const some = cases.slice(0, FIRST_CASES);
      expect(await wrongBy(ourShell(nodes.client, world.directory), nodes, some)).toEqual([]);
    });

    test('hold for Apache’s shell on our cluster, as Hadoop’s own helper sees it', { timeout: LIMIT_MS }, async () => {
      const nodes = await start('helper', 'ours');
      const { stdout } = await runJava('CliTexts.java', nodes.client, [nodes.uri, ...FILES], {
        input: left.map(({ description }) => description).join('\n'),
        javaOptions: [`-Dtest.cache.data=${world.directory}`],
        jars: 'tools',
        cwd: world.directory,
        timeoutMs: LIMIT_MS,
      });
      expect(stdout.trimEnd()).toBe(`${cases.length} held, 0 did not`);
    });
  },
  'tools',
);
