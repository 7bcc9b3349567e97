// Writes that go to the kernel past the stream around a socket. While a socket owes nothing, Node's stream only keeps
// books: a request object for each write, an account of what is queued, and a tick of its own afterwards, which together
// take longer than a short call does. What the kernel does not take at once stays with libuv, as a write of the stream
// would, and what the stream writes later comes behind it. The handle is private: it is tried once over loopback before it
// is used, and where it does not work, the stream writes everything.
import net from 'node:net';
import { getSystemErrorName } from 'node:util';

/** What Node hands to libuv with the bytes of a write. The kernel's having taken all at once leaves it unused. */
export interface WriteRequest {
  /** -1 while it is unused. */
  getAsyncId(): number;
  oncomplete?: (status: number) => void;
  /** Keeps the bytes while they are on their way. */
  bytes?: Uint8Array;
}

type WriteRequestClass = new () => WriteRequest;

interface StreamHandle {
  /** 0, or the number of an error. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

interface HandleOwner {
  /** Null once the socket is destroyed. */
  readonly _handle: StreamHandle | null;
}

const UNUSED = -1;

const writeError = (status: number): Error => {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' });
};

export class DirectWriter {
  /** Bytes of ours that the kernel has not taken yet: while there are some, the stream writes. */
  pendingBytes = 0;
  private readonly socket: net.Socket;
  private readonly requests: RequestPool;
  private readonly onTaken: () => void;
  private waiting: ((error?: Error) => void)[] = [];

  constructor(socket: net.Socket, requests: RequestPool, onTaken: () => void) {
    this.socket = socket;
    this.requests = requests;
    this.onTaken = onTaken;
  }

  /** Takes all of the chunk; false: it cannot, and the stream has to. A chunk that is pending must not change. */
  write(chunk: Uint8Array): boolean {
    const { socket } = this;
    const handle = (socket as unknown as HandleOwner)._handle;
    if (this.pendingBytes > 0 || handle === null || socket.writableLength > 0) return false;
    const { requests } = this;
    const status = handle.writeBuffer(requests.next, chunk);
    // What is queued does not tell whether the request is in use. Where the kernel had no room, and has it when libuv tries once
    // more, nothing is queued, and the request is out until libuv says so: a second write with it would abort the process.
    if (status !== 0) socket.destroy(writeError(status));
    else if (requests.next.getAsyncId() !== UNUSED) this.await(requests.take(), chunk);
    return true;
  }

  private await(request: WriteRequest, chunk: Uint8Array): void {
    this.pendingBytes = chunk.length;
    request.bytes = chunk;
    request.oncomplete = (status) => {
      this.pendingBytes = 0;
      const error = status < 0 ? writeError(status) : undefined;
      if (error !== undefined) this.socket.destroy(error);
      for (const fn of this.waiting.splice(0)) fn(error);
      this.onTaken();
    };
  }

  /** Calls back once nothing is pending any more. */
  whenTaken(fn: (error?: Error) => void): void {
    this.waiting.push(fn);
  }
}

/** One unused request serves all writes until one of them has to wait. */
export class RequestPool {
  next: WriteRequest;
  private readonly make: WriteRequestClass;

  constructor(make: WriteRequestClass) {
    this.make = make;
    this.next = new make();
  }

  take(): WriteRequest {
    const taken = this.next;
    this.next = new this.make();
    return taken;
  }
}

const PROBE_TIMEOUT_MS = 2000;

/** The class of requests, from a write of Node's own. */
function classOfRequests(socket: net.Socket): Promise<WriteRequestClass> {
  return new Promise((resolve) => {
    const handle = (socket as unknown as HandleOwner)._handle as StreamHandle;
    const { writeBuffer } = handle;
    handle.writeBuffer = (request, bytes) => {
      Reflect.deleteProperty(handle, 'writeBuffer');
      resolve(request.constructor as WriteRequestClass);
      return writeBuffer.call(handle, request, bytes);
    };
    socket.write(Buffer.from('p'));
  });
}

async function probe(): Promise<RequestPool | undefined> {
  const server = net.createServer();
  const [first, second] = [new net.Socket(), new net.Socket()];
  try {
    return await new Promise<RequestPool | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), PROBE_TIMEOUT_MS);
      const answer = (works: RequestPool | undefined): void => {
        clearTimeout(timer);
        resolve(works);
      };
      let requests: RequestPool | undefined;
      let isTaken = false;
      const seen: string[] = [];
      server.on('connection', (accepted) => {
        let text = '';
        accepted.setEncoding('latin1');
        accepted.on('data', (chunk: string) => {
          text += chunk;
        });
        accepted.on('error', () => answer(undefined));
        accepted.on('end', () => {
          if (seen.push(text) === 2) answer(isTaken && seen.sort().join() === 'last,ping' ? requests : undefined);
        });
      });
      const tryIt = async (port: number): Promise<void> => {
        requests = new RequestPool(await classOfRequests(first));
        // Two with one request, since the kernel takes both at once.
        const atOnce = new DirectWriter(first, requests, () => answer(undefined));
        for (const text of ['in', 'g']) if (!atOnce.write(Buffer.from(text))) answer(undefined);
        if (atOnce.pendingBytes !== 0) answer(undefined);
        first.end();
        // Nothing leaves before a socket is connected, so this one has to wait, and the stream's write behind it.
        second.connect(port, '127.0.0.1');
        process.nextTick(() => {
          const later = new DirectWriter(second, requests as RequestPool, () => {
            isTaken = later.pendingBytes === 0;
          });
          if (!later.write(Buffer.from('la')) || later.pendingBytes !== 2) answer(undefined);
          second.end('st');
        });
      };
      for (const socket of [server, first, second]) socket.on('error', () => answer(undefined));
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as net.AddressInfo;
        first.connect(port, '127.0.0.1', () => {
          tryIt(port).catch(() => answer(undefined)); // the private door is shut in this version of Node: the stream writes
        });
      });
    });
  } finally {
    first.destroy();
    second.destroy();
    server.close();
  }
}

let tested: Promise<RequestPool | undefined> | undefined;

/** What DirectWriter needs, or undefined where it does not work in this Node; asked once for each process. */
export function directWrites(): Promise<RequestPool | undefined> {
  tested ??= probe();
  return tested;
}
