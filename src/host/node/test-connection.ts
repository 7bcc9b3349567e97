// What tests of connections share.
import { createRequire } from 'node:module';
import type { Connection, ConnectOptions, Listener, Net } from '../host.ts';

/** The library is optional, as a machine may have no build of it; npm installs it where there is one. Tests are skipped then. */
export const hasKernelLibrary = ((): boolean => {
  try {
    createRequire(import.meta.url).resolve(`@koromix/koffi-linux-${process.arch}`);
    return true;
  } catch {
    return false;
  }
})();

export interface Pair {
  readonly listener: Listener;
  /** The end that connected, and the one that was accepted; neither is started. */
  readonly client: Connection;
  readonly server: Connection;
}

/** Two ends of a connection over loopback. */
export async function pairOf(net: Net, options: Pick<ConnectOptions, 'isBulk'> = {}): Promise<Pair> {
  let accept: (connection: Connection) => void = () => undefined;
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  const listener = await net.listen({ ...options, host: '127.0.0.1', port: 0 }, (connection) => accept(connection));
  const client = await net.connect({ ...options, host: '127.0.0.1', port: listener.address.port });
  return { listener, client, server: await accepted };
}

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
