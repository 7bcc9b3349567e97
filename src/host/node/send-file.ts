// Bytes of files that go to a peer without passing by this process: the kernel gives the socket the pages that it has of the
// file. Node has no call for that, so the kernel's is made (kernel-library.ts), in the thread pool, since the file's disk may be
// slow. It is tried once over loopback before it is used; where it does not work, files are read and written as ever.
import fs from 'node:fs';
import net from 'node:net';
import type { FileSender } from '../host.ts';
import {
  descriptorOf,
  fromKernelLibrary,
  IPPROTO_TCP,
  type KernelLibrary,
  type SetSocketOption,
  socketOption,
} from './kernel-library.ts';

/** Linux's numbers. */
const F_DUPFD_CLOEXEC = 1030;
const TCP_CORK = 3;

interface Calls {
  /** A second number for a descriptor; below 0 when there is none. */
  duplicate(descriptor: number, command: number, type: 'int', least: number): number;
  readonly setOption: SetSocketOption;
  readonly send: {
    async(socket: number, file: number, position: Buffer, length: number, done: (error: unknown, sent: number) => void): void;
  };
}

/** Makes senders for sockets. */
export class FileSending {
  private readonly calls: Calls;

  constructor(calls: Calls) {
    this.calls = calls;
  }

  /** undefined: the socket is closed, or there are too many open files. */
  senderTo(socket: net.Socket): FileSender | undefined {
    const descriptor = descriptorOf(socket);
    if (descriptor === undefined) return undefined;
    // Of its own: the socket may be closed, and its number be another's, while the kernel still sends.
    const own = this.calls.duplicate(descriptor, F_DUPFD_CLOEXEC, 'int', 0);
    return own < 0 ? undefined : new NodeFileSender(this.calls, own);
  }
}

class NodeFileSender implements FileSender {
  private readonly calls: Calls;
  private readonly socket: number;
  /** Where the kernel reads from next, as it wants it. */
  private readonly position = Buffer.alloc(8);

  constructor(calls: Calls, socket: number) {
    this.calls = calls;
    this.socket = socket;
    this.holdBack(true);
  }

  /** A few bytes that are written wait for those of a file behind them, so that the peer is not woken for them alone. */
  private holdBack(on: boolean): void {
    const value = Buffer.alloc(4);
    value.writeInt32LE(on ? 1 : 0);
    this.calls.setOption(this.socket, IPPROTO_TCP, TCP_CORK, value, value.length);
  }

  send(file: number, position: number, length: number): Promise<number> {
    this.position.writeUInt32LE(position % 0x1_0000_0000, 0);
    this.position.writeUInt32LE(Math.floor(position / 0x1_0000_0000), 4);
    return new Promise((resolve) => {
      this.calls.send.async(this.socket, file, this.position, length, (error, sent) => {
        resolve(error === null ? Math.max(0, sent) : 0);
      });
    });
  }

  close(): void {
    this.holdBack(false);
    fs.closeSync(this.socket);
  }
}

const callsOf = (library: KernelLibrary): Calls => ({
  duplicate: library.func('int fcntl(int descriptor, int command, ...)') as Calls['duplicate'],
  setOption: socketOption(library),
  send: library.func('long sendfile64(int socket, int file, void *position, size_t length)') as Calls['send'],
});

const PROBE_TIMEOUT_MS = 2000;
const PROBE_BYTES = 64 * 1024;
const PROBE_POSITION = 4097;

/** Sends a piece of Node's own program, between two that are written. */
async function probe(): Promise<FileSending | undefined> {
  const calls = fromKernelLibrary(callsOf);
  if (calls === undefined) return undefined;
  const sending = new FileSending(calls);
  const file = fs.openSync(process.execPath, 'r');
  const piece = Buffer.alloc(PROBE_BYTES);
  fs.readSync(file, piece, 0, PROBE_BYTES, PROBE_POSITION);
  const expected = Buffer.concat([Buffer.from('before'), piece, Buffer.from('behind')]);
  const server = net.createServer();
  const client = new net.Socket();
  let sender: FileSender | undefined;
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), PROBE_TIMEOUT_MS);
      const answer = (works: boolean): void => {
        clearTimeout(timer);
        resolve(works ? sending : undefined);
      };
      const send = async (socket: net.Socket): Promise<void> => {
        sender = sending.senderTo(socket);
        if (sender === undefined) throw new Error('there is no second descriptor');
        for (let done = 0; done < PROBE_BYTES; ) {
          const sent = await sender.send(file, PROBE_POSITION + done, PROBE_BYTES - done);
          if (sent === 0) throw new Error('nothing was sent');
          done += sent;
        }
        socket.end('behind');
      };
      server.on('connection', (socket) => {
        socket.on('error', () => answer(false));
        socket.write('before', () => {
          send(socket).catch(() => answer(false)); // it does not work here: reading and writing remain
        });
      });
      const chunks: Buffer[] = [];
      client.on('data', (chunk) => void chunks.push(chunk));
      client.on('end', () => answer(Buffer.concat(chunks).equals(expected)));
      for (const socket of [server, client]) socket.on('error', () => answer(false));
      server.listen(0, '127.0.0.1', () => client.connect((server.address() as net.AddressInfo).port, '127.0.0.1'));
    });
  } finally {
    sender?.close();
    client.destroy();
    server.close();
    fs.closeSync(file);
  }
}

let tested: Promise<FileSending | undefined> | undefined;

/** The kernel's way, or undefined where it does not work; asked once for each process, when it is first wanted. */
export function fileSending(): Promise<FileSending | undefined> {
  tested ??= probe();
  return tested;
}
