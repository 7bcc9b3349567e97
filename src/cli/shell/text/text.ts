// What `text` shows of a file: unpacked, or as lines, by its first bytes, or by its name. Apache: Display.Text.

import { codecOfName, GZIP } from '../../../format/codec/codecs.ts';
import type { ShellFileSystem } from '../file-system.ts';
import { avroFileText } from './avro-file.ts';
import { sequenceFileText } from './sequence-file.ts';

const MAGIC_BYTES = 3;

export async function textOf(fs: ShellFileSystem, path: string): Promise<AsyncIterable<Uint8Array>> {
  const first: Uint8Array[] = [];
  for await (const chunk of fs.read(path, 0, MAGIC_BYTES - 1)) first.push(chunk);
  const magic = Buffer.concat(first).toString('latin1');
  const content = (): AsyncIterable<Uint8Array> => fs.read(path);
  // One byte is no sign of anything.
  if (magic.length < 2) return content();
  if (magic.startsWith('\x1f\x8b')) return GZIP.stream(content());
  if (magic === 'SEQ') return sequenceFileText(content());
  if (magic === 'Obj') return avroFileText(content());
  if (magic.startsWith('Ob')) return content();
  return codecOfName(path)?.stream(content()) ?? content();
}
