// A SequenceFile as lines of `key TAB value`: versions 4 to 6, plain, or compressed by record or by block.
// Apache: SequenceFile.Reader.
import { ByteReader, ByteSource, broken } from '../../../format/codec/byte-source.ts';
import { type Codec, codecOfClass } from '../../../format/codec/codecs.ts';
import { writableOf } from './writables.ts';

const OLDEST_VERSION = 4;
const WITH_CODEC = 5;
const WITH_METADATA = 6;
const SYNC_BYTES = 16;
/** Stands where a length would, in front of the sync bytes. */
const SYNC_ESCAPE = -1;
const DEFAULT_CODEC = 'org.apache.hadoop.io.compress.DefaultCodec';

interface Header {
  readonly key: string;
  readonly value: string;
  /** Undefined: not compressed. */
  readonly codec: Codec | undefined;
  readonly byBlock: boolean;
  readonly sync: Buffer;
}

async function readText(source: ByteSource): Promise<string> {
  return (await source.take(await source.vint())).toString('utf8');
}

async function readHeader(source: ByteSource): Promise<Header> {
  await source.take(3);
  const version = await source.byte();
  if (version > WITH_METADATA) {
    throw broken(`A record version mismatch occurred. Expecting v${WITH_METADATA}, found v${version}`);
  }
  if (version < OLDEST_VERSION) throw broken(`A SequenceFile of version ${version} is too old to be shown`);
  const key = await readText(source);
  const value = await readText(source);
  const compressed = (await source.byte()) !== 0;
  const byBlock = (await source.byte()) !== 0;
  let codec: Codec | undefined;
  if (compressed) codec = codecOfClass(version >= WITH_CODEC ? await readText(source) : DEFAULT_CODEC);
  if (version >= WITH_METADATA) {
    for (let left = await source.int(); left > 0; left--) {
      await readText(source);
      await readText(source);
    }
  }
  return { key, value, codec, byBlock, sync: await source.take(SYNC_BYTES) };
}

async function checkSync(source: ByteSource, { sync }: Header): Promise<void> {
  if (!(await source.take(SYNC_BYTES)).equals(sync)) throw broken('File is corrupt!');
}

async function* records(source: ByteSource, header: Header): AsyncGenerator<[ByteReader, ByteReader], void, undefined> {
  while (!(await source.atEnd())) {
    let length = await source.int();
    if (length === SYNC_ESCAPE) {
      await checkSync(source, header);
      if (await source.atEnd()) return;
      length = await source.int();
    }
    const keyLength = await source.int();
    const key = await source.take(keyLength);
    const value = await source.take(length - keyLength);
    yield [new ByteReader(key), new ByteReader(header.codec === undefined ? value : await header.codec.whole(value))];
  }
}

async function* blocks(source: ByteSource, header: Header): AsyncGenerator<[ByteReader, ByteReader], void, undefined> {
  const part = async (): Promise<ByteReader> => {
    const bytes = await source.take(await source.vint());
    return new ByteReader(header.codec === undefined ? bytes : await header.codec.whole(bytes));
  };
  while (!(await source.atEnd())) {
    await source.int();
    await checkSync(source, header);
    const count = await source.vint();
    const keyLengths = await part();
    const keys = await part();
    const valueLengths = await part();
    const values = await part();
    for (let i = 0; i < count; i++) {
      yield [new ByteReader(keys.take(keyLengths.vint())), new ByteReader(values.take(valueLengths.vint()))];
    }
  }
}

export async function* sequenceFileText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source = new ByteSource(chunks);
  try {
    const header = await readHeader(source);
    const showKey = writableOf(header.key);
    const showValue = writableOf(header.value);
    const all = header.byBlock ? blocks(source, header) : records(source, header);
    for await (const [key, value] of all) yield Buffer.from(`${showKey(key)}\t${showValue(value)}\n`);
  } finally {
    await source.close();
  }
}
