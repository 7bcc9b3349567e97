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
import { compareHttpFs } from './support/httpfs-table.ts';
import { MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';
import { plain, send, sendAndFollow, type WebAnswer, type WebRequest, webRequests } from './support/webhdfs-table.ts';
import { wrongRequests } from './support/webhdfs-wrong.ts';

const ME = userInfo().username;
const KEYS = {
  ...BROWSER_KEYS,
  'dfs.replication': '1',
  'hdfs.audit.logger': 'INFO,console',
  'dfs.datanode.hostname': '127.0.0.1',
  // For HttpFS, which acts for whoever asks.
  [`hadoop.proxyuser.${ME}.hosts`]: '*',
  [`hadoop.proxyuser.${ME}.users`]: '*',
};

/** Requests that we answer otherwise, each with the reason. */
const DIFFERENT: readonly { readonly query: RegExp; readonly why: string }[] = [
  { query: /op=GETQUOTAUSAGE$/, why: 'Hadoop refuses a count below a sticky directory as it refuses a removal' },
  {
    query: /op=GETSNAPSHOTDIFF(LISTING)?(&user\.name=\w+)?$/,
    why: 'without names of snapshots Hadoop asks for rights over the whole tree, as for its removal',
  },
  { query: /op=(GETLINKTARGET|CREATESYMLINK&destination)/, why: 'symbolic links are refused by name' },
  { query: /(modification|access)time=null/, why: 'Hadoop fails with a NullPointerException' },
];

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

/** Hadoop's DataNodes send a created file's name as it is; we escape what is no ASCII, as HTTP wants it. */
const escaped = (location: string | undefined): string | undefined =>
  plain(location)?.replace(/[\u0080-\uffff]/g, encodeURIComponent);

/** Requests by their paths, too. */
const DIFFERENT_PATHS: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /\.\.\/\.\.|%2e%2e/, why: 'Hadoop’s web server leaves /webhdfs; ours refuses the name, or finds nothing' },
  { path: /%F0%9F|%E2%80/, why: 'Hadoop names the created file with question marks' },
  { path: /(\/p{200}){10}/, why: 'Hadoop’s DataNode refuses so long an address' },
];

const HTML = /^<(html|h1)>/;

/** Hadoop's web server itself answers with a page or nothing, and ours with a message: only that they refuse is alike. */
function isRefusedByServer(a: readonly WebAnswer[], u: readonly WebAnswer[]): boolean {
  const { status, body = '' } = a.at(-1) ?? {};
  return (body === '' || HTML.test(body)) && status === 400 && u.at(-1)?.status === 400;
}

/** Hadoop's DataNodes hand on some classes of exceptions only, and show the others as that of their transport. */
function isUnwrapped(a: readonly WebAnswer[], u: readonly WebAnswer[]): boolean {
  const messageOf = (answers: readonly WebAnswer[]): string =>
    /"message":"(.*)"/.exec(plain(answers.at(-1)?.body) ?? '')?.[1] ?? '';
  return (a.at(-1)?.body ?? '').includes('"org.apache.hadoop.ipc.RemoteException"') && messageOf(a) === messageOf(u);
}

/** Jackson takes the fields of a policy as the JVM happens to list its getters. */
function unordered(body: string | undefined): string | undefined {
  if (body?.startsWith('{"ErasureCodingPolicies":') !== true) return body;
  return body.replace(/"policy":\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g, (policy) => policy.split(/[,{}]/).sort().join());
}

const shown = (answers: readonly WebAnswer[]): readonly unknown[] =>
  answers.map(({ status, type, location, body }) => ({
    status,
    type,
    location: escaped(location),
    body: unordered(plain(body)),
  }));

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
  const isRefused = (answers: readonly WebAnswer[]): boolean =>
    answers.some(({ body }) => body.includes('RpcNoSuchMethodException'));

  const compared = async (requests: readonly WebRequest[]) => {
    const different: unknown[] = [];
    const refused = new Set<string>();
    for (const request of requests) {
      const [a, u] = [await sendAndFollow(webPort(theirs), request), await sendAndFollow(webPort(ours), request)];
      if (DIFFERENT.some(({ query }) => query.test(request.query))) continue;
      if (DIFFERENT_PATHS.some(({ path }) => path.test(request.path))) continue;
      if (isRefusedByServer(a, u) || isUnwrapped(a, u)) continue;
      // What the NameNode refuses by RPC it refuses here; COMPATIBILITY.md lists it.
      if (isRefused(u)) {
        refused.add(/op=(\w+)/.exec(request.query)?.[1] ?? '');
        continue;
      }
      if (JSON.stringify(shown(a)) !== JSON.stringify(shown(u))) {
        different.push({ request: `${request.method} ${request.path}?${request.query}`, apache: shown(a), ours: shown(u) });
      }
    }
    return { different, refused };
  };

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
      const different = await compareHttpFs(a?.port ?? 0, u?.port ?? 0, ME);
      if (process.env.TUSKFS_DIFFERENT !== undefined) {
        writeFileSync(process.env.TUSKFS_DIFFERENT, JSON.stringify(different, undefined, 1));
      }
      expect(different).toEqual([]);
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
