// A page of a daemon's web server, as a whole and bounded.
import { HdfsError } from '../../base/errors.ts';
import type { Host } from '../../host/host.ts';

/** Throws HdfsError where the page is longer than `maxBytes`. */
export async function readPage(
  host: Host,
  url: string,
  { maxBytes, timeoutMs }: { readonly maxBytes: number; readonly timeoutMs?: number | undefined },
): Promise<{ readonly status: number; readonly text: string }> {
  const { status, body } = await host.http.request(url, timeoutMs === undefined ? undefined : { timeoutMs });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new HdfsError('EIO', `${url} answers more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return { status, text: Buffer.concat(chunks).toString('utf8') };
}
