// Accepted sockets that read into one reused buffer. Node offers `onread` only to sockets that connect; an accepted one
// gets it by building a second Socket over its handle, which is private. So it is tried once over loopback before it is
// used, and where it does not work, ordinary reads take its place.
import net from 'node:net';

interface HandleOwner {
  _handle: unknown;
}

/** `onread` is public, though the types know it only where a socket connects at once. */
export interface SlabSocketOptions extends net.SocketConstructorOpts {
  onread?: net.OnReadOpts;
}

interface PrivateSocketOptions extends SlabSocketOptions {
  readonly handle: unknown;
  readonly pauseOnCreate: boolean;
}

/** The accepted (paused) socket again, reading into what `onread` gives; `accepted` is dead afterwards. */
export function adoptWithSlab(accepted: net.Socket, onread: net.OnReadOpts): net.Socket {
  const owner = accepted as unknown as HandleOwner;
  const options: PrivateSocketOptions = {
    handle: owner._handle,
    pauseOnCreate: true,
    allowHalfOpen: true,
    onread,
  };
  const socket = new net.Socket(options);
  owner._handle = null;
  return socket;
}

/** The kernel is asked for data only once there is some: a read starts and ends within one callback. */
export const READS_WHEN_ASKED = process.platform !== 'win32';

const slabs = new Map<number, Buffer>();

/** The buffer of `bytes` that sockets read into. Where reads end at once, all share one, and it stays in the processor's cache. */
export function slabOf(bytes: number): Buffer {
  if (!READS_WHEN_ASKED) return Buffer.allocUnsafeSlow(bytes);
  let slab = slabs.get(bytes);
  if (slab === undefined) {
    slab = Buffer.allocUnsafeSlow(bytes);
    slabs.set(bytes, slab);
  }
  return slab;
}

const PROBE_TIMEOUT_MS = 2000;

async function probe(): Promise<boolean> {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true });
  const client = new net.Socket();
  let adopted: net.Socket | undefined;
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
      const answer = (works: boolean): void => {
        clearTimeout(timer);
        resolve(works);
      };
      // Each read goes to another place.
      const rooms = [Buffer.alloc(2), Buffer.alloc(64)];
      let next = 0;
      let seen = '';
      server.on('error', () => answer(false));
      server.on('connection', (accepted) => {
        try {
          adopted = adoptWithSlab(accepted, {
            buffer: () => rooms[next++ % rooms.length] as Buffer,
            callback: (bytes, room) => {
              if (room !== rooms[(next - 1) % rooms.length]) answer(false);
              seen += Buffer.from(room).toString('latin1', 0, bytes);
              if (seen.length === 4) adopted?.write(seen);
              return true;
            },
          });
          adopted.on('error', () => answer(false));
          adopted.on('end', () => answer(seen === 'ping'));
          adopted.resume();
        } catch {
          answer(false); // the private door is shut in this version of Node: ordinary reads serve
        }
      });
      client.on('error', () => answer(false));
      client.on('data', (chunk) => {
        if (chunk.toString('latin1') !== 'ping') answer(false);
        client.end();
      });
      server.listen(0, '127.0.0.1', () => {
        const address = server.address() as net.AddressInfo;
        client.connect(address.port, '127.0.0.1', () => client.write('ping'));
      });
    });
  } finally {
    client.destroy();
    adopted?.destroy();
    server.close();
  }
}

let tested: Promise<boolean> | undefined;

/** Whether adoptWithSlab works in this Node; asked once for each process. */
export function slabsWork(): Promise<boolean> {
  tested ??= probe();
  return tested;
}
