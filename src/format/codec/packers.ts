// Hadoop's compression codecs that things are packed with: fewer than are unpacked.
import * as zlib from 'node:zlib';
import { PACKAGE } from './codecs.ts';
import { packLz4 } from './lz4.ts';
import { packSnappy } from './snappy.ts';

/** Makes a packed stream of its own of a piece. */
export type Packer = (raw: Buffer) => Buffer;

/** Bytes packed at a time; what is made of them fits the buffers that Hadoop unpacks with. */
const BLOCK_PIECE_BYTES = 128 * 1024;

/** A block: the length unpacked, then pieces with their lengths. Apache: BlockCompressorStream. */
const block =
  (pack: Packer): Packer =>
  (raw) => {
    const parts = [int(raw.length)];
    for (let at = 0; at < raw.length; at += BLOCK_PIECE_BYTES) {
      const packed = pack(raw.subarray(at, at + BLOCK_PIECE_BYTES));
      parts.push(int(packed.length), packed);
    }
    return Buffer.concat(parts);
  };

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Node has it from 22.15 on. */
const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: Packer };

const PACKERS: Readonly<Record<string, Packer>> = {
  [`${PACKAGE}DefaultCodec`]: (raw) => zlib.deflateSync(raw),
  [`${PACKAGE}DeflateCodec`]: (raw) => zlib.deflateSync(raw),
  [`${PACKAGE}GzipCodec`]: (raw) => zlib.gzipSync(raw),
  [`${PACKAGE}Lz4Codec`]: block(packLz4),
  [`${PACKAGE}SnappyCodec`]: block(packSnappy),
  ...(zstdCompressSync === undefined ? {} : { [`${PACKAGE}ZStandardCodec`]: (raw: Buffer) => zstdCompressSync(raw) }),
};

/** By the Java class; undefined for one that nothing is packed with, here or by this Node. */
export const packerOfClass = (name: string): Packer | undefined => (Object.hasOwn(PACKERS, name) ? PACKERS[name] : undefined);
