// If these fail, WebHDFS clients that an operator points at an image see another tree than the one that stands in it.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImageSections } from '../../format/fsimage/image-sections.ts';
import type { DiskFile, HttpServer } from '../../host/host.ts';
import { nodeHost } from '../../host/node/index.ts';
import { serveImage } from './image-viewer.ts';

const host = nodeHost({ logLevel: 'silent' });
const GOLDEN = join(import.meta.dirname, '../../../test/golden/formats');
let file: DiskFile;
let server: HttpServer;

async function serve(name: string): Promise<void> {
  file = await host.disk.open(join(GOLDEN, name), 'r');
  const image = await ImageSections.read(file, (await file.stat()).size);
  server = await serveImage(host, image, { host: '127.0.0.1', port: 0 });
}

beforeAll(() => serve('fsimage-core'));
afterAll(async () => {
  await server.close();
  await file.close();
});

async function ask(path: string, method = 'GET'): Promise<{ status: number; type: string | null; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${server.address.port}${path}`, { method });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}
const get = async (path: string, op: string) => JSON.parse((await ask(`/webhdfs/v1${path}?op=${op}`)).text);

test('statuses and listings are those of the image', async () => {
  const { status, type, text } = await ask('/webhdfs/v1/a/one?op=getfilestatus&user.name=bob');
  expect([status, type]).toEqual([200, 'application/json; charset=utf-8']);
  expect(text).toMatch(/^\{"FileStatus":\n\{.*\}\n\}\n$/);
  expect(JSON.parse(text).FileStatus).toEqual({
    pathSuffix: '',
    type: 'FILE',
    length: 10,
    owner: 'alice',
    group: 'users',
    permission: '640',
    accessTime: 1600000001000,
    modificationTime: 1600000000000,
    blockSize: 1048576,
    replication: 3,
    fileId: 16393,
    childrenNum: 0,
  });
  const names = (await get('/', 'LISTSTATUS')).FileStatuses.FileStatus.map((each: { pathSuffix: string }) => each.pathSuffix);
  expect(names).toEqual(['a', 'q', 'user']);
  expect((await get('/a/one', 'LISTSTATUS')).FileStatuses.FileStatus).toHaveLength(1);
  expect((await get('/user/gr%C3%B6%C3%9Fe', 'GETFILESTATUS')).FileStatus).toMatchObject({ type: 'DIRECTORY', childrenNum: 1 });
});

test('pages of a listing go on behind a name, whether it is there or not', async () => {
  const page = async (after: string) => {
    const { DirectoryListing } = await get('/', `LISTSTATUS_BATCH&startAfter=${after}`);
    return [
      DirectoryListing.partialListing.FileStatuses.FileStatus.map((each: { pathSuffix: string }) => each.pathSuffix),
      DirectoryListing.remainingEntries,
    ];
  };
  expect(await page('')).toEqual([['a', 'q', 'user'], 0]);
  expect(await page('a')).toEqual([['q', 'user'], 0]);
  expect(await page('b')).toEqual([['q', 'user'], 0]);
  expect(await page('z')).toEqual([[], 0]);
});

test('lists of access, attributes and sums are those of the image', async () => {
  expect((await get('/a/b', 'GETACLSTATUS')).AclStatus).toMatchObject({
    owner: 'root',
    stickyBit: true,
    entries: expect.arrayContaining(['user:alice:rwx', 'default:other::rwx']),
  });
  expect((await get('/', 'GETXATTRS&encoding=hex')).XAttrs).toEqual([{ name: 'user.root', value: '0x72' }]);
  expect(JSON.parse((await get('/', 'LISTXATTRS')).XAttrNames)).toEqual(['user.root']);
  expect((await get('/', 'GETXATTRS&xattr.name=user.none')).RemoteException).toMatchObject({
    javaClassName: 'org.apache.hadoop.hdfs.protocol.XAttrNotFoundException',
  });
  const { ContentSummary } = await get('/', 'GETCONTENTSUMMARY');
  expect(ContentSummary).toMatchObject({ directoryCount: 10, fileCount: 14, spaceQuota: -1 });
  expect((await ask('/webhdfs/v1/?op=GETCONTENTSUMMARY')).text).toContain('"quota":9223372036854775807');
});

test('what is wrong is told as Apache tells it', async () => {
  const refused = async (path: string) => {
    const { status, text } = await ask(path);
    const { exception, message } = JSON.parse(text).RemoteException;
    return [status, exception, message];
  };
  expect(await refused('/webhdfs/v1/none/x?op=LISTSTATUS')).toEqual([404, 'FileNotFoundException', '/none/x']);
  expect(await refused('/webhdfs/v1/?op=OPEN')).toEqual([
    400,
    'IllegalArgumentException',
    'Invalid value for webhdfs parameter "op"',
  ]);
  expect(await refused('/webhdfs/v1/')).toEqual([400, 'IllegalArgumentException', 'Param op must be specified.']);
  expect(await refused('/other?op=LISTSTATUS')).toEqual([
    404,
    'FileNotFoundException',
    'Path: /other should start with /webhdfs/v1',
  ]);
  expect((await ask('/webhdfs/v1/?op=MKDIRS', 'PUT')).status).toBe(405);
});

test('a compressed image is served as well', async () => {
  await server.close();
  await file.close();
  await serve('fsimage-tokens-compressed');
  expect((await get('/', 'GETFILESTATUS')).FileStatus).toMatchObject({ type: 'DIRECTORY', owner: 'root' });
});
