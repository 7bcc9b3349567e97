// The small commands of an administrator, ours beside Apache's, on Apache's NameNode and on ours. If this fails, a script that
// reads what one of them prints, or ends with, does something else here.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHdfs } from '../../src/cli/hdfs/hdfs.ts';
import { testTerminal } from '../../src/cli/testing.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { describeWithApache, ours, writeConfiguration } from './apache.ts';
import { type Maker, MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const LIMIT_MS = 600_000;
const host = nodeHost({ logLevel: 'silent' });

/** Both answer these alike, whoever the NameNode is. */
const EVERYWHERE = [
  'lsSnapshottableDir',
  'lsSnapshottableDir x',
  'lsSnapshot /',
  'lsSnapshot /d',
  'lsSnapshot /d/b',
  'lsSnapshot /none',
  'lsSnapshot',
  'snapshotDiff /d/b s1 s2',
  'snapshotDiff /d/b .snapshot/s2 /.snapshot/s1',
  'snapshotDiff /d/b s1 .',
  'snapshotDiff /d/b s1 none',
  'snapshotDiff /d . .',
  'snapshotDiff / . .',
  'snapshotDiff /none a b',
  'snapshotDiff /d',
  'dfsadmin -rollingUpgrade',
  'dfsadmin -rollingUpgrade query',
  'dfsadmin -rollingUpgrade finalize',
  'dfsadmin -rollingUpgrade now',
  'dfsadmin -rollingUpgrade query now',
  'dfsadmin -provisionSnapshotTrash -all',
  'dfsadmin -provisionSnapshotTrash /d',
  'dfsadmin -provisionSnapshotTrash /none',
  'dfsadmin -provisionSnapshotTrash',
  'cacheadmin -listPools',
  'cacheadmin -listPools -stats',
  'cacheadmin -listPools two',
  'cacheadmin -listPools a b',
  'cacheadmin -listDirectives',
  'cacheadmin -listDirectives -stats',
  'cacheadmin -listDirectives -pool one',
  'cacheadmin -listDirectives -path /d/b -stats',
  'cacheadmin -listDirectives -id x',
  'cacheadmin -listDirectives -id',
  'cacheadmin -listDirectives x',
  'crypto -listZones',
  'crypto -listZones x',
  'crypto -listReencryptionStatus',
  'crypto -getFileEncryptionInfo -path /d',
  'crypto -getFileEncryptionInfo -path /none',
  'crypto -getFileEncryptionInfo -path /d more',
  'crypto -getFileEncryptionInfo',
  'groups',
  'groups root nobody-there',
  'getconf -confKey dfs.replication',
  'getconf -confKey no.such.key',
  'getconf -confKey',
  'getconf -confKey a b',
  'getconf -namenodes',
  'getconf -NAMENODES',
  'getconf -namenodes x',
  'getconf -secondaryNameNodes',
  'getconf -backupNodes',
  'getconf -journalNodes',
  'getconf -includeFile',
  'getconf -excludeFile',
  'getconf -nnRpcAddresses',
  'storagepolicies -listPolicies',
];

describeWithApache('the tools of an administrator', () => {
  let directory: string;
  let apache: Resident;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-admin-tools-'));
    apache = new Resident(directory);
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  interface Told {
    readonly code: number;
    readonly stdout: string;
    /** What is said of a failure; usages are in words of our own. */
    readonly reason: string;
  }

  const told = (code: number, stdout: string, stderr: string): Told => {
    const [first = ''] = stderr.split('\n').filter((line) => !/^(?:Usage|usage|\d{4}-)/.test(line));
    return { code, stdout, reason: code === 0 ? '' : first };
  };
  const mine = async (conf: string, words: readonly string[]): Promise<Told> => {
    const terminal = testTerminal(directory);
    const localTime = (ms: number) => {
      const at = new Date(ms);
      const date = { year: at.getFullYear(), month: at.getMonth() + 1, day: at.getDate(), weekday: at.getDay(), zone: 'UTC' };
      return { ...date, hour: at.getHours(), minute: at.getMinutes(), second: at.getSeconds() };
    };
    const code = await runHdfs('hdfs', () => host, { ...terminal, localTime }, ['--config', conf, ...words]);
    return told(code, terminal.stdout.take(), terminal.stderr.take());
  };
  const theirs = async (conf: string, [command = '', ...words]: readonly string[]): Promise<Told> => {
    const { code, stdout, stderr } = await apache.run(conf, command, words);
    return told(code, stdout, stderr);
  };

  const on = async (maker: Maker, use: (cluster: MixedCluster) => Promise<void>): Promise<void> => {
    // Apache's answers about directives wait until they have been looked at once more.
    const keys: Readonly<Record<string, string>> =
      maker === 'apache' ? { 'dfs.namenode.path.based.cache.refresh.interval.ms': '500' } : {};
    const cluster = await MixedCluster.start({ directory: join(directory, maker), apache, makers: [maker], keys });
    try {
      await apache.must(cluster.client, 'dfs', ['-mkdir', '-p', '/d/b']);
      await use(cluster);
    } finally {
      await cluster.stop();
    }
  };

  const differing = async (conf: string): Promise<unknown[]> => {
    const wrong: unknown[] = [];
    for (const line of EVERYWHERE) {
      const words = line.split(' ');
      const [a, b] = [await mine(conf, words), await theirs(conf, words)];
      if (JSON.stringify(a) !== JSON.stringify(b)) wrong.push({ line, mine: a, theirs: b });
    }
    return wrong;
  };

  test('say the same on Apache’s NameNode, which has pools, directives and snapshots', { timeout: LIMIT_MS }, async () => {
    await on('apache', async (cluster) => {
      const { client } = cluster;
      for (const line of [
        'cacheadmin -addPool one -mode 0750 -limit 1000000 -maxTtl 3d',
        'cacheadmin -addPool two -owner alice -group staff',
        'cacheadmin -addDirective -path /d/b -pool two',
        'cacheadmin -addDirective -path /d -pool one -replication 2 -ttl never',
        'dfsadmin -allowSnapshot /d/b',
        'dfsadmin -allowSnapshot /d',
        'dfs -createSnapshot /d/b s1',
        'dfs -mkdir /d/b/new /d/b/old',
        'dfs -createSnapshot /d/b s2',
        'dfs -mv /d/b/old /d/b/older',
        'dfs -rmdir /d/b/new',
      ]) {
        const [command = '', ...words] = line.split(' ');
        // A directive below another one is refused until the tree is known to be no part of it; -force is for limits.
        await apache.run(client, command, words);
      }
      expect((await theirs(client, ['cacheadmin', '-listPools'])).stdout).toContain('Found 2 results.');
      expect(await differing(client)).toEqual([]);
      // Beans: the attributes that a JVM tells of itself, and the page of the NameNode.
      const names = ({ stdout }: Told): string[] => [
        ...new Set([...stdout.matchAll(/^(tag\.[\w.]+|[A-Z]\w*)=/gm)].map(([, name]) => name ?? '')),
      ];
      const [all, other] = [await mine(client, ['jmxget']), await theirs(client, ['jmxget'])];
      expect([all.code, other.code]).toEqual([0, 0]);
      expect(names(all).sort()).toEqual(names(other).sort());
      for (const keys of [['FilesTotal', 'NoSuchThing'], ['FSState'], ['NumLiveDataNodes', 'tag.HAState']]) {
        expect(await mine(client, ['jmxget', ...keys])).toEqual(await theirs(client, ['jmxget', ...keys]));
      }
      await fetched(cluster);
    });
  });

  /** -fetchImage brings the same file for both. */
  async function fetched({ client }: MixedCluster): Promise<void> {
    const [a, b] = ['mine', 'theirs'].map((name) => join(directory, name));
    for (const each of [a, b]) mkdirSync(each as string);
    expect(await mine(client, ['dfsadmin', '-fetchImage', a as string])).toEqual({ code: 0, stdout: '', reason: '' });
    await apache.must(client, 'dfsadmin', ['-fetchImage', b as string]);
    const digests = [a, b].map((where) =>
      readdirSync(where as string).map((name) => [
        name,
        createHash('md5')
          .update(readFileSync(join(where as string, name)))
          .digest('hex'),
      ]),
    );
    expect(digests[0]).toHaveLength(1);
    expect(digests[0]).toEqual(digests[1]);
    const file = join(directory, 'image-file');
    expect(await mine(client, ['dfsadmin', '-fetchImage', file])).toMatchObject({ code: 0 });
    expect(existsSync(`${file}.part`)).toBe(false);
    expect(createHash('md5').update(readFileSync(file)).digest('hex')).toBe(digests[0]?.[0]?.[1]);
    expect(await mine(client, ['dfsadmin', '-fetchImage'])).toMatchObject({ code: 255 });
    for (const each of [a, b]) rmSync(each as string, { recursive: true });
  }

  test('say the same on our NameNode, which has none of them', { timeout: LIMIT_MS }, async () => {
    await on('ours', async (cluster) => {
      const { client } = cluster;
      expect(await differing(client)).toEqual([]);
      const all = await mine(client, ['jmxget']);
      expect(all).toMatchObject({ code: 0, stdout: expect.stringMatching(/^FilesTotal=3$/m) });
      expect(await mine(client, ['jmxget', 'FSState', 'NoSuchThing'])).toMatchObject({
        stdout: 'FSState=Operational\nNoSuchThing=\n',
      });
      expect(await mine(client, ['jmxget', '-server', '127.0.0.1', '-port', '1'])).toMatchObject({ code: 255 });
      await fetched(cluster);
    });
  });

  test('read configurations with several nameservices alike', async () => {
    const conf = writeConfiguration(join(directory, 'federated'), {
      'fs.defaultFS': 'hdfs://one',
      'dfs.nameservices': 'one,two',
      'dfs.ha.namenodes.two': 'a,b',
      'dfs.namenode.rpc-address.one': '127.0.0.1:21001',
      'dfs.namenode.rpc-address.two.a': '127.0.0.1:21002',
      'dfs.namenode.rpc-address.two.b': '127.0.0.1:21003',
      'dfs.namenode.secondary.http-address.one': '127.0.0.1:21004',
      'dfs.hosts': '/etc/hosts.allowed',
    });
    for (const line of EVERYWHERE.filter((each) => each.startsWith('getconf'))) {
      expect([line, await mine(conf, line.split(' '))]).toEqual([line, await theirs(conf, line.split(' '))]);
    }
  });

  test('that need no cluster end well', async () => {
    expect(await ours('hdfs', ['classpath'])).toEqual({ code: 0, stdout: '\n', stderr: '' });
    expect(await ours('hdfs', ['version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Hadoop 3\.5\.0\n/) });
    expect(await ours('hdfs', ['envvars'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^HADOOP_CONF_DIR='/m) });
    expect(await ours('hdfs', ['nothing'])).toMatchObject({ code: 1 });
  });
});
