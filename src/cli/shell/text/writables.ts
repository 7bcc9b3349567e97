// Hadoop's Writables that stand in SequenceFiles, as their toString shows them, by class.
import { HdfsError } from '../../../base/errors.ts';
import type { ByteReader } from './byte-source.ts';
import { javaDouble, javaFloat } from './java-number.ts';

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
  MD5Hash: (reader) => hex(reader.take(16)),
  NullWritable: () => '(null)',
  ShortWritable: (reader) => String(reader.short()),
  Text: (reader) => reader.take(reader.vint()).toString('utf8'),
  VIntWritable: (reader) => String(reader.vint()),
  VLongWritable: (reader) => String(reader.vlong()),
};

/** How a value of this class is read and shown. */
export function writableOf(name: string): Show {
  const short = name.startsWith(IO) ? name.slice(IO.length) : '';
  const show = Object.hasOwn(WRITABLES, short) ? WRITABLES[short] : undefined;
  if (show === undefined) throw new HdfsError('EUNSUPPORTED', `values of ${name} can be shown by their Java class alone`);
  return show;
}
