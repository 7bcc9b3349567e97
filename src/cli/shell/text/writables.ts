// Hadoop's Writables that stand in SequenceFiles, as their toString shows them, by class.
import { HdfsError } from '../../../base/errors.ts';
import { hashOrder } from '../../../base/java-hash-map.ts';
import { javaDouble, javaFloat } from '../../../base/java-number.ts';
import { type ByteReader, broken } from '../../../format/codec/byte-source.ts';

type Show = (reader: ByteReader) => string;

const hex = (bytes: Buffer): string => bytes.toString('hex');

const IO = 'org.apache.hadoop.io.';

const WRITABLES: Readonly<Record<string, Show>> = {
  BooleanWritable: (reader) => String(reader.byte() !== 0),
  ByteWritable: (reader) => String(reader.byte()),
  BytesWritable: (reader) => [...reader.take(reader.int())].map((byte) => hex(Buffer.of(byte))).join(' '),
  DoubleWritable: (reader) => javaDouble(reader.take(8).readDoubleBE()),
  FloatWritable: (reader) => javaFloat(reader.take(4).readFloatBE()),
  IntWritable: (reader) => String(reader.int()),
  LongWritable: (reader) => String(reader.long()),
  MapWritable: (reader) => mapText(reader, true),
  MD5Hash: (reader) => hex(reader.take(16)),
  NullWritable: () => '(null)',
  ShortWritable: (reader) => String(reader.short()),
  SortedMapWritable: (reader) => mapText(reader, false),
  Text: (reader) => reader.take(reader.vint()).toString('utf8'),
  VIntWritable: (reader) => String(reader.vint()),
  VLongWritable: (reader) => String(reader.vlong()),
};

/** Classes that a map names by number. Apache: AbstractMapWritable. */
const NUMBERED: readonly (readonly [number: number, name: string])[] = [
  [-126, 'BooleanWritable'],
  [-125, 'BytesWritable'],
  [-124, 'FloatWritable'],
  [-123, 'IntWritable'],
  [-122, 'LongWritable'],
  [-121, 'MapWritable'],
  [-120, 'MD5Hash'],
  [-119, 'NullWritable'],
  [-117, 'SortedMapWritable'],
  [-116, 'Text'],
  [-114, 'VIntWritable'],
  [-113, 'VLongWritable'],
];

const FIRST_BUCKETS = 16;

/** hashCode of those keys whose text says it. */
const HASHES: Readonly<Record<string, (text: string) => number>> = {
  BooleanWritable: (text) => (text === 'true' ? 0 : 1),
  IntWritable: Number,
  LongWritable: (text) => Number(BigInt.asIntN(32, BigInt(text))),
  Text: (text) => {
    let hash = 1;
    for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 31) + ((byte << 24) >> 24)) | 0;
    return hash;
  },
  VIntWritable: Number,
  VLongWritable: (text) => Number(BigInt.asIntN(32, BigInt(text))),
};

/**
 * As Java shows a map. One that is sorted is written in its order (Hadoop's own shows a number for it, which says nothing);
 * the other has that of a HashMap.
 */
function mapText(reader: ByteReader, hashed: boolean): string {
  const classes = new Map(NUMBERED.map(([number, name]) => [number, IO + name]));
  for (let left = reader.byte(); left > 0; left--) {
    const number = reader.byte();
    classes.set(number, reader.take(reader.short()).toString('utf8'));
  }
  const next = (): readonly [name: string, text: string] => {
    const number = reader.byte();
    const name = classes.get(number);
    if (name === undefined) throw broken(`A map names the class ${number}, which it does not tell of`);
    return [name, writableOf(name)(reader)];
  };
  const entries = new Map<string, string>();
  const hashes = new Map<string, number>();
  for (let left = reader.int(); left > 0; left--) {
    const [name, key] = next();
    const hash = Object.hasOwn(HASHES, name.slice(IO.length)) ? HASHES[name.slice(IO.length)] : undefined;
    if (hashed && hash === undefined) throw new HdfsError('EUNSUPPORTED', `keys of ${name} in a map are not shown here`);
    hashes.set(key, hash?.(key) ?? 0);
    entries.set(key, next()[1]);
  }
  const keys = [...entries.keys()];
  const order = hashed ? hashOrder(keys, (key) => hashes.get(key) ?? 0, FIRST_BUCKETS) : keys;
  return `{${order.map((key) => `${key}=${entries.get(key)}`).join(', ')}}`;
}

/** How a value of this class is read and shown. */
export function writableOf(name: string): Show {
  const short = name.startsWith(IO) ? name.slice(IO.length) : '';
  const show = Object.hasOwn(WRITABLES, short) ? WRITABLES[short] : undefined;
  if (show === undefined) throw new HdfsError('EUNSUPPORTED', `values of ${name} can be shown by their Java class alone`);
  return show;
}
