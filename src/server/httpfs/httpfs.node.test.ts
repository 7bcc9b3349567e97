// If this failed, a file whose sender breaks off, or whose gateway is stopped, would stay open, and what was written hidden.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Hdfs } from '../../client/index.ts';
import { Configuration } from '../../config/configuration.ts';
import { nodeHost } from '../../host/node/index.ts';
import { type DevCluster, startDev } from '../../launch/dev.ts';
import { HttpFs } from './httpfs.ts';

const SENT_BYTES = 300_000;

const host = nodeHost({ logLevel: 'error' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-httpfs-'));
let cluster: DevCluster;
let client: Hdfs;

beforeAll(async () => {
  // Below the range that outgoing connections take their ports from; where one is taken, another run of ports is tried.
  for (let tries = 0; ; tries++) {
    try {
      cluster = await startDev(host, { directory, datanodes: 1, racks: 0, basePort: 12_000 + host.random.below(20_000) });
      break;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
  client = await connect({ host, uri: cluster.uri });
});
afterAll(async () => {
  await client?.close();
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function gateway(): Promise<HttpFs> {
  const httpFs = new HttpFs(
    host,
    Configuration.of({
      'fs.defaultFS': cluster.uri,
      'dfs.replication': 1,
      'httpfs.http.hostname': '127.0.0.1',
      'httpfs.http.port': 0,
    }),
  );
  await httpFs.start();
  return httpFs;
}

/** A request to make a file, and the beginning of its body; it has come when the file is there. */
async function begun({ address }: HttpFs, path: string, lengths: string, body: string): Promise<Socket> {
  const socket = connectTo({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).resume();
  const target = `/webhdfs/v1${path}?op=CREATE&data=true&user.name=${client.user}`;
  socket.write(`PUT ${target} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n${lengths}\r\n\r\n${body}`);
  await until(() => client.exists(path));
  return socket;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('it did not come about');
    await host.clock.sleep(20);
  }
}

const BODY = 'x'.repeat(SENT_BYTES);

test('a gateway that stops closes the files that are being sent to it', async () => {
  const httpFs = await gateway();
  const socket = await begun(httpFs, '/stopped', 'Content-Length: 100000000', BODY);
  await httpFs.stop();
  expect(await client.isFileClosed('/stopped')).toBe(true);
  // What lay in the sockets may be lost with them.
  expect((await client.stat('/stopped')).size).toBeLessThanOrEqual(SENT_BYTES);
  socket.destroy();
});

test('a file is closed when its body cannot be read on, though the sender stays', async () => {
  const httpFs = await gateway();
  const chunk = `${SENT_BYTES.toString(16)}\r\n${BODY}\r\n`;
  const socket = await begun(httpFs, '/broken', 'Transfer-Encoding: chunked', chunk);
  socket.write('no length\r\n');
  await until(() => client.isFileClosed('/broken'));
  expect((await client.stat('/broken')).size).toBe(SENT_BYTES);
  socket.destroy();
  await httpFs.stop();
});
