// If this failed, clients that reach one port only could not work with files, or would lose bytes there.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';
import { Configuration } from '../../config/configuration.ts';
import type { HttpClientRequest } from '../../host/host.ts';
import { HttpFs } from './httpfs.ts';

const LIMIT_MS = 300_000;
const BASE = 'http://gateway:14000/webhdfs/v1';
const BYTES = { 'Content-Type': 'application/octet-stream', Host: 'gateway:14000' };

test('files are made, read, listed and removed through the gateway alone', async () => {
  const cluster = new SimCluster({ seed: 4, dataNodes: 2, clients: 1, keys: { 'dfs.replication': 2 } });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const gateway = cluster.simulation.node('gateway');
  const keys = { 'fs.defaultFS': 'hdfs://nn:8020', 'httpfs.http.hostname': 'gateway', 'dfs.client-write-packet-size': 2048 };
  const httpFs = new HttpFs(gateway.host, Configuration.of(keys));
  await run(httpFs.start());
  const ask = (url: string, options: HttpClientRequest = {}) =>
    run(
      (async () => {
        const { status, headers, body } = await machine.host.http.request(url, options);
        const chunks: Uint8Array[] = [];
        for await (const chunk of body) chunks.push(chunk);
        return { status, location: String(headers.location ?? ''), body: Buffer.concat(chunks) };
      })(),
    );
  const content = Buffer.from(Array.from({ length: 50_001 }, (_, i) => (i * 13) & 255));
  const first = await ask(`${BASE}/f?op=CREATE&user.name=hdfs`, { method: 'PUT', headers: BYTES });
  expect(first.status).toBe(307);
  expect(first.location).toBe(`${BASE}/f?op=CREATE&user.name=hdfs&data=true`);
  expect((await ask(first.location, { method: 'PUT', body: content })).status).toBe(400);
  expect((await ask(first.location, { method: 'PUT', headers: BYTES, body: content })).status).toBe(201);
  const more = `${BASE}/f?op=APPEND&user.name=hdfs&data=true`;
  expect((await ask(more, { method: 'POST', headers: BYTES, body: content })).status).toBe(200);
  const read = await ask(`${BASE}/f?op=OPEN&user.name=hdfs&offset=50000&length=3`);
  expect([read.status, read.body]).toEqual([200, Buffer.concat([content, content]).subarray(50_000, 50_003)]);
  const listed = JSON.parse((await ask(`${BASE}/?op=LISTSTATUS`)).body.toString());
  expect(listed.FileStatuses.FileStatus[0]).toMatchObject({ pathSuffix: 'f', length: 100_002, owner: 'hdfs' });
  expect(JSON.parse((await ask(`${BASE}/f?op=GETFILECHECKSUM`)).body.toString()).FileChecksum.length).toBe(28);
  expect((await ask(`${BASE}/f?op=DELETE&user.name=bob`, { method: 'DELETE' })).status).toBe(403);
  expect((await ask(`${BASE}/f?op=DELETE&user.name=hdfs`, { method: 'DELETE' })).body.toString()).toBe('{"boolean":true}');
  expect((await ask(`${BASE}/f?op=OPEN&user.name=hdfs`)).status).toBe(404);
  await run(httpFs.stop());
});
