// The sums that Hadoop keeps of a local file in a hidden one beside it: .NAME.crc. What is written takes them along, what is
// read is held against them where they are there. Apache: ChecksumFileSystem.
import { CRC_BYTES, chunkCount, crc32, firstBadChunk, writeChunkSums } from '../../base/crc.ts';
import { HdfsError } from '../../base/errors.ts';
import type { Host } from '../../host/host.ts';
import { joinPath, nameOf, parentOf } from '../paths.ts';

type Disk = Host['disk'];

const MAGIC = Buffer.from('crc\0');
const HEADER_BYTES = MAGIC.length + 4;
const MAX_BYTES_PER_SUM = 16 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

export const checksumPath = (path: string): string => joinPath(parentOf(path) ?? '/', `.${nameOf(path)}.crc`);

export const isChecksumName = (name: string): boolean => name.startsWith('.') && name.endsWith('.crc');

/** The same chunks; what they sum to is written beside the file on the way. */
export async function* summed(
  disk: Disk,
  path: string,
  source: AsyncIterable<Uint8Array>,
  bytesPerSum: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await disk.open(checksumPath(path), 'w', 0o644);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    MAGIC.copy(header);
    header.writeUInt32BE(bytesPerSum, MAGIC.length);
    await file.write(header, 0);
    let at = HEADER_BYTES;
    let open = 0;
    let inOpen = 0;
    for await (const chunk of source) {
      const first = inOpen === 0 ? 0 : Math.min(chunk.length, bytesPerSum - inOpen);
      open = crc32(chunk, 0, first, open);
      inOpen += first;
      const whole = chunk.length - first - ((chunk.length - first) % bytesPerSum);
      const count = (inOpen === bytesPerSum ? 1 : 0) + whole / bytesPerSum;
      const sums = Buffer.allocUnsafe(count * CRC_BYTES);
      let to = 0;
      if (inOpen === bytesPerSum) {
        to = sums.writeUInt32BE(open >>> 0);
        open = 0;
        inOpen = 0;
      }
      writeChunkSums('CRC32', chunk.subarray(first, first + whole), bytesPerSum, sums, to);
      if (count > 0) await file.write(sums, at);
      at += sums.length;
      if (first + whole < chunk.length) {
        open = crc32(chunk, first + whole);
        inOpen = chunk.length - first - whole;
      }
      yield chunk;
    }
    if (inOpen > 0) {
      const last = Buffer.alloc(CRC_BYTES);
      last.writeUInt32BE(open >>> 0);
      await file.write(last, at);
    }
  } finally {
    await file.close();
  }
}

/** The bytes from `start` to `end`, each held against its sum; undefined where the file has none. */
export async function verified(
  disk: Disk,
  path: string,
  start: number,
  end: number,
): Promise<AsyncGenerator<Uint8Array, void, undefined> | undefined> {
  const beside = checksumPath(path);
  if (!(await disk.exists(beside))) return undefined;
  const sums = await disk.open(beside, 'r');
  const header = Buffer.alloc(HEADER_BYTES);
  const bytesPerSum = (await sums.read(header, 0, HEADER_BYTES, 0)) === HEADER_BYTES ? header.readUInt32BE(MAGIC.length) : 0;
  if (!header.subarray(0, MAGIC.length).equals(MAGIC) || bytesPerSum < 1 || bytesPerSum > MAX_BYTES_PER_SUM) {
    await sums.close();
    return undefined;
  }
  return held();

  async function* held(): AsyncGenerator<Uint8Array, void, undefined> {
    const data = await disk.open(path, 'r');
    try {
      const step = Math.max(1, Math.floor(READ_BYTES / bytesPerSum)) * bytesPerSum;
      for (let at = start - (start % bytesPerSum); at <= end; at += step) {
        const buffer = Buffer.allocUnsafeSlow(step);
        const bytes = await data.read(buffer, 0, step, at);
        if (bytes === 0) return;
        const chunk = buffer.subarray(0, bytes);
        const expected = Buffer.alloc(chunkCount(bytes, bytesPerSum) * CRC_BYTES);
        const found = await sums.read(expected, 0, expected.length, HEADER_BYTES + (at / bytesPerSum) * CRC_BYTES);
        const bad = firstBadChunk('CRC32', chunk, expected.subarray(0, found), bytesPerSum);
        if (bad >= 0) {
          const where = bad * bytesPerSum;
          const got = crc32(chunk, where, Math.min(bytes, where + bytesPerSum)) | 0;
          const wanted = found >= (bad + 1) * CRC_BYTES ? expected.readInt32BE(bad * CRC_BYTES) : 'nothing';
          throw new HdfsError('ECHECKSUM', `Checksum error: file:${path} at ${at + where} exp: ${wanted} got: ${got}`, {
            path,
          });
        }
        yield chunk.subarray(Math.max(0, start - at), Math.min(bytes, end - at + 1));
        if (bytes < step) return;
      }
    } finally {
      await data.close();
      await sums.close();
    }
  }
}

/** Sums that no longer belong to anything go. */
export async function dropChecksums(disk: Disk, path: string): Promise<void> {
  if (await disk.exists(checksumPath(path))) await disk.unlink(checksumPath(path));
}

/** The sums go with their file. */
export async function moveChecksums(disk: Disk, from: string, to: string): Promise<void> {
  if (await disk.exists(checksumPath(from))) await disk.rename(checksumPath(from), checksumPath(to));
  else await dropChecksums(disk, to);
}
