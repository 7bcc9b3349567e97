// What the parts of a DataNode share: its host and settings, its replicas, and the few things that they ask of or tell to
// its NameNodes. Made once by datanode.ts.
import type { Host } from '../../host/host.ts';
import type { Throttle } from '../../transfer/throttle.ts';
import type { DatanodeIDProto, DatanodeInfoProto } from '../../wire/messages/hdfs.ts';
import type { Counters } from './counters.ts';
import type { Dataset } from './dataset.ts';
import type { DiskMetrics } from './disk-metrics.ts';
import type { PeerMetrics } from './peer-metrics.ts';
import type { RamDisk } from './ram-disk.ts';
import type { BlockName } from './replica.ts';
import type { ReplicaChanges } from './replica-changes.ts';
import type { DataNodeSettings } from './settings.ts';

/** Bounds on the bytes a second, by what moves. */
export interface Throttles {
  /** Replicas to other nodes, for a NameNode. */
  readonly transfer: Throttle;
  /** Blocks that come in, and what a pipeline's new member is sent. */
  readonly write: Throttle;
  /** Readers. */
  readonly read: Throttle;
}

export interface Services {
  readonly host: Host;
  readonly settings: DataNodeSettings;
  readonly dataset: Dataset;
  readonly ramDisk: RamDisk;
  readonly changes: ReplicaChanges;
  readonly counters: Counters;
  readonly peerMetrics: PeerMetrics;
  readonly diskMetrics: DiskMetrics;
  readonly throttles: Throttles;
  /** As the NameNodes of a pool know this node, or undefined before it is registered. */
  identity(pool: string): DatanodeIDProto | undefined;
  /** Resolves once the pool is registered; rejects when that takes longer than dfs.datanode.bp-ready.timeout. */
  poolReady(pool: string): Promise<void>;
  /** Tells the NameNodes that a replica, here or on the node that sent it, is corrupt. */
  reportBad(block: BlockName, holder: DatanodeInfoProto | undefined): void;
  /** A replica here could not be read as it should be: it is verified soon. */
  suspect(block: BlockName): boolean;
  /** A file of a replica here is not there: whether it is gone is found out now. */
  fileMissing(block: BlockName): void;
  /** What our acknowledgements say of this node beside the status: bits of a flag word, 0 for nothing. */
  ackHints(pool: string): number;
  /** Our own source address for connections, where the node has one of its own. */
  readonly localAddress: string | undefined;
}
