// Accepted sockets that read into one reused buffer. Node offers `onread` only to sockets that connect; an accepted one
// gets it by building a second Socket over its handle, which is private. So it is tried once over loopback before it is
// used, and where it does not work, ordinary reads take its place.
import net from 'node:net';

interface HandleOwner {
  _handle: unknown;
}

/** Where reads go. `buffer` is asked after each; without an answer it stays where it was, which spares a call. */
export interface ReadsInto {
  buffer(): Uint8Array | undefined;
  callback(bytes: number, room: Uint8Array): boolean;
}

/** `onread` is public, though the types know it only where a socket connects at once. */
export interface SlabSocketOptions extends net.SocketConstructorOpts {
  onread?: ReadsInto;
}

interface PrivateSocketOptions extends SlabSocketOptions {
  readonly handle: unknown;
  readonly pauseOnCreate: boolean;
}

/** The accepted (paused) socket again, reading into what `onread` gives; `accepted` is dead afterwards. */
export function adoptWithSlab(accepted: net.Socket, onread: ReadsInto): net.Socket {
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

/** Reads of up to this many bytes share their views. */
const LONGEST_KEPT_VIEW = 1024;

/** A buffer that reads go to, one after the other. */
export class Slab {
  readonly buffer: Buffer;
  private readonly views: (Buffer | undefined)[] = [];

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** Its first bytes. Most requests are as long as one before them, and a view of those is there already. */
  beginning(bytes: number): Buffer {
    if (bytes > LONGEST_KEPT_VIEW) return this.buffer.subarray(0, bytes);
    const kept = this.views[bytes];
    if (kept !== undefined) return kept;
    const view = this.buffer.subarray(0, bytes);
    this.views[bytes] = view;
    return view;
  }
}

const slabs = new Map<number, Slab>();

/** The slab of `bytes` that sockets read into. Where reads end at once, all share one, and it stays in the processor's cache. */
export function slabOf(bytes: number): Slab {
  if (!READS_WHEN_ASKED) return new Slab(bytes);
  let slab = slabs.get(bytes);
  if (slab === undefined) {
    slab = new Slab(bytes);
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
      // Two reads go to one place, the third to another.
      const rooms = [Buffer.alloc(2), undefined, Buffer.alloc(64)];
      let reads = 0;
      let seen = '';
      server.on('error', () => answer(false));
      server.on('connection', (accepted) => {
        try {
          adopted = adoptWithSlab(accepted, {
            buffer: () => rooms[reads],
            callback: (bytes, room) => {
              if (room !== (rooms[reads] ?? rooms[0])) answer(false);
              reads++;
              seen += Buffer.from(room).toString('latin1', 0, bytes);
              if (seen.length === 6) adopted?.write(seen);
              return true;
            },
          });
          adopted.on('error', () => answer(false));
          adopted.on('end', () => answer(seen === 'thrice'));
          adopted.resume();
        } catch {
          answer(false); // the private door is shut in this version of Node: ordinary reads serve
        }
      });
      client.on('error', () => answer(false));
      client.on('data', (chunk) => {
        if (chunk.toString('latin1') !== 'thrice') answer(false);
        client.end();
      });
      server.listen(0, '127.0.0.1', () => {
        const address = server.address() as net.AddressInfo;
        client.connect(address.port, '127.0.0.1', () => client.write('thrice'));
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
