// The connection from a DataNode of a pipeline to the next: opened with the operation's header, fed with the packets as
// they came, read for acknowledgements. What a failure means is the receiver's to decide.
import type { Clock, Connection, Net } from '../../host/host.ts';
import { ByteSource } from '../../transfer/byte-source.ts';
import type { DatanodeInfoProto } from '../../wire/messages/hdfs.ts';
import { HELD_BYTES, type PacketMemory } from './packet-memory.ts';
import type { SlowIo } from './slow-io.ts';

/** Bytes that may wait for the next node before the sender is held back. */
const MAX_QUEUED_BYTES = 1024 * 1024;
const SLAB_BYTES = 16 * 1024;
/** Apache: HdfsConstants.READ_TIMEOUT_EXTENSION, for each node after this one. */
export const READ_TIMEOUT_EXTENSION_MS = 5000;

/** `IP:port` under which Apache's clients know a node in error messages. */
export const transferAddress = (node: DatanodeInfoProto): string => `${node.id?.ipAddr}:${node.id?.xferPort}`;

/** Opens a connection to a DataNode for data. */
export async function connectToDataNode(
  net: Net,
  clock: Clock,
  node: DatanodeInfoProto,
  options: {
    readonly useHostname: boolean;
    readonly timeoutMs: number;
    readonly localAddress?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ByteSource> {
  const host = options.useHostname ? node.id?.hostName : node.id?.ipAddr;
  const connection = await net.connect({
    host: host ?? '',
    port: node.id?.xferPort ?? 0,
    timeoutMs: options.timeoutMs,
    slabBytes: SLAB_BYTES,
    isBulk: true,
    localAddress: options.localAddress,
    signal: options.signal,
  });
  connection.setNoDelay(true);
  connection.setKeepAlive(true);
  const source = new ByteSource(connection, { borrowedChunks: true, clock });
  source.timeoutMs = options.timeoutMs;
  return source.start();
}

export interface MirrorWatch {
  readonly clock: Clock;
  /** Told how long packets took until the kernel had them, where that is wanted. */
  readonly sent: ((ms: number) => void) | undefined;
}

/** Packets that lie behind one another. */
export interface PacketPiece {
  readonly bytes: Buffer;
  readonly memory: PacketMemory;
}

export class Mirror {
  readonly source: ByteSource;
  readonly name: string;
  private readonly connection: Connection;
  private readonly watch: MirrorWatch;
  /** Memory of which the kernel has not taken everything. */
  private held: PacketMemory[] = [];
  /** Told how long packets waited for the next node. */
  slow: SlowIo | undefined;
  /** Packets that wait for the next node to take them, and since when. */
  private waiting = 0;
  private waitingSinceMs = 0;

  constructor(source: ByteSource, name: string, watch: MirrorWatch) {
    this.source = source;
    this.name = name;
    this.watch = watch;
    this.connection = source.connection;
  }

  get broken(): boolean {
    return this.connection.destroyed || this.source.closed;
  }

  /**
   * Sends so many packets, each piece from the memory that it lies in. A promise: the next node is behind, hold the sender
   * back until it is settled.
   */
  forward(pieces: readonly PacketPiece[], packets: number): Promise<void> | undefined {
    const { connection } = this;
    const { sent, clock } = this.watch;
    this.giveBack();
    const beganMs = sent === undefined ? 0 : clock.monotonic();
    for (const { bytes, memory } of pieces) {
      if (bytes.length < HELD_BYTES && connection.queuedBytes > 0) {
        connection.write(Buffer.from(bytes));
        continue;
      }
      if (connection.lend(bytes)) continue;
      memory.hold();
      this.held.push(memory);
    }
    if (sent !== undefined && !connection.destroyed) {
      if (connection.queuedBytes === 0) sent(clock.monotonic() - beganMs);
      else connection.flushed(() => sent(clock.monotonic() - beganMs));
    }
    if (connection.queuedBytes === 0) return undefined;
    if (this.waiting === 0) {
      this.waitingSinceMs = clock.monotonic();
      connection.flushed(this.taken);
    }
    this.waiting += packets;
    return connection.queuedBytes > MAX_QUEUED_BYTES ? this.source.drained() : undefined;
  }

  private readonly taken = (): void => {
    this.slow?.forwarded(this.waiting, this.watch.clock.monotonic() - this.waitingSinceMs);
    this.waiting = 0;
  };

  /** Lets go of the memory once the kernel has taken everything; of a connection that broke it may still be reading. */
  private giveBack(): void {
    if (this.held.length === 0 || this.connection.queuedBytes > 0 || this.connection.destroyed) return;
    for (const memory of this.held) memory.release();
    this.held = [];
  }

  close(): void {
    this.giveBack();
    this.connection.destroy();
  }
}
