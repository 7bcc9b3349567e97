// The connection from a DataNode of a pipeline to the next: opened with the operation's header, fed with the packets as
// they came, read for acknowledgements. What a failure means is the receiver's to decide.
import type { Clock, Connection, Net } from '../../host/host.ts';
import { ByteSource } from '../../transfer/byte-source.ts';
import type { DatanodeInfoProto } from '../../wire/messages/hdfs.ts';
import type { Counters } from './counters.ts';
import { givePacketMemory, takePacketMemory } from './packet-memory.ts';

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
  readonly counters: Counters;
  /** Told how long packets took until the kernel had them, where that is wanted. */
  readonly sent: ((ms: number) => void) | undefined;
}

export class Mirror {
  readonly source: ByteSource;
  readonly name: string;
  private readonly connection: Connection;
  private readonly watch: MirrorWatch;
  /** Buffers of which the kernel has not taken everything. */
  private held: Buffer[] = [];

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
   * Sends a copy of so many packets, which lie in these ranges. A promise: the next node is behind, hold the sender back until
   * it is settled.
   */
  forward(ranges: readonly Buffer[], packets: number): Promise<void> | undefined {
    const { connection } = this;
    this.giveBack();
    let length = 0;
    for (const range of ranges) length += range.length;
    const buffer = takePacketMemory(length);
    let at = 0;
    for (const range of ranges) at += range.copy(buffer, at);
    const { sent, clock } = this.watch;
    const beganMs = clock.monotonic();
    connection.write(buffer.subarray(0, length));
    if (sent !== undefined && !connection.destroyed) {
      if (connection.queuedBytes === 0) sent(clock.monotonic() - beganMs);
      else connection.flushed(() => sent(clock.monotonic() - beganMs));
    }
    if (connection.queuedBytes === 0 && !connection.destroyed) {
      givePacketMemory(buffer);
      return undefined;
    }
    if (this.waiting === 0) {
      this.waitingSinceMs = beganMs;
      connection.flushed(this.taken);
    }
    this.waiting += packets;
    this.held.push(buffer);
    return connection.queuedBytes > MAX_QUEUED_BYTES ? this.source.drained() : undefined;
  }

  private readonly taken = (): void => {
    const { clock, counters } = this.watch;
    if (clock.monotonic() - this.waitingSinceMs > counters.slowMs) counters.slowMirrorPackets += this.waiting;
    this.waiting = 0;
  };

  /** Once the kernel has taken everything, the buffers serve again. */
  private giveBack(): void {
    if (this.held.length === 0 || this.connection.queuedBytes > 0 || this.connection.destroyed) return;
    for (const buffer of this.held) givePacketMemory(buffer);
    this.held = [];
  }

  close(): void {
    this.giveBack();
    this.connection.destroy();
  }
}
