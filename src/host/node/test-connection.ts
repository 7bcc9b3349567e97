// What tests of connections share.
import type { Connection } from '../host.ts';

/** Everything that comes until the other side ends. */
export function received(connection: Connection): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    connection.start({
      onData: (chunk) => void chunks.push(chunk),
      onEnd: () => resolve(Buffer.concat(chunks)),
      onClose: (error) => reject(error ?? new Error('closed before its end')),
    });
  });
}
