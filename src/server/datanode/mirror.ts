// The connection from a DataNode of a pipeline to the next: opened with the operation's header, fed with the packets as
// they came, read for acknowledgements. What a failure means is the receiver's to decide.
import type { Clock, Connection, Net } from '../../host/host.ts';
import { ByteSource } from '../../transfer/byte-source.ts';
import type { DatanodeInfoProto } from '../../wire/messages/hdfs.ts';
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

export class Mirror {
  readonly source: ByteSource;
  readonly name: string;
  private readonly connection: Connection;
  private readonly sent: { readonly clock: Clock; tell(ms: number): void } | undefined;
  /** Buffers of which the kernel has not taken everything. */
  private held: Buffer[] = [];

  /** `sent`: told how long packets took until the kernel had them. */
  constructor(source: ByteSource, name: string, sent?: { readonly clock: Clock; tell(ms: number): void }) {
    this.source = source;
    this.name = name;
    this.sent = sent;
    this.connection = source.connection;
  }

  get broken(): boolean {
    return this.connection.destroyed || this.source.closed;
  }

  /** Sends a copy of the packets. A promise: the next node is behind, hold the sender back until it is settled. */
  forward(packets: readonly Buffer[]): Promise<void> | undefined {
    const { connection } = this;
    this.giveBack();
    let length = 0;
    for (const packet of packets) length += packet.length;
    const buffer = takePacketMemory(length);
    let at = 0;
    for (const packet of packets) at += packet.copy(buffer, at);
    const { sent } = this;
    const beganMs = sent?.clock.monotonic() ?? 0;
    connection.write(buffer.subarray(0, length));
    if (sent !== undefined && !connection.destroyed) {
      if (connection.queuedBytes === 0) sent.tell(sent.clock.monotonic() - beganMs);
      else connection.flushed(() => sent.tell(sent.clock.monotonic() - beganMs));
    }
    if (connection.queuedBytes === 0 && !connection.destroyed) {
      givePacketMemory(buffer);
      return undefined;
    }
    this.held.push(buffer);
    return connection.queuedBytes > MAX_QUEUED_BYTES ? this.source.drained() : undefined;
  }

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
