// Everything that a source gives into one file, and its end; or nothing that anybody may take for the whole.
import { untilAborted } from '../base/unless-aborted.ts';
import type { FileWriter } from './file-writer.ts';

export type FileData = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

export async function writeAll(writer: FileWriter, data: FileData, signal: AbortSignal | undefined): Promise<void> {
  const abort = (): void => writer.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of untilAborted(chunksOf(data), signal)) {
      await writer.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    }
    await writer.close(signal);
  } catch (error) {
    writer.abort(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function chunksOf(data: FileData): Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> {
  return typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
}
