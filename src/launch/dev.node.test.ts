// If this failed, the README's first command would not give a cluster that stores files, keeps them over a restart and
// stops when it is told.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHdfs } from '../cli/hdfs/hdfs.ts';
import { testTerminal } from '../cli/testing.ts';
import { runTuskfs } from '../cli/tuskfs.ts';
import { nodeHost } from '../host/node/index.ts';
import { type DevCluster, startDev } from './dev.ts';

const host = nodeHost({ logLevel: 'error' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-dev-'));
const conf = join(directory, 'conf');
let basePort = 0;
let cluster: DevCluster;

const start = (): Promise<DevCluster> => startDev(host, { directory, datanodes: 3, racks: 0, basePort });

async function tuskfs(...args: string[]) {
  const terminal = testTerminal(directory);
  const code = await runTuskfs(() => host, terminal, ['--config', conf, ...args]);
  return { code, out: terminal.stdout.take(), err: terminal.stderr.take() };
}

async function hdfs(...args: string[]) {
  const terminal = testTerminal(directory, 'from stdin\n');
  const code = await runHdfs('hdfs', () => host, terminal, ['--config', conf, ...args]);
  return { code, out: terminal.stdout.take(), err: terminal.stderr.take() };
}

beforeAll(async () => {
  // Below the range that outgoing connections take their ports from; where one is taken, another run of ports is tried.
  for (let tries = 0; ; tries++) {
    basePort = 12_000 + host.random.below(20_000);
    try {
      cluster = await start();
      return;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('a file goes in, is listed, comes out and goes to the trash', async () => {
  const content = 'x'.repeat(300_000);
  writeFileSync(join(directory, 'file'), content);
  expect(await tuskfs('mkdir', '-p', '/a/b')).toMatchObject({ code: 0, err: '' });
  expect(await tuskfs('put', 'file', '/a/b/')).toMatchObject({ code: 0, err: '' });
  const listed = await tuskfs('ls', '/a/b');
  expect(JSON.parse(listed.out)).toMatchObject({ path: '/a/b/file', size: 300_000, replication: 3 });
  expect((await tuskfs('cat', '/a/b/file')).out).toBe(content);
  expect(await tuskfs('get', '/a/b/file', 'copy')).toMatchObject({ code: 0, err: '' });
  expect(readFileSync(join(directory, 'copy'), 'utf8')).toBe(content);
  // The sums that Hadoop's shell leaves on demand are not asked for.
  expect(existsSync(join(directory, '.copy.crc'))).toBe(false);
  expect((await tuskfs('--no-json', 'tree', '/a')).out).toBe('/a\n└── b\n    └── file  293K\n\n1 directory, 1 file\n');
  const removed = JSON.parse((await tuskfs('rm', '/a/b/file')).out) as { readonly trashPath: string };
  expect(removed.trashPath).toContain('/.Trash/Current/a/b/file');
  expect((await tuskfs('mv', removed.trashPath, '/a/b/file')).code).toBe(0);
});

test('failures say what, why and what to do, and the exit code says which kind', async () => {
  expect(await tuskfs('cat', '/none')).toMatchObject({ code: 3, out: '' });
  expect(await tuskfs('ls', '/a', '/none')).toMatchObject({ code: 6 });
  expect((await tuskfs('frobnicate')).code).toBe(2);
  expect((await tuskfs('put', 'file')).code).toBe(2);
  expect((await tuskfs('put', 'file', '/a/b/file')).err).toContain('add -f to replace it');
  const denied = await tuskfs('--user', 'nobody', 'mkdir', '/mine');
  expect(denied.code).toBe(4);
  expect(denied.err).toMatch(/Permission denied: user=nobody.*\n {2}fix /);
});

test('Hadoop’s shell works on it, too', async () => {
  expect(await hdfs('dfs', '-put', '-', '/stdin')).toEqual({ code: 0, out: '', err: '' });
  expect((await hdfs('dfs', '-cat', '/stdin')).out).toBe('from stdin\n');
  expect((await hdfs('dfs', '-ls', '/a')).out).toMatch(
    /^Found 1 items\ndrwxr-xr-x {3}- \S+ supergroup {10}0 1970-01-01 00:00 \/a\/b\n$/,
  );
  expect((await hdfs('dfs', '-ls', '/none')).err).toBe("ls: `/none': No such file or directory\n");
  expect((await hdfs('dfsadmin', '-safemode', 'get')).out).toBe('Safe mode is OFF\n');
  expect((await hdfs('dfsadmin', '-report')).out).toContain('Live datanodes (3):');
  expect((await hdfs('getconf', '-confKey', 'dfs.replication')).out).toBe('3\n');
});

test('lists and attributes are set, shown and kept by a copy', async () => {
  const done = { code: 0, out: '', err: '' };
  expect(await hdfs('dfs', '-touchz', '/listed')).toEqual(done);
  expect(await hdfs('dfs', '-setfacl', '-m', 'user:bob:rwx,mask::r--', '/listed')).toEqual(done);
  expect(await hdfs('dfs', '-setfattr', '-n', 'user.origin', '-v', '0x00ff', '/listed')).toEqual(done);
  expect(await hdfs('dfs', '-cp', '-ptopax', '/listed', '/copied')).toEqual(done);
  expect((await hdfs('dfs', '-getfacl', '/copied')).out).toMatch(
    /^# file: \/copied\n# owner: \S+\n# group: \S+\nuser::rw-\nuser:bob:rwx\t#effective:r--\ngroup::r--\nmask::r--\nother::r--\n\n$/,
  );
  expect((await hdfs('dfs', '-getfattr', '-d', '-e', 'hex', '/copied')).out).toBe('# file: /copied\nuser.origin=0x00ff\n');
  expect((await hdfs('dfs', '-ls', '/copied')).out).toMatch(/^-rw-r--r--\+ /);
  const wrong = await hdfs('dfs', '-setfattr', '-n', 'origin', '/copied');
  expect([wrong.code, wrong.err.split('\n')[0]]).toEqual([
    255,
    "-setfattr: An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.'",
  ]);
  const acl = JSON.parse((await tuskfs('acl', 'modify', 'user:bob:r--', '/copied')).out) as { readonly entries: string[] };
  expect(acl.entries).toContain('user:bob:r--');
  expect((await tuskfs('acl', 'set', 'nonsense', '/copied')).code).toBe(2);
  expect((await tuskfs('--no-json', 'acl', 'clear', '/copied')).out).toMatch(
    / {2}user::rw-\n {2}group::r--\n {2}other::r--\n$/,
  );
  expect(JSON.parse((await tuskfs('xattr', 'set', 'user.note=two words', '/copied')).out)).toEqual({
    path: '/copied',
    xattrs: { 'user.note': Buffer.from('two words').toString('base64') },
  });
  expect((await tuskfs('xattr', 'rm', 'user.none', '/copied')).code).toBe(1);
  expect((await tuskfs('--no-json', 'xattr', 'get', '/copied')).out).toContain('  user.origin=0x00ff\n');
});

test('groups are told, and read again', async () => {
  expect((await hdfs('groups', 'nobody.here')).out).toBe('nobody.here :\n');
  expect((await hdfs('dfsadmin', '-refreshUserToGroupsMappings')).out).toBe('Refresh user to groups mapping successful\n');
  expect((await hdfs('dfsadmin', '-refreshSuperUserGroupsConfiguration')).out).toBe(
    'Refresh super user groups configuration successful\n',
  );
  expect(await hdfs('dfsadmin', '-refreshServiceAcl')).toEqual({
    code: 255,
    out: '',
    err: 'refreshServiceAcl: Service Level Authorization not enabled!\n',
  });
});

test('monitoring reads it', async () => {
  const answer = await host.http.request(
    `${cluster.webUri.replace('localhost', '127.0.0.1')}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`,
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  const { beans } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
    readonly beans: readonly Record<string, unknown>[];
  };
  expect(beans[0]).toMatchObject({ FSState: 'Operational', NumLiveDataNodes: 3 });
});

test('a second cluster on the same ports says which one is taken', async () => {
  await expect(startDev(host, { directory: `${directory}/other`, datanodes: 1, racks: 0, basePort })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: expect.stringMatching(/^port \d+ on 127\.0\.0\.1 is taken/),
  });
});

test('files are there after a restart', async () => {
  await cluster.stop();
  cluster = await start();
  expect(cluster.formatted).toBe(false);
  expect((await tuskfs('cat', '/stdin')).out).toBe('from stdin\n');
  expect((await tuskfs('cat', '/a/b/file')).out).toHaveLength(300_000);
});
