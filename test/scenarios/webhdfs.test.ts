// If this fails, files written or read over HTTP lose bytes, a client that goes away leaves a file that nobody may write to,
// or a DataNode connects to whatever NameNode a stranger names.
import { expect, test } from 'vitest';
import { SimCluster } from '../../sim/cluster.ts';
import type { Host, HttpClientRequest, HttpClientResponse } from '../../src/host/host.ts';

const LIMIT_MS = 300_000;
const NAMENODE = 'http://nn:9870/webhdfs/v1';

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly body: Buffer;
}

async function collected(response: HttpClientResponse): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return { status: response.status, location: String(response.headers.location ?? ''), body: Buffer.concat(chunks) };
}

async function stage(keys = {}) {
  const cluster = new SimCluster({ seed: 11, dataNodes: 2, clients: 1, keys: { 'dfs.replication': 2, ...keys } });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await cluster.simulation.run(cluster.connect(machine), LIMIT_MS);
  const host: Host = machine.host;
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  await run(client.chmod('/', 0o777));
  const ask = (url: string, options: HttpClientRequest = {}): Promise<Answer> =>
    run(host.http.request(url, options).then(collected));
  /** As a client of WebHDFS: the body goes where it is sent. */
  const follow = async (url: string, options: HttpClientRequest = {}): Promise<Answer> => {
    const first = await ask(url, options.method === undefined ? {} : { method: options.method });
    expect(first.status).toBe(307);
    return ask(first.location, options);
  };
  return { cluster, client, host, run, ask, follow };
}

const content = Buffer.from(Array.from({ length: 100_003 }, (_, i) => (i * 7 + (i >> 8)) & 255));

async function* inPieces(bytes: Buffer, piece: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

test('a file goes out and comes back over HTTP, whole and in parts', async () => {
  const { client, run, ask, follow } = await stage();
  const made = await follow(`${NAMENODE}/f?op=CREATE&user.name=alice&permission=600`, {
    method: 'PUT',
    body: inPieces(content, 1_713),
  });
  expect([made.status, made.location]).toEqual([201, 'hdfs://nn:8020/f']);
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
  expect((await run(client.stat('/f'))).mode & 0o777).toBe(0o600);
  const added = await follow(`${NAMENODE}/f?op=APPEND&user.name=alice`, { method: 'POST', body: inPieces(content, 999) });
  expect(added.status).toBe(200);
  const whole = Buffer.concat([content, content]);
  expect((await follow(`${NAMENODE}/f?op=OPEN&user.name=alice`)).body.equals(whole)).toBe(true);
  for (const [offset, length] of [
    [0, 1],
    [16_383, 2],
    [100_000, 50_000],
    [200_005, 10],
  ] as const) {
    const part = await follow(`${NAMENODE}/f?op=OPEN&user.name=alice&offset=${offset}&length=${length}`);
    expect(part.body.equals(whole.subarray(offset, offset + length)), `${offset}+${length}`).toBe(true);
  }
  const refused = await follow(`${NAMENODE}/f?op=CREATE&user.name=alice`, { method: 'PUT', body: inPieces(content, 1_000) });
  expect([refused.status, JSON.parse(refused.body.toString()).RemoteException.exception]).toEqual([
    403,
    'FileAlreadyExistsException',
  ]);
  expect((await ask(`${NAMENODE}/f?op=OPEN&user.name=bob`)).status).toBe(403);
});

test('an upload that breaks off leaves a closed file, which the next one may replace at once', async () => {
  const { client, run, ask, follow } = await stage();
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, 20_000);
    throw new Error('the client is gone');
  }
  const { location } = await ask(`${NAMENODE}/g?op=CREATE&user.name=alice&overwrite=true`, { method: 'PUT' });
  const first = await ask(location, { method: 'PUT', body: broken() });
  expect(first.status).toBe(403);
  expect(await run(client.isFileClosed('/g'))).toBe(true);
  expect((await run(client.readFile('/g'))).equals(content.subarray(0, 20_000))).toBe(true);
  const second = await follow(`${NAMENODE}/g?op=CREATE&user.name=alice&overwrite=true`, {
    method: 'PUT',
    body: inPieces(content, 5_000),
  });
  expect(second.status).toBe(201);
  expect((await run(client.readFile('/g'))).equals(content)).toBe(true);
});

test('a DataNode serves the NameNodes of its configuration only', async () => {
  const { client, run, ask } = await stage();
  await run(client.writeFile('/f', content));
  const { location } = await ask(`${NAMENODE}/f?op=OPEN`);
  const foreign = await ask(location.replace('namenoderpcaddress=nn:8020', 'namenoderpcaddress=evil:8020'));
  expect(foreign.status).toBe(403);
  expect(foreign.body.toString()).toContain('namenoderpcaddress evil:8020 is no NameNode of this DataNode');
  expect((await ask(location.replace('&namenoderpcaddress=nn:8020', ''))).body.equals(content)).toBe(true);
  // What a NameNode would not send anybody to leads nowhere else, either.
  for (const [op, options] of [
    ['OPEN', {}],
    ['CREATE', { method: 'PUT', body: 'x' }],
    ['APPEND', { method: 'POST', body: 'x' }],
  ] as const) {
    const around = await ask(location.replace('op=OPEN', `op=${op}&user.name=hdfs`).replace('/f?', '/d/..%2ff?'), options);
    expect([around.status, JSON.parse(around.body.toString()).RemoteException.message]).toEqual([
      400,
      'Invalid path name /d/../f',
    ]);
  }
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
  const wrong = await ask(location.replace('op=OPEN', 'op=MKDIRS'));
  expect([wrong.status, wrong.body.toString()]).toEqual([
    400,
    '{"RemoteException":{"exception":"IllegalArgumentException","javaClassName":"java.lang.IllegalArgumentException","message":"Invalid operation MKDIRS"}}',
  ]);
});

test('a long listing comes in pages, and a change answers when it is durable', async () => {
  const { cluster, client, run, ask } = await stage({ 'dfs.ls.limit': 3 });
  for (let i = 0; i < 8; i++) {
    expect((await ask(`${NAMENODE}/d/n${i}?op=MKDIRS&user.name=hdfs`, { method: 'PUT' })).body.toString()).toBe(
      '{"boolean":true}',
    );
  }
  const listed = JSON.parse((await ask(`${NAMENODE}/d?op=LISTSTATUS`)).body.toString());
  expect(listed.FileStatuses.FileStatus.map(({ pathSuffix }: { pathSuffix: string }) => pathSuffix)).toEqual(
    Array.from({ length: 8 }, (_, i) => `n${i}`),
  );
  const page = JSON.parse((await ask(`${NAMENODE}/d?op=LISTSTATUS_BATCH&startafter=n1`)).body.toString()).DirectoryListing;
  expect([page.partialListing.FileStatuses.FileStatus[0].pathSuffix, page.remainingEntries]).toEqual(['n2', 3]);
  cluster.nameNode.crash('power');
  await run(cluster.nameNode.restart());
  expect((await run(client.readdir('/d'))).length).toBe(8);
});
