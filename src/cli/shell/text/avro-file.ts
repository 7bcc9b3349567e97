// An Avro file as the JSON of its values, one a line, as Avro's JsonEncoder writes them: branches of unions carry the names
// of their types. Apache: Display.AvroFileInputStream.
import { inflateRawSync } from 'node:zlib';
import { HdfsError } from '../../../base/errors.ts';
import { hashOrder, javaHash } from '../../../base/java-hash-map.ts';
import { javaDouble, javaFloat } from '../../../base/java-number.ts';
import { ByteReader, ByteSource, broken, MAX_PIECE_BYTES } from '../../../format/codec/byte-source.ts';
import { BZIP2, zstandard } from '../../../format/codec/codecs.ts';
import { unpackSnappy } from '../../../format/codec/snappy.ts';
import { type AvroType, branchName, parseAvroSchema } from './avro-schema.ts';

const SYNC_BYTES = 16;
/** Behind each block of snappy. */
const CHECKSUM_BYTES = 4;
/** Values within values. */
const MAX_DEPTH = 1000;
/** Items of arrays and maps in one value: those of no bytes could go on for ever. */
const MAX_ITEMS = 100_000_000;

const CODECS: Readonly<Record<string, (block: Buffer) => Buffer | Promise<Buffer>>> = {
  null: (block) => block,
  deflate: (block) => inflateRawSync(block, { maxOutputLength: MAX_PIECE_BYTES }),
  snappy: (block) => unpackSnappy(block.subarray(0, -CHECKSUM_BYTES)),
  bzip2: (block) => BZIP2.whole(block),
  zstandard: (block) => zstandard().whole(block),
};

/** As Jackson does: what is beyond 16 bits is written as its two halves, and digits of \uXXXX are capitals. */
const quote = (text: string): string =>
  JSON.stringify(text)
    .replace(/\\(?:u[0-9a-f]{4}|.)/g, (found) => (found[1] === 'u' ? hexUnit(Number.parseInt(found.slice(2), 16)) : found))
    .replace(/[\ud800-\udfff]/g, (half) => hexUnit(half.charCodeAt(0)));

const hexUnit = (unit: number): string => `\\u${unit.toString(16).toUpperCase().padStart(4, '0')}`;

/** Numbers that JSON lacks are texts. */
const number = (value: number, text: string): string => (Number.isFinite(value) ? text : `"${text}"`);

class ValueReader {
  readonly #bytes: ByteReader;
  #items = 0;

  constructor(bytes: ByteReader) {
    this.#bytes = bytes;
  }

  json(type: AvroType, depth = 0): string {
    if (depth > MAX_DEPTH) throw broken('Values within values, too deep');
    const bytes = this.#bytes;
    switch (type.kind) {
      case 'null':
        return 'null';
      case 'boolean':
        return String(bytes.byte() === 1);
      case 'int':
      case 'long':
        return String(bytes.zigzag());
      case 'float': {
        const value = bytes.take(4).readFloatLE();
        return number(value, javaFloat(value));
      }
      case 'double': {
        const value = bytes.take(8).readDoubleLE();
        return number(value, javaDouble(value));
      }
      case 'bytes':
        return quote(bytes.take(this.#length()).toString('latin1'));
      case 'string':
        return quote(this.#text());
      case 'fixed':
        return quote(bytes.take(type.size).toString('latin1'));
      case 'enum':
        return quote(type.symbols[this.#length()] ?? fail('No such symbol'));
      case 'record':
        return `{${type.fields.map((field) => `${quote(field.name)}:${this.json(field.type, depth + 1)}`).join(',')}}`;
      case 'union': {
        const branch = type.branches[this.#length()] ?? fail('No such branch of a union');
        const value = this.json(branch, depth + 1);
        return branch.kind === 'null' ? value : `{${quote(branchName(branch))}:${value}}`;
      }
      case 'array': {
        const items: string[] = [];
        this.#each(() => items.push(this.json(type.items, depth + 1)));
        return `[${items.join(',')}]`;
      }
      case 'map': {
        const entries = new Map<string, string>();
        const first = this.#each(() => entries.set(this.#text(), this.json(type.values, depth + 1)));
        const order = hashOrder([...entries.keys()], type.javaKeys ? javaHash : utf8Hash, powerOfTwo(first));
        return `{${order.map((key) => `${quote(key)}:${entries.get(key)}`).join(',')}}`;
      }
    }
  }

  #length(): number {
    return Number(this.#bytes.zigzag());
  }

  #text(): string {
    return this.#bytes.take(this.#length()).toString('utf8');
  }

  /** Items come in runs, each with its count; a negative one has its bytes behind it. Answers the first count. */
  #each(item: () => void): number {
    let first: number | undefined;
    for (;;) {
      let count = this.#length();
      if (count < 0) {
        count = -count;
        this.#length();
      }
      first ??= count;
      if (count === 0) return first;
      this.#items += count;
      if (this.#items > MAX_ITEMS) throw broken('Too many items in one value');
      for (let i = 0; i < count; i++) item();
    }
  }
}

function fail(message: string): never {
  throw broken(message);
}

/** Avro's Utf8.hashCode. */
function utf8Hash(text: string): number {
  let hash = 0;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 31) + ((byte << 24) >> 24)) | 0;
  return hash;
}

/** Buckets of a HashMap that is made for so many. */
function powerOfTwo(count: number): number {
  let buckets = 1;
  while (buckets < count) buckets *= 2;
  return buckets;
}

async function zigzag(source: ByteSource): Promise<number> {
  const bytes: number[] = [];
  do bytes.push(await source.byte());
  while (((bytes.at(-1) ?? 0) & 0x80) !== 0 && bytes.length < 10);
  return Number(new ByteReader(Buffer.from(bytes)).zigzag());
}

async function readMetadata(source: ByteSource): Promise<ReadonlyMap<string, Buffer>> {
  const entries = new Map<string, Buffer>();
  for (;;) {
    let count = await zigzag(source);
    if (count === 0) return entries;
    if (count < 0) {
      count = -count;
      await zigzag(source);
    }
    for (; count > 0; count--) {
      const key = (await source.take(await zigzag(source))).toString('utf8');
      entries.set(key, await source.take(await zigzag(source)));
    }
  }
}

export async function* avroFileText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source = new ByteSource(chunks);
  try {
    if ((await source.take(4)).toString('latin1') !== 'Obj\x01') throw broken('Not an Avro data file.');
    const metadata = await readMetadata(source);
    const schema = parseAvroSchema(metadata.get('avro.schema')?.toString('utf8') ?? fail('The file has no schema'));
    const codec = metadata.get('avro.codec')?.toString('utf8') ?? 'null';
    const unpack = Object.hasOwn(CODECS, codec) ? CODECS[codec] : undefined;
    if (unpack === undefined) throw new HdfsError('EUNSUPPORTED', `the codec ${codec} of an Avro file is not unpacked here`);
    const sync = await source.take(SYNC_BYTES);
    let any = false;
    while (!(await source.atEnd())) {
      const count = await zigzag(source);
      const reader = new ValueReader(new ByteReader(await unpack(await source.take(await zigzag(source)))));
      if (!(await source.take(SYNC_BYTES)).equals(sync)) throw broken('Invalid sync!');
      for (let i = 0; i < count; i++) {
        // Between values, not behind each: the last line ends apart.
        yield Buffer.from(`${any ? '\n' : ''}${reader.json(schema)}`);
        any = true;
      }
    }
    if (any) yield Buffer.from('\n');
  } finally {
    await source.close();
  }
}
