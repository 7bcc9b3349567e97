// The `.md5` file beside an image: one line, as md5sum writes it. Apache: MD5FileUtils.
import { createHash } from 'node:crypto';
import { ProtocolError } from '../../base/errors.ts';
import type { RandomAccess } from '../fsimage/sections.ts';

const CHUNK_BYTES = 256 * 1024;
/** The name of an image is short. */
const MAX_DIGEST_FILE_BYTES = 4096;

export interface StoredDigest {
  /** 32 hexadecimal digits, lower case. */
  readonly md5: string;
  /** Name of the file that it is of, without directory. */
  readonly fileName: string;
}

export function formatDigest({ md5, fileName }: StoredDigest): string {
  return `${md5} *${fileName}\n`;
}

/** Throws ProtocolError. */
export function parseDigest(content: Uint8Array): StoredDigest {
  if (content.length > MAX_DIGEST_FILE_BYTES) throw new ProtocolError(`a digest file of ${content.length} bytes`);
  const [line = ''] = Buffer.from(content).toString('utf8').split('\n', 1);
  const match = /^([0-9a-f]{32}) [ *](.+)$/.exec(line.trim());
  if (match === null) throw new ProtocolError(`not a line of md5sum: ${JSON.stringify(line.slice(0, 100))}`);
  return { md5: match[1] as string, fileName: match[2] as string };
}

/** Digest of a whole file, read in chunks. */
export async function digestOf(file: RandomAccess, size: number): Promise<string> {
  const hash = createHash('md5');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = 0; position < size; ) {
    const count = await file.read(buffer, 0, Math.min(CHUNK_BYTES, size - position), position);
    if (count <= 0) throw new ProtocolError(`the file ends at offset ${position} of ${size}`);
    hash.update(buffer.subarray(0, count));
    position += count;
  }
  return hash.digest('hex');
}
