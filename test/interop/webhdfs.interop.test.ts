// WebHDFS of both makers, asked alike. If this fails, a WebHDFS client sees another answer of ours than of Hadoop's, or
// Hadoop's own shell cannot work through our web servers.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache } from './apache.ts';
import { linesUpTo, missingIn, writeAudit } from './support/audit-lines.ts';
import { askAsBrowser, BROWSER_KEYS, browserRequests } from './support/browser-table.ts';
import { startHttpFs } from './support/httpfs.ts';
import { compareHttpFs, httpFsRequests, randomHttpFsRequests } from './support/httpfs-table.ts';
import { MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';
import { compareWebHdfs } from './support/webhdfs-compare.ts';
import { randomRequests } from './support/webhdfs-random.ts';
import { send, type WebRequest, webRequests } from './support/webhdfs-table.ts';
import { wrongRequests } from './support/webhdfs-wrong.ts';
import { compareWhoAsks, STRICT_KEYS } from './support/who-asks.ts';

const ME = userInfo().username;
/** Of the random requests; other ones, and more of them: TUSKFS_SEED, TUSKFS_STEPS. */
const SEED = Number(process.env.TUSKFS_SEED ?? 20261129);
const STEPS = Number(process.env.TUSKFS_STEPS ?? 1500);
const KEYS = {
  ...BROWSER_KEYS,
  'dfs.replication': '1',
  'hdfs.audit.logger': 'INFO,console',
  'dfs.datanode.hostname': '127.0.0.1',
  // For HttpFS, which acts for whoever asks.
  [`hadoop.proxyuser.${ME}.hosts`]: '*',
  [`hadoop.proxyuser.${ME}.users`]: '*',
};

/** User, command and its words. */
const AUDITED_COMMANDS: readonly (readonly [user: string, command: string, ...args: readonly string[]])[] = [
  [ME, 'fsck', '/'],
  ['ann', 'fsck', '/'],
  [ME, 'fsck', '/none', '-files', '-blocks'],
  [ME, 'fsck', '-list-corruptfileblocks'],
  ['ann', 'fsck', '-list-corruptfileblocks'],
  [ME, 'fsck', '-blockId', 'blk_1'],
  ...[ME, 'ann'].flatMap((user) =>
    [
      ['-report'],
      ['-saveNamespace'],
      ['-rollEdits'],
      ['-refreshNodes'],
      ['-safemode', 'get'],
      ['-safemode', 'enter'],
      ['-safemode', 'leave'],
      ['-restoreFailedStorage', 'check'],
      ['-restoreFailedStorage', 'true'],
      ['-finalizeUpgrade'],
      ['-rollingUpgrade', 'query'],
      ['-setBalancerBandwidth', '1000000'],
      ['-listOpenFiles'],
      ['-listOpenFiles', '-path', '/h'],
      ['-metasave', 'meta'],
      ['-printTopology'],
      ['-setQuota', '1000000', '/'],
      ['-clrQuota', '/'],
      ['-setSpaceQuota', '1g', '/none'],
    ].map((args) => [user, 'dfsadmin', ...args] as const),
  ),
  [ME, 'storagepolicies', '-listPolicies'],
  [ME, 'storagepolicies', '-getStoragePolicy', '-path', '/'],
  ['ann', 'storagepolicies', '-satisfyStoragePolicy', '-path', '/'],
  [ME, 'cacheadmin', '-listPools'],
  [ME, 'cacheadmin', '-listDirectives', '-path', '/a', '-pool', 'p'],
  ['ann', 'crypto', '-listZones'],
  [ME, 'ec', '-getPolicy', '-path', '/none'],
  [ME, 'lsSnapshottableDir'],
];

/** Lines of either maker that the other has otherwise, or not at all. */
const UNLIKE_LINES: readonly { readonly line: RegExp; readonly why: string }[] = [
  { line: /\tcmd=(quotaUsage|computeSnapshotDiff)\t/, why: 'answered otherwise: see COMPATIBILITY.md' },
  { line: /\tcmd=(dis)?allowSnapshot\t/, why: 'snapshots are not built' },
  { line: /\tcmd=setTimes\tsrc=\/h\/none\t/, why: 'answered otherwise: Hadoop’s fails with a NullPointerException' },
  { line: /\tsrc=\/user\b/, why: 'Hadoop’s WebHDFS asks for trash roots by RPC, and for encryption zones with them' },
  { line: /\tcmd=listEncryptionZones\t/, why: 'the same' },
  { line: /\t(src|dst)=\S*\.\./, why: 'Hadoop’s web server leaves /webhdfs' },
  { line: /\tugi=(a\/b|a|\0|\\u0000|\s*) \(auth:PROXY\)/, why: 'what a name may hold: it is escaped, and ends at a slash' },
  { line: /\tcmd=rename\tsrc=\S+\tdst=\/h\/?\t/, why: 'a slash at the end of a destination is taken off' },
];

describeWithApache('WebHDFS', () => {
  let directory: string;
  let apache: Resident;
  let theirs: MixedCluster | undefined;
  let ours: MixedCluster | undefined;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-webhdfs-'));
    apache = new Resident(directory);
    theirs = await MixedCluster.start({ directory: join(directory, 'a'), apache, makers: ['apache', 'apache'], keys: KEYS });
    ours = await MixedCluster.start({ directory: join(directory, 'u'), apache, makers: ['ours', 'ours'], keys: KEYS });
    await writeAudit(webPort(theirs));
  }, 600_000);
  afterAll(async () => {
    await ours?.stop();
    await theirs?.stop();
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const webPort = (cluster: MixedCluster | undefined): number => (cluster?.basePort ?? 0) + 1;
  const rootNames = async (port: number): Promise<readonly string[]> => {
    const { body } = await send(port, { method: 'GET', path: '/', query: `op=LISTSTATUS&user.name=${ME}` });
    return JSON.parse(body).FileStatuses.FileStatus.map(({ pathSuffix }: { readonly pathSuffix: string }) => pathSuffix);
  };
  const removal = (name: string): WebRequest => ({
    method: 'DELETE',
    path: `/${encodeURIComponent(name)}`,
    query: `op=DELETE&recursive=true&user.name=${ME}`,
  });
  const compared = (requests: readonly WebRequest[]) => compareWebHdfs(webPort(theirs), webPort(ours), requests);

  test('every operation, right and wrong, is answered alike', async () => {
    const { different, refused } = await compared(webRequests(ME));
    expect(different).toEqual([]);
    expect([...refused].filter((op) => /^(OPEN|CREATE|APPEND|MKDIRS|DELETE|LISTSTATUS)$/.test(op))).toEqual([]);
  }, 600_000);

  test('wrong parameters and hostile paths are answered alike', async () => {
    const { different } = await compared(wrongRequests(ME));
    if (process.env.TUSKFS_DIFFERENT !== undefined) {
      writeFileSync(process.env.TUSKFS_DIFFERENT, JSON.stringify(different, undefined, 1));
    }
    expect(different).toEqual([]);
  }, 600_000);

  test('what was asked is in the audit log alike, and so are the commands of Hadoop’s administrators', async () => {
    const written = async (cluster: MixedCluster | undefined, log: () => string): Promise<readonly string[]> => {
      if (cluster === undefined) throw new Error('the cluster did not start');
      for (const [user, command, ...args] of AUDITED_COMMANDS) await apache.run(cluster.client, command, args, { user });
      await send(webPort(cluster), { method: 'GET', path: '/the-last-line', query: 'op=GETFILESTATUS' });
      const lines = await linesUpTo('src=/the-last-line', log);
      // From the first request on: what starts a cluster asks, too.
      const begin = lines.findIndex((line) => line.endsWith('proto=webhdfs'));
      return lines.slice(begin).filter((line) => !UNLIKE_LINES.some(({ line: one }) => one.test(line)));
    };
    const theirLines = await written(theirs, () => apache.log);
    const ourLines = await written(ours, () => ours?.log('nn') ?? '');
    expect(theirLines.length).toBeGreaterThan(1000);
    expect(missingIn(ourLines, theirLines)).toEqual([]);
    expect(missingIn(theirLines, ourLines)).toEqual([]);
    expect(ourLines).toEqual(theirLines);
  }, 120_000);

  test('random requests are answered alike', { timeout: 600_000 }, async () => {
    const { different } = await compared(randomRequests(ME, SEED, STEPS));
    expect(different, `TUSKFS_SEED=${SEED}`).toEqual([]);
  });

  test('pages of other origins may do alike', async () => {
    const different: unknown[] = [];
    for (const request of browserRequests()) {
      // A DataNode's web server is two ports behind the NameNode's.
      const offset = request.on === 'namenode' ? 0 : 2;
      const [a, u] = await Promise.all([
        askAsBrowser(webPort(theirs) + offset, request),
        askAsBrowser(webPort(ours) + offset, request),
      ]);
      if (JSON.stringify(a) !== JSON.stringify(u)) different.push({ request, apache: a, ours: u });
    }
    expect(different).toEqual([]);
  }, 120_000);

  test('who asks is known alike, where a name has to be said and where not', async () => {
    expect(await compareWhoAsks(webPort(theirs), webPort(ours))).toEqual([]);
    const strict = await Promise.all(
      (['apache', 'ours'] as const).map((maker) =>
        MixedCluster.start({
          directory: join(directory, `strict-${maker}`),
          apache,
          makers: [maker],
          keys: { ...KEYS, ...STRICT_KEYS },
        }),
      ),
    );
    try {
      const [a, u] = strict;
      expect(await compareWhoAsks(webPort(a), webPort(u))).toEqual([]);
    } finally {
      for (const cluster of strict) await cluster.stop();
    }
  }, 240_000);

  test('HttpFS of both makers, each before its own cluster, answers alike', async () => {
    const started = (['apache', 'ours'] as const).map((maker) => {
      const keys = {
        'fs.defaultFS': (maker === 'apache' ? theirs : ours)?.uri ?? '',
        'dfs.replication': '1',
        'httpfs.proxyuser.ann.hosts': '*',
        'httpfs.proxyuser.ann.users': 'bob',
      };
      return startHttpFs(maker, join(directory, `httpfs-${maker}`), keys);
    });
    const [a, u] = await Promise.all(started);
    try {
      // What the tests before this one left is not alike where their answers are not.
      for (const cluster of [theirs, ours]) {
        for (const name of await rootNames(webPort(cluster))) await send(webPort(cluster), removal(name));
      }
      const different = await compareHttpFs(a?.port ?? 0, u?.port ?? 0, httpFsRequests(ME));
      if (process.env.TUSKFS_DIFFERENT !== undefined) {
        writeFileSync(process.env.TUSKFS_DIFFERENT, JSON.stringify(different, undefined, 1));
      }
      expect(different).toEqual([]);
      const random = randomHttpFsRequests(ME, SEED, STEPS / 3);
      expect(await compareHttpFs(a?.port ?? 0, u?.port ?? 0, random), `TUSKFS_SEED=${SEED}`).toEqual([]);
      // Hadoop's takes names of parameters in one spelling only.
      expect(await compareWhoAsks(a?.port ?? 0, u?.port ?? 0, (path) => !path.includes('User.Name'))).toEqual([]);
    } finally {
      await Promise.all([a?.stop(), u?.stop()]);
    }
  }, 240_000);

  test('Hadoop’s shell makes, reads, changes and removes a tree through webhdfs:', async () => {
    if (ours === undefined) throw new Error('the cluster did not start');
    const file = join(directory, 'content');
    const content = randomBytes(3 * 1024 * 1024 + 17);
    writeFileSync(file, content);
    const { client } = ours;
    const fs = `webhdfs://127.0.0.1:${webPort(ours)}`;
    const dfs = (...args: string[]) => apache.must(client, 'dfs', ['-fs', fs, ...args]);
    await dfs('-mkdir', '-p', '/w/x y');
    await dfs('-Ddfs.blocksize=1048576', '-put', file, '/w/x y/content');
    expect((await dfs('-cat', '/w/x y/content')).bytes.equals(content)).toBe(true);
    await dfs('-appendToFile', file, '/w/x y/content');
    expect((await dfs('-cat', '/w/x y/content')).bytes.equals(Buffer.concat([content, content]))).toBe(true);
    const sum = (await apache.must(client, 'dfs', ['-checksum', '/w/x y/content'])).stdout.split('\t');
    expect((await dfs('-checksum', '/w/x y/content')).stdout.split('\t').slice(1)).toEqual(sum.slice(1));
    expect((await dfs('-ls', '-R', '/w')).stdout).toMatch(/ 6291490 .* \/w\/x y\/content\n/);
    await dfs('-chmod', '640', '/w/x y/content');
    await dfs('-mv', '/w/x y/content', '/w/moved');
    await dfs('-setrep', '1', '/w/moved');
    expect((await dfs('-du', '/w')).stdout).toContain('6291490');
    expect((await dfs('-count', '/w')).stdout).toMatch(/^ +2 +1 +6291490 \/w/m);
    const missing = await apache.run(client, 'dfs', ['-fs', fs, '-cat', '/none']);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("`/none': No such file or directory")]);
    await dfs('-rm', '-r', '-skipTrash', '/w');
    expect((await apache.run(client, 'dfs', ['-fs', fs, '-test', '-e', '/w'])).code).toBe(1);
  }, 600_000);
});
