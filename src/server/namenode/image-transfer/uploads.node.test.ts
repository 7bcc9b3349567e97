// If these fail on real sockets, whoever brings an image that the NameNode cannot store is not told why, or one that stops in the
// middle of it keeps others from bringing theirs.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HttpServer } from '../../../host/host.ts';
import { nodeHttp } from '../../../host/node/http.ts';
import { nodeHost } from '../../../host/node/index.ts';
import type { NameDirectory } from '../directories.ts';
import { NameStorage } from '../name-storage.ts';
import { ImagesUnderWay } from '../publishing.ts';
import { MD5_HEADER } from './parameters.ts';
import { imageTransferRoutes } from './routes.ts';
import { ImageUploads } from './uploads.ts';

const host = nodeHost({ logLevel: 'silent' });
const IDENTITY = { namespaceId: 7, clusterId: 'CID-1', blockPoolId: 'BP-1-127.0.0.1-1', cTime: 5 };
const TXID = 100;
const ASIDE = `fsimage.ckpt_${String(TXID).padStart(19, '0')}`;
/** More than the sockets of both sides hold. */
const BYTES = 24 * 1024 * 1024;

let root: string;
let server: HttpServer;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tuskfs-uploads-'));
  mkdirSync(join(root, 'current'));
  const directory: NameDirectory = { root, image: true, edits: true, required: false, mode: 0o700 };
  const storage = new NameStorage(host, [directory], new Map(), { restoreFailed: false, imageCodec: undefined });
  const uploads = new ImageUploads({
    host,
    storage,
    imagesUnderWay: new ImagesUnderWay(),
    rules: { periodMs: 0, transactions: 1 },
    bytesPerSecond: 0,
    namespaceId: IDENTITY.namespaceId,
    history: () => ({ imageTxid: 0, sinceImageMs: 0, durableTxid: 1000 }),
    taken: () => Promise.resolve(),
  });
  const routes = imageTransferRoutes({
    host,
    bytesPerSecond: 0,
    identity: () => IDENTITY,
    directories: () => [directory],
    uploads,
  });
  server = await nodeHttp(host.log, { silenceTimeoutMs: 1000 }).listen({ host: '127.0.0.1', port: 0 }, (request) => {
    const route = routes.find(({ method }) => method === request.method);
    return route === undefined ? { status: 404 } : route.handler(request, {});
  });
});
afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const path = (length: number): string =>
  `/imagetransfer?${new URLSearchParams({
    txid: String(TXID),
    storageInfo: `-67:${IDENTITY.namespaceId}:${IDENTITY.cTime}:${IDENTITY.clusterId}`,
    'File-Length': String(length),
    imageFile: 'IMAGE',
  })}`;

async function put(body: Buffer): Promise<{ readonly status: number; readonly reason: string | undefined }> {
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536);
  };
  const md5 = createHash('md5').update(body).digest('hex');
  const { status, reason } = await host.http.request(`http://127.0.0.1:${server.address.port}${path(body.length)}`, {
    method: 'PUT',
    headers: { 'Content-Length': String(body.length), [MD5_HEADER]: md5 },
    body: chunks(),
    timeoutMs: 20_000,
  });
  return { status, reason };
}

test('an image for which there is no room is refused with the reason, and the next is looked at', async () => {
  // Nothing can be written under that name.
  mkdirSync(join(root, 'current', ASIDE));
  expect(await put(Buffer.alloc(BYTES))).toEqual({
    status: 410,
    reason: expect.stringMatching(
      /^PutImage failed. java.io.IOException: Unable to download to any storage directory; .*EISDIR/,
    ),
  });
  rmdirSync(join(root, 'current', ASIDE));
  expect((await put(Buffer.alloc(BYTES))).reason).toMatch(/is no image/);
});

test.each(['is cut', 'falls silent'])(
  'a connection that %s in the middle leaves nothing, and keeps nobody off',
  async (how) => {
    const socket = connect(server.address.port, '127.0.0.1');
    await new Promise<void>((resolve) => {
      socket.write(`PUT ${path(BYTES)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${BYTES}\r\n\r\n`);
      socket.write(Buffer.alloc(1024 * 1024), () => resolve());
    });
    const names = (): string[] => readdirSync(join(root, 'current'));
    for (const end = performance.now() + 10_000; names().length === 0 && performance.now() < end; ) await host.clock.sleep(10);
    expect(names()).toEqual([ASIDE]);
    expect((await put(Buffer.alloc(10))).reason).toMatch(/^Another checkpointer is already in the process/);
    if (how === 'is cut') socket.destroy();
    for (const end = performance.now() + 10_000; names().length > 0 && performance.now() < end; ) await host.clock.sleep(10);
    expect(names()).toEqual([]);
    expect((await put(Buffer.alloc(10))).reason).toMatch(/is no image/);
    socket.destroy();
  },
);
