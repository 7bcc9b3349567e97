// Hadoop's compression codecs that `text` unpacks: by the end of a file's name, and by class where a SequenceFile names one.
import { pipeline } from 'node:stream';
import { createGunzip, createInflate, gunzipSync, inflateSync } from 'node:zlib';
import { HdfsError } from '../../../base/errors.ts';
import { ByteReader, ByteSource, broken, MAX_PIECE_BYTES } from './byte-source.ts';
import { unpackSnappy } from './snappy.ts';

type Chunks = AsyncIterable<Uint8Array>;

export interface Codec {
  stream(packed: Chunks): Chunks;
  whole(packed: Buffer): Buffer;
}

const LIMIT = { maxOutputLength: MAX_PIECE_BYTES };

/** Errors reach the reader through the stream itself. */
const through = (packed: Chunks, unpack: NodeJS.ReadWriteStream): Chunks =>
  pipeline(packed, unpack, () => undefined) as unknown as Chunks;

export const GZIP: Codec = {
  stream: (packed) => through(packed, createGunzip()),
  whole: (packed) => gunzipSync(packed, LIMIT),
};

const DEFLATE: Codec = {
  stream: (packed) => through(packed, createInflate()),
  whole: (packed) => inflateSync(packed, LIMIT),
};

/** Blocks: the length unpacked, then pieces with their lengths until that is reached. Apache: BlockDecompressorStream. */
const SNAPPY: Codec = {
  async *stream(packed) {
    const source = new ByteSource(packed);
    while (!(await source.atEnd())) {
      for (let left = await source.int(); left > 0; ) {
        const piece = unpackSnappy(await source.take(await source.int()));
        left -= piece.length;
        yield piece;
      }
    }
  },
  whole(packed) {
    const reader = new ByteReader(packed);
    const pieces: Buffer[] = [];
    let total = 0;
    while (reader.left > 0) {
      for (let left = reader.int(); left > 0; ) {
        const piece = unpackSnappy(reader.take(reader.int()));
        left -= piece.length;
        total += piece.length;
        if (total > MAX_PIECE_BYTES) throw broken('Too much in one block');
        pieces.push(piece);
      }
    }
    return Buffer.concat(pieces);
  },
};

const refused = (name: string): string => `${name} is not unpacked here`;

/** Class, the ends of names that mean it, and the codec or why there is none. Apache: CompressionCodecFactory. */
const CODECS: readonly (readonly [name: string, suffix: string, codec: Codec | string])[] = [
  ['GzipCodec', '.gz', GZIP],
  ['DefaultCodec', '.deflate', DEFLATE],
  ['DeflateCodec', '.deflate', DEFLATE],
  ['SnappyCodec', '.snappy', SNAPPY],
  ['BZip2Codec', '.bz2', refused('bzip2')],
  ['Lz4Codec', '.lz4', refused('LZ4')],
  ['ZStandardCodec', '.zst', refused('Zstandard')],
];

const PACKAGE = 'org.apache.hadoop.io.compress.';

function built(codec: Codec | string): Codec {
  if (typeof codec === 'string') throw new HdfsError('EUNSUPPORTED', codec);
  return codec;
}

/** Undefined: the name says nothing of a codec. */
export function codecOfName(path: string): Codec | undefined {
  const found = CODECS.find(([, suffix]) => path.toLowerCase().endsWith(suffix));
  return found === undefined ? undefined : built(found[2]);
}

export function codecOfClass(name: string): Codec {
  const found = CODECS.find(([short]) => `${PACKAGE}${short}` === name);
  if (found === undefined) throw new HdfsError('EUNSUPPORTED', `Unknown codec: ${name}`);
  return built(found[2]);
}
