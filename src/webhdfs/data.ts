// Files' data over HTTP, through a client of the file system: what a DataNode's web server does for the clients that a
// NameNode sends to it, and HttpFS for everybody. Bodies pass through as they come, in both directions, and hold each other
// back.
import { HdfsError } from '../base/errors.ts';
import type { Hdfs } from '../client/hdfs.ts';
import type { HttpResponse } from '../host/host.ts';
import { treeMap, wrapped } from './java-json.ts';
import { clamped, type QueryValues } from './parameters.ts';

/** Apache: PermissionParam. */
const DEFAULT_FILE_MODE = 0o644;

/** Capacity of the buffer that Hadoop writes a checksum into: all of it is shown, not the 28 bytes alone. */
const CHECKSUM_BUFFER_BYTES = 32;

export function fileChecksumJson(algorithm: string, bytes: Uint8Array): string {
  const shown = Buffer.alloc(Math.max(CHECKSUM_BUFFER_BYTES, bytes.length));
  shown.set(bytes);
  return wrapped('FileChecksum', treeMap({ algorithm, bytes: shown.toString('hex'), length: bytes.length }));
}

/**
 * What OPEN answers, its status decided before the first byte leaves. `release` is called once, when the body has ended
 * or is given up.
 */
export async function openFile(hdfs: Hdfs, path: string, query: QueryValues, release: () => void): Promise<HttpResponse> {
  const offset = clamped(query.get('offset') ?? 0n);
  const wanted = query.get('length');
  const handle = await hdfs.open(path, 'r');
  if (offset > handle.length) {
    await handle.close();
    throw new HdfsError('EIO', 'Cannot seek after EOF', { path, remoteClass: 'java.io.EOFException' });
  }
  const length = Math.min(handle.length - offset, wanted === undefined ? Number.MAX_SAFE_INTEGER : clamped(wanted));
  return {
    status: 200,
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(length) },
    body: exactly(length, handle.pieces(offset, offset + length), path, async () => {
      await handle.close();
      release();
    }),
  };
}

/**
 * The pieces, which are `length` bytes together: that was promised in the headers, and a client must not take less for the
 * whole. `finish` runs once, also for a body that nobody begins to read, as a generator's own `finally` would not.
 */
function exactly(
  length: number,
  pieces: AsyncGenerator<Buffer, void, undefined>,
  path: string,
  finish: () => Promise<void>,
): AsyncIterable<Uint8Array> {
  let left = length;
  let finished: Promise<void> | undefined;
  const end = (): Promise<void> => {
    finished ??= finish();
    return finished;
  };
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      try {
        const piece = await pieces.next();
        if (piece.done !== true) {
          left -= piece.value.length;
          return piece;
        }
        if (left > 0) throw new HdfsError('EIO', `${path} ended ${left} bytes early`, { path });
        await end();
        return { done: true, value: undefined };
      } catch (error) {
        await end();
        throw error;
      }
    },
    async return() {
      await pieces.return();
      await end();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/**
 * All of `body` behind what the file has. When the sender goes away the file is closed with what came, as Hadoop does: a
 * client that tries again must not find its own lease in the way. Resolves when the file is closed.
 */
async function take(handle: Awaited<ReturnType<Hdfs['open']>>, body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of body) await handle.write(chunk);
  } catch (error) {
    if (error instanceof HdfsError) throw error;
    await handle.close();
    throw new HdfsError('EIO', `the body of the request broke off: ${String(error)}`, { cause: error });
  }
  await handle.close();
}

/** Values of a CREATE. Throws HdfsError for a parameter that cannot be understood, before anything is made. */
export function createOptions(query: QueryValues, createFlags: readonly string[]) {
  const maskedMode = query.get('permission') ?? DEFAULT_FILE_MODE;
  const blockSize = query.get('blockSize');
  return {
    overwrite: query.of('overwrite') || createFlags.includes('OVERWRITE'),
    maskedMode,
    mode: query.get('unmaskedPermission') ?? maskedMode,
    replication: query.get('replication'),
    blockSize: blockSize === undefined ? undefined : clamped(blockSize),
    createParent: query.of('createParent'),
    // Who names flags names that one too.
    mustExist: createFlags.length > 0 && !createFlags.includes('CREATE'),
    lazyPersist: createFlags.includes('LAZY_PERSIST'),
    syncBlock: createFlags.includes('SYNC_BLOCK'),
    noLocalWrite: createFlags.includes('NO_LOCAL_WRITE'),
    ignoreClientLocality: createFlags.includes('IGNORE_CLIENT_LOCALITY'),
  };
}

export async function createFile(
  hdfs: Hdfs,
  path: string,
  options: ReturnType<typeof createOptions>,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { overwrite, ...rest } = options;
  await take(await hdfs.open(path, overwrite ? 'w' : 'wx', rest), body);
}

export async function appendFile(hdfs: Hdfs, path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  await take(await hdfs.open(path, 'a', { mustExist: true }), body);
}
