// Hadoop's compression codecs: by the end of a file's name, and by class where a SequenceFile or an image names one.
import { pipeline } from 'node:stream';
import * as zlib from 'node:zlib';
import { HdfsError } from '../../base/errors.ts';
import { ByteReader, ByteSource, broken, MAX_PIECE_BYTES } from './byte-source.ts';
import { unpackBzip2 } from './bzip2.ts';
import { unpackLz4 } from './lz4.ts';
import { unpackSnappy } from './snappy.ts';
import { zstandardFrames } from './zstandard-frames.ts';

type Chunks = AsyncIterable<Uint8Array>;

export interface Codec {
  stream(packed: Chunks): Chunks;
  /** All of it, be it several packed streams one behind the other; more than `limit` bytes it cannot be. */
  whole(packed: Buffer, limit?: number): Buffer | Promise<Buffer>;
}

/** Errors reach the reader through the stream itself. */
const through = (packed: Chunks, unpack: NodeJS.ReadWriteStream): Chunks =>
  pipeline(packed, unpack, () => undefined) as unknown as Chunks;

export const GZIP: Codec = {
  stream: (packed) => through(packed, zlib.createGunzip()),
  whole: (packed, limit = MAX_PIECE_BYTES) => zlib.gunzipSync(packed, { maxOutputLength: limit }),
};

/** What Node's functions answer with `info`. */
interface Unpacked {
  readonly buffer: Buffer;
  /** `bytesWritten`: how many packed bytes were taken. */
  readonly engine: { readonly bytesWritten: number };
}

/** Node's own end with the first stream. */
const allOf =
  (unpack: (packed: Buffer, options: { readonly maxOutputLength: number; readonly info: true }) => Unpacked) =>
  (packed: Buffer, limit = MAX_PIECE_BYTES): Buffer => {
    const parts: Buffer[] = [];
    let total = 0;
    for (let rest = packed; rest.length > 0; ) {
      const { buffer, engine } = unpack(rest, { maxOutputLength: limit - total, info: true });
      if (engine.bytesWritten <= 0) break;
      parts.push(buffer);
      total += buffer.length;
      rest = rest.subarray(engine.bytesWritten);
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, total);
  };

const DEFLATE: Codec = {
  stream: (packed) => through(packed, zlib.createInflate()),
  whole: allOf((packed, options) => zlib.inflateSync(packed, options) as unknown as Unpacked),
};

/** Unpacks one piece; more than `limit` bytes it cannot be. */
type UnpackPiece = (packed: Buffer, limit: number) => Buffer;

/** Blocks: the length unpacked, then pieces with their lengths until that is reached. Apache: BlockDecompressorStream. */
function blocks(unpack: UnpackPiece): Codec {
  const checked = (piece: Buffer, left: number): Buffer => {
    if (piece.length === 0 || piece.length > left) throw broken('A packed block holds other than it says');
    return piece;
  };
  return {
    async *stream(packed) {
      const source = new ByteSource(packed);
      while (!(await source.atEnd())) {
        for (let left = bounded(await source.int()); left > 0; ) {
          const piece = checked(unpack(await source.take(await source.int()), left), left);
          left -= piece.length;
          yield piece;
        }
      }
    },
    whole(packed, limit = MAX_PIECE_BYTES) {
      const reader = new ByteReader(packed);
      const pieces: Buffer[] = [];
      let total = 0;
      while (reader.left > 0) {
        let left = bounded(reader.int());
        total += left;
        if (total > limit) throw broken('Too much in one block');
        while (left > 0) {
          const piece = checked(unpack(reader.take(reader.int()), left), left);
          left -= piece.length;
          pieces.push(piece);
        }
      }
      return Buffer.concat(pieces);
    },
  };
}

const SNAPPY = blocks((packed) => unpackSnappy(packed));
const LZ4 = blocks(unpackLz4);

/** Hadoop packs 256 KiB at once unless it is told to take more. */
const MAX_BLOCK_BYTES = 256 * 1024 * 1024;

function bounded(length: number): number {
  if (length < 0 || length > MAX_BLOCK_BYTES) throw broken(`A packed block of ${length} bytes`);
  return length;
}

async function collected(pieces: AsyncIterable<Uint8Array>, limit = MAX_PIECE_BYTES): Promise<Buffer> {
  const all: Uint8Array[] = [];
  let total = 0;
  for await (const piece of pieces) {
    total += piece.length;
    if (total > limit) throw broken('Too much in one block');
    all.push(piece);
  }
  return Buffer.concat(all);
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

export const BZIP2: Codec = {
  stream: (packed) => unpackBzip2(new ByteSource(packed)),
  whole: (packed, limit) => collected(unpackBzip2(new ByteSource(inOnePiece(packed))), limit),
};

interface ZstandardOfNode {
  createZstdDecompress?: () => NodeJS.ReadWriteStream;
  zstdDecompressSync?: (packed: Buffer, options: { readonly maxOutputLength: number; readonly info: true }) => Unpacked;
}

/** Node has it from 22.15 on; Hadoop has it where its native library is. */
export function zstandard(of: ZstandardOfNode = zlib as unknown as ZstandardOfNode): Codec {
  const { createZstdDecompress, zstdDecompressSync } = of;
  if (createZstdDecompress === undefined || zstdDecompressSync === undefined) {
    throw new HdfsError('EUNSUPPORTED', 'Zstandard is unpacked with Node 22.15 or newer');
  }
  return {
    stream: (packed) => through(zstandardFrames(packed), createZstdDecompress()),
    whole: allOf(zstdDecompressSync),
  };
}

/** Class, the ends of names that mean it, and the codec. Apache: CompressionCodecFactory. */
const CODECS: readonly (readonly [name: string, suffix: string, codec: () => Codec])[] = [
  ['GzipCodec', '.gz', () => GZIP],
  ['DefaultCodec', '.deflate', () => DEFLATE],
  ['DeflateCodec', '.deflate', () => DEFLATE],
  ['SnappyCodec', '.snappy', () => SNAPPY],
  ['BZip2Codec', '.bz2', () => BZIP2],
  ['Lz4Codec', '.lz4', () => LZ4],
  ['ZStandardCodec', '.zst', () => zstandard()],
];

export const PACKAGE = 'org.apache.hadoop.io.compress.';

/** Undefined: the name says nothing of a codec. Throws for one that is not there. */
export function codecOfName(path: string): Codec | undefined {
  return CODECS.find(([, suffix]) => path.toLowerCase().endsWith(suffix))?.[2]();
}

export function codecOfClass(name: string): Codec {
  const found = CODECS.find(([short]) => `${PACKAGE}${short}` === name);
  if (found === undefined) throw new HdfsError('EUNSUPPORTED', `Unknown codec: ${name}`);
  return found[2]();
}

/** The classes that codecOfClass knows. */
export const codecNames = (): readonly string[] => CODECS.map(([short]) => `${PACKAGE}${short}`);
