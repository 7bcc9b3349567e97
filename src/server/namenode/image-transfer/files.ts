// Files of name directories as they travel: sent in chunks at a bounded rate, and received into several directories at
// once, with their length and digest checked before anybody takes them for whole.
import { createHash } from 'node:crypto';
import { HdfsError, messageOf } from '../../../base/errors.ts';
import type { DiskFile, Host } from '../../../host/host.ts';
import { Throttle } from '../../../transfer/throttle.ts';

const CHUNK_BYTES = 64 * 1024;

/** A whole file in chunks, each of its own. */
export async function* fileBody(host: Host, path: string, bytesPerSecond: number): AsyncGenerator<Uint8Array> {
  const throttle = new Throttle(host.clock, bytesPerSecond);
  const file = await host.disk.open(path, 'r');
  try {
    for (let position = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = await file.read(chunk, 0, chunk.length, position);
      if (length === 0) return;
      position += length;
      await throttle.take(length);
      yield chunk.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

export interface Expected {
  /** For messages. */
  readonly what: string;
  readonly length: number;
  /** 32 hexadecimal digits; undefined when the sender said nothing. */
  readonly md5: string | undefined;
}

export interface Received {
  readonly md5: string;
  readonly failed: ReadonlyMap<string, unknown>;
}

/**
 * Writes a body into all `paths`, synced. A path that cannot be written is left out and named in `failed`; rejects, with
 * all files removed, when none could, or when what came is not what was announced.
 */
export async function receiveFile(
  host: Host,
  paths: readonly string[],
  body: AsyncIterable<Uint8Array>,
  expected: Expected,
  bytesPerSecond: number,
): Promise<Received> {
  const files = new Map<string, DiskFile>();
  const failed = new Map<string, unknown>();
  const attempt = async (path: string, work: (file: DiskFile) => Promise<void>): Promise<void> => {
    const file = files.get(path);
    if (file === undefined || failed.has(path)) return;
    try {
      await work(file);
    } catch (error) {
      failed.set(path, error);
      host.log.log('warn', 'transfer', `cannot write ${path}: ${messageOf(error)}`);
    }
  };
  try {
    for (const path of paths) {
      try {
        files.set(path, await host.disk.open(path, 'w', 0o644));
      } catch (error) {
        failed.set(path, error);
        host.log.log('warn', 'transfer', `Unable to download file ${path}: ${messageOf(error)}`);
      }
    }
    const throttle = new Throttle(host.clock, bytesPerSecond);
    const hash = createHash('md5');
    let received = 0;
    for await (const chunk of body) {
      if (failed.size === paths.length) break;
      const position = received;
      received += chunk.length;
      if (received > expected.length) break;
      hash.update(chunk);
      await Promise.all(paths.map((path) => attempt(path, (file) => file.write(chunk, position))));
      await throttle.take(chunk.length);
    }
    await Promise.all(paths.map((path) => attempt(path, (file) => file.sync())));
    if (failed.size === paths.length) {
      const reasons = [...failed].map(([path, error]) => `; ${path}: ${messageOf(error)}`).join('');
      throw new HdfsError('EIO', `Unable to download to any storage directory${reasons}`);
    }
    if (received !== expected.length) {
      throw new HdfsError(
        'EIO',
        `File ${expected.what} received length ${received} is not of the advertised size ${expected.length}`,
      );
    }
    const md5 = hash.digest('hex');
    if (expected.md5 !== undefined && expected.md5 !== md5) {
      throw new HdfsError(
        'EIO',
        `File ${expected.what} computed digest ${md5} does not match advertised digest ${expected.md5}`,
      );
    }
    for (const [path, file] of files) {
      // A disk that was too full for all of it has room again for what else is written there.
      if (failed.has(path)) await discard(host, path, file);
      else await file.close();
    }
    return { md5, failed };
  } catch (error) {
    for (const [path, file] of files) await discard(host, path, file);
    throw error;
  }
}

async function discard(host: Host, path: string, file: DiskFile): Promise<void> {
  try {
    await file.close();
    if (await host.disk.exists(path)) await host.disk.unlink(path);
  } catch (error) {
    host.log.log('warn', 'transfer', `${path} stays, though it is not whole: ${messageOf(error)}`);
  }
}
