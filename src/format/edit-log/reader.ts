// Reads a whole edit log segment from a source of chunks, in batches: the loop around decoder.ts.
import { assert } from '../../base/assert.ts';
import { EditDecoder, type EditDecoderOptions, type EditLogEnd, type EditRecord } from './decoder.ts';

/** Records handed out together at most, so that who applies them can yield between. */
const BATCH_RECORDS = 512;

/** Yields batches of records and returns how the log ends. Chunks may be reused once the next one is asked for. */
export async function* readEditLog(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: EditDecoderOptions = {},
): AsyncGenerator<readonly EditRecord[], EditLogEnd> {
  const decoder = new EditDecoder(options);
  for await (const chunk of source) {
    decoder.push(chunk);
    yield* drain(decoder);
    if (decoder.result !== undefined) return decoder.result;
  }
  decoder.finish();
  yield* drain(decoder);
  return resultOf(decoder);
}

/** The same over bytes in memory. */
export function readEditLogBytes(
  bytes: Uint8Array,
  options: EditDecoderOptions = {},
): { readonly records: readonly EditRecord[]; readonly end: EditLogEnd } {
  const decoder = new EditDecoder(options);
  decoder.push(bytes);
  decoder.finish();
  const records: EditRecord[] = [];
  for (const batch of drain(decoder)) records.push(...batch);
  return { records, end: resultOf(decoder) };
}

function* drain(decoder: EditDecoder): Generator<readonly EditRecord[]> {
  let batch: EditRecord[] = [];
  for (let record = decoder.next(); record !== undefined; record = decoder.next()) {
    batch.push(record);
    if (batch.length < BATCH_RECORDS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function resultOf(decoder: EditDecoder): EditLogEnd {
  const { result } = decoder;
  assert(result !== undefined, 'after the end of the source the decoder knows how the log ends');
  return result;
}
