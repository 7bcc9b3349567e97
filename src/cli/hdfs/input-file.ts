// What a viewer reads from one end to the other: a file of any size, a chunk at a time.
import { ProtocolError } from '../../base/errors.ts';
import type { DiskFile } from '../../host/host.ts';

const CHUNK_BYTES = 256 * 1024;

/** A chunk is valid until the next one. */
export async function* fileChunks(file: DiskFile, start = 0): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (let position = start; ; ) {
    const got = await file.read(buffer, 0, buffer.length, position);
    if (got === 0) return;
    yield buffer.subarray(0, got);
    position += got;
  }
}

/** Throws ProtocolError where it is not UTF-8. */
export async function* fileText(file: DiskFile): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes: Uint8Array | undefined): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new ProtocolError('the file is not UTF-8');
    }
  };
  for await (const chunk of fileChunks(file)) yield decode(chunk);
  yield decode(undefined);
}
