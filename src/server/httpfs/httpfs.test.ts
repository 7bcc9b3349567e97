// If this failed, clients that reach one port only could not work with files, or would lose bytes there.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';
import { HdfsError } from '../../base/errors.ts';
import { Configuration } from '../../config/configuration.ts';
import type { HttpClientRequest } from '../../host/host.ts';
import { failure } from './answers.ts';
import { HttpFs } from './httpfs.ts';

const LIMIT_MS = 300_000;
/** The gateway's user may act for everybody; ann acts for bob, at the gateway. */
const KEYS = { 'dfs.replication': 2, 'hadoop.proxyuser.gateway.hosts': '*', 'hadoop.proxyuser.gateway.users': '*' };
const BASE = 'http://gateway:14000/webhdfs/v1';
const BYTES = { 'Content-Type': 'application/octet-stream', Host: 'gateway:14000' };

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly cookie: string;
  readonly body: string;
}

async function withGateway(
  more: Readonly<Record<string, string>>,
  use: (ask: (url: string, options?: HttpClientRequest) => Promise<Answer>) => Promise<void>,
): Promise<void> {
  const cluster = new SimCluster({ seed: 4, dataNodes: 2, clients: 1, keys: KEYS });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const gateway = cluster.simulation.node('gateway', { userName: 'gateway' });
  const keys = { 'fs.defaultFS': 'hdfs://nn:8020', 'httpfs.http.hostname': 'gateway', 'dfs.client-write-packet-size': 2048 };
  const httpFs = new HttpFs(gateway.host, Configuration.of({ ...keys, ...more }));
  await run(httpFs.start());
  await use((url, options = {}) =>
    run(
      (async () => {
        const { status, headers, body } = await machine.host.http.request(url, options);
        const chunks: Uint8Array[] = [];
        for await (const chunk of body) chunks.push(chunk);
        const text = (name: string): string => String(headers[name] ?? '');
        return {
          status,
          location: text('location'),
          cookie: text('set-cookie'),
          body: Buffer.concat(chunks).toString('latin1'),
        };
      })(),
    ),
  );
  await run(httpFs.stop());
}

const PUT = { method: 'PUT' } as const;
const messageOf = ({ body }: Answer): string => JSON.parse(body).RemoteException.message;

test('files are made, read, listed and removed through the gateway alone', async () => {
  await withGateway({}, async (ask) => {
    expect((await ask(`${BASE}/d?op=MKDIRS&permission=1777&user.name=hdfs`, PUT)).body).toBe('{"boolean":true}');
    const content = Buffer.from(Array.from({ length: 50_001 }, (_, i) => (i * 13) & 255));
    const first = await ask(`${BASE}/d/f?op=create&noredirect=false&user.name=eve`, { method: 'PUT', headers: BYTES });
    expect(first).toMatchObject({ status: 307, location: `${BASE}/d/f?op=CREATE&user.name=eve&data=true` });
    expect((await ask(first.location, { method: 'PUT', body: content })).status).toBe(400);
    const made = await ask(first.location, { method: 'PUT', headers: BYTES, body: content });
    expect(made).toMatchObject({ status: 201, location: `${BASE}/d/f`, body: `{"Location":"${BASE}/d/f"}` });
    const more = `${BASE}/d/f?op=APPEND&user.name=eve&data=true`;
    expect((await ask(more, { method: 'POST', headers: BYTES, body: content })).status).toBe(200);
    const read = await ask(`${BASE}/d/f?op=OPEN&user.name=eve&offset=50000&length=3`);
    const expected = Buffer.concat([content, content]).subarray(50_000, 50_003).toString('latin1');
    expect([read.status, read.body]).toEqual([200, expected]);
    const listed = async (filter: string): Promise<unknown[]> =>
      JSON.parse((await ask(`${BASE}/d?op=LISTSTATUS&user.name=eve${filter}`)).body).FileStatuses.FileStatus;
    expect(await listed('')).toMatchObject([{ pathSuffix: 'f', length: 100_002, owner: 'eve', permission: '755' }]);
    expect(await listed('&filter=[e-g]')).toHaveLength(1);
    expect(await listed('&filter=g*')).toEqual([]);
    expect(JSON.parse((await ask(`${BASE}/d/f?op=GETFILECHECKSUM&user.name=eve`)).body).FileChecksum.length).toBe(28);
    expect((await ask(`${BASE}/d/f?op=DELETE&user.name=bob`, { method: 'DELETE' })).status).toBe(500);
    expect((await ask(`${BASE}/d/f?op=DELETE&user.name=eve`, { method: 'DELETE' })).body).toBe('{"boolean":true}');
    expect((await ask(`${BASE}/d/f?op=OPEN&user.name=eve`)).status).toBe(404);
  });
});

test('nobody is served under no name, by a token, or for another whom they may not act for', async () => {
  const keys = { 'httpfs.proxyuser.ann.hosts': '*', 'httpfs.proxyuser.ann.users': 'bob' };
  await withGateway(keys, async (ask) => {
    expect((await ask(`${BASE}/?op=LISTSTATUS`)).status).toBe(401);
    expect((await ask('http://gateway:14000/jmx')).status).toBe(401);
    expect((await ask('http://gateway:14000/jmx?user.name=ann')).status).toBe(200);
    expect((await ask('http://gateway:14000/healthz')).status).toBe(200);
    // The name need not be said again, and no other is taken for it.
    const [cookie] = (await ask(`${BASE}/?op=GETHOMEDIRECTORY&user.name=ann`, { method: 'OPTIONS' })).cookie.split(';');
    const known = await ask(`${BASE}/?op=GETHOMEDIRECTORY&user.name=eve`, { headers: { cookie: cookie ?? '' } });
    expect([known.body, known.cookie]).toEqual(['{"Path":"/user/ann"}', '']);
    const beyond = await ask(`${BASE}/x?op=CREATESYMLINK&destination=/y`, { ...PUT, headers: { cookie: cookie ?? '' } });
    expect(beyond.body).not.toContain('user.name');
    expect(beyond.body).toContain('UnsupportedOperationException');
    expect((await ask(`${BASE}/?op=LISTSTATUS&user.name=hdfs&delegation=x`)).status).toBe(403);
    const home = await ask(`${BASE}/?op=GETHOMEDIRECTORY&user.name=ann&doas=bob`);
    expect(home.body).toBe('{"Path":"/user/bob"}');
    const refused = await ask(`${BASE}/?op=GETHOMEDIRECTORY&user.name=bob&doas=ann`);
    expect([refused.status, messageOf(refused)]).toEqual([403, 'User: bob is not allowed to impersonate ann']);
    // The NameNode hears of bob, not of ann or of who runs the gateway.
    const denied = await ask(`${BASE}/x?op=MKDIRS&user.name=ann&doas=bob`, PUT);
    expect([denied.status, messageOf(denied)]).toEqual([500, expect.stringContaining('Permission denied: user=bob,')]);
  });
});

test('mistakes are told in the words of a gateway, and a path leads nowhere else', async () => {
  await withGateway({}, async (ask) => {
    const told = async (path: string, query: string, options?: HttpClientRequest) => {
      const answer = await ask(`${BASE}${path}?user.name=hdfs${query}`, options);
      return [answer.status, messageOf(answer)];
    };
    expect(await told('/', '')).toEqual([400, 'Missing Operation parameter [op]']);
    expect(await told('//a/b', '&op=MKDIRS', PUT)).toEqual([400, expect.stringContaining('Wrong FS: hdfs://a/b')]);
    expect(await told('//a', '&op=GETHOMEDIRECTORY')).toEqual([400, expect.stringContaining('Wrong FS: hdfs://a')]);
    expect(await told('/a//b', '&op=GETHOMEDIRECTORY')).toEqual([400, expect.stringContaining('invalid path [/a//b]')]);
    expect((await ask(`${BASE}/none?op=GETTRASHROOT&user.name=eve`)).body).toBe('{"Path":"/user/eve/.Trash"}');
    expect((await ask(`${BASE}/?op=GETHOMEDIRECTORY&user.name=eve&doas=`)).status).toBe(400);
    expect(await told('/', '&op=MKDIRS')).toEqual([500, 'Invalid HTTP GET operation [MKDIRS]']);
    expect(await told('/', '&op=NOPE')).toEqual([500, expect.stringContaining('No enum constant')]);
    expect(await told('/f', '&op=OPEN&offset=x')).toEqual([
      400,
      'java.lang.IllegalArgumentException: Parameter [offset], invalid value [x], value must be [a long]',
    ]);
    const up = 'Pathname /../f from /../f is not a valid DFS filename.';
    expect(await told('/..%2ff', '&op=CREATE&data=true', { ...PUT, headers: BYTES, body: 'x' })).toEqual([400, up]);
    expect(await told('/f', '&op=TRUNCATE', { method: 'POST' })).toEqual([
      400,
      'Required param newlength for op: TRUNCATE is null or empty',
    ]);
  });
});

test('of a message only the first line is told', () => {
  const { body } = failure(new HdfsError('ESAFEMODE', 'Name node is in safe mode.\nIt was turned on manually.'));
  expect(JSON.parse(String(body)).RemoteException.message).toBe('Name node is in safe mode.');
});

test('a gateway for reading changes nothing, one for writing shows nothing', async () => {
  await withGateway({ 'httpfs.access.mode': 'read-only' }, async (ask) => {
    expect((await ask(`${BASE}/d?op=MKDIRS&user.name=hdfs`, PUT)).status).toBe(403);
    expect((await ask(`${BASE}/?op=LISTSTATUS&user.name=hdfs`)).status).toBe(200);
  });
  await withGateway({ 'httpfs.access.mode': 'write-only' }, async (ask) => {
    expect((await ask(`${BASE}/d?op=MKDIRS&user.name=hdfs`, PUT)).status).toBe(200);
    expect((await ask(`${BASE}/?op=GETFILESTATUS&user.name=hdfs`)).status).toBe(200);
    expect((await ask(`${BASE}/d?op=GETACLSTATUS&user.name=hdfs`)).status).toBe(403);
  });
});
