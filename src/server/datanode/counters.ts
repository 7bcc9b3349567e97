// What a DataNode has done since it was started, counted where it happens: for heartbeats, /jmx, /prom and /metrics. On the
// path of packets a number is added to and nothing is made. Shown by activity-beans.ts. Apache: DataNodeMetrics.
import { Rate } from '../../base/timing.ts';
import type { Clock } from '../../host/host.ts';

/** Hosts whose errors are told apart. */
const MAX_HOSTS = 1000;
const NANOS = 1e6;

export class Counters {
  /** Packets, syncs and acknowledgements that take longer are slow: dfs.datanode.slow.io.warning.threshold.ms. */
  slowMs: number;

  constructor(slowMs = Number.POSITIVE_INFINITY) {
    this.slowMs = slowMs;
  }

  // What is under way.
  activeTransfers = 0;
  /** Connections whose first operation is a read, a write. */
  activeReads = 0;
  activeWrites = 0;
  /** Blocks that come in and are acknowledged. */
  responders = 0;
  recoveries = 0;
  /** Replicas being sent to other DataNodes. */
  transfersOut = 0;
  /** Orders of NameNodes that wait for their turn. */
  waitingOrders = 0;

  // Bytes and blocks.
  bytesWritten = 0;
  /** With checksums, as Apache counts them. */
  bytesRead = 0;
  blocksWritten = 0;
  blocksRead = 0;
  blocksReplicated = 0;
  blocksVerified = 0;
  verificationFailures = 0;
  readMs = 0;
  writeMs = 0;
  readsLocal = 0;
  readsRemote = 0;
  remoteBytesRead = 0;
  writesLocal = 0;
  writesRemote = 0;
  remoteBytesWritten = 0;
  readonly readRate = new Rate();

  // Operations, in milliseconds.
  readonly readBlock = new Rate();
  readonly writeBlock = new Rate();
  readonly blockChecksum = new Rate();
  readonly createRbw = new Rate();
  readonly recoverRbw = new Rate();
  readonly convertToRbw = new Rate();
  readonly createTemporary = new Rate();
  readonly finalize = new Rate();
  readonly unfinalize = new Rate();
  readonly reconcile = new Rate();
  readonly finishRecovery = new Rate();
  /** Wall clock, milliseconds; 0: none has ended. */
  directoryScanEndedAt = 0;

  // Packets, in nanoseconds.
  packetsReceived = 0;
  slowMirrorPackets = 0;
  slowDiskPackets = 0;
  slowSyncs = 0;
  slowAcks = 0;
  syncs = 0;
  readonly writeNanos = new Rate();
  readonly syncNanos = new Rate();
  readonly ackNanos = new Rate();
  readonly sendBlockedNanos = new Rate();
  readonly sendTransferNanos = new Rate();

  // NameNodes, in milliseconds.
  readonly heartbeats = new Rate();
  readonly turnsWithHeartbeat = new Rate();
  readonly lifelines = new Rate();
  readonly fullReports = new Rate();
  readonly fullReportsMade = new Rate();
  readonly incrementalReports = new Rate();
  readonly orders = new Rate();

  networkErrors = 0;
  readonly networkErrorsByHost = new Map<string, number>();

  /** Connections, and what works for them behind: what a NameNode takes for this node's load. Apache: getActiveTransferThreadCount. */
  get load(): number {
    return this.activeTransfers + this.responders + this.recoveries;
  }

  networkError(host: string): void {
    this.networkErrors++;
    const before = this.networkErrorsByHost.get(host);
    if (before !== undefined || this.networkErrorsByHost.size < MAX_HOSTS)
      this.networkErrorsByHost.set(host, (before ?? 0) + 1);
  }

  /** A reader was served, or has gone before it had everything. */
  readDone(local: boolean, bytes: number, operationMs: number): void {
    this.blocksRead++;
    this.readBlock.add(operationMs);
    if (local) this.readsLocal++;
    else {
      this.readsRemote++;
      this.remoteBytesRead += bytes;
    }
  }

  /** A block is written; `bytes` of a client's. */
  writeDone(local: boolean, bytes: number, operationMs: number): void {
    this.writeBlock.add(operationMs);
    if (local) this.writesLocal++;
    else {
      this.writesRemote++;
      this.remoteBytesWritten += bytes;
    }
  }

  /** Bytes of a replica went to both of its files. */
  written(bytes: number, ms: number): void {
    this.bytesWritten += bytes;
    this.writeMs += ms;
    this.writeNanos.add(ms * NANOS);
  }

  /** One file was synced. */
  synced(ms: number): void {
    this.syncNanos.add(ms * NANOS);
  }

  /** Packets left in one piece: so long the disk took and the sending, so long the peer took nothing. */
  sent(packets: number, transferMs: number, blockedMs: number): void {
    this.sendTransferNanos.addSeveral(packets, transferMs * NANOS);
    this.sendBlockedNanos.addSeveral(packets, blockedMs * NANOS);
  }

  /** The next node has answered, without the time of those behind it; two clocks may disagree. */
  acknowledgedAfter(nanos: number): void {
    if (nanos >= 0) this.ackNanos.add(nanos);
  }
}

/** Does work that is done once for a block, and counts how long it took, whatever came of it. */
export async function timed<T>(clock: Clock, rate: Rate, work: () => Promise<T>): Promise<T> {
  const beganMs = clock.monotonic();
  try {
    return await work();
  } finally {
    rate.add(clock.monotonic() - beganMs);
  }
}
