// Writers of what goes out on a connection: how they are sent, and which of them serve again.
import type { Connection } from '../host/host.ts';
import type { ProtoWriter } from '../wire/protobuf/writer.ts';

/** A writer that has grown beyond this is not kept for the next turn. */
export const MAX_KEPT_WRITER_BYTES = 1024 * 1024;
/** Most of what is sent is shorter; a writer grows when it is not. */
export const FRESH_WRITER_BYTES = 4096;

/** Sends what was written. True: its memory may serve again; false: it must not change until it is sent. */
export function sendWritten(socket: Connection, writer: ProtoWriter): boolean {
  // A socket that owes nothing nearly always takes all at once.
  if (socket.queuedBytes === 0) return socket.lend(writer.view());
  socket.write(writer.toBuffer());
  return true;
}
