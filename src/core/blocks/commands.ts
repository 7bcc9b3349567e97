// What a heartbeat's answer tells a DataNode, as values; the server turns them into DatanodeCommandProto. A command with
// `afterTxid` follows from an edit and may leave only when that edit is durable.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { BlockHandle } from './block-map.ts';
import type { Datanode, Storage } from './datanode.ts';
import type { ReplicaState } from './storage-type.ts';

export interface BlockTriple {
  readonly id: BlockId;
  readonly numBytes: number;
  readonly genStamp: GenStamp;
}

export interface TransferTask {
  readonly handle: BlockHandle;
  readonly block: BlockTriple;
  readonly targets: readonly Storage[];
}

export interface RecoveryTask {
  readonly block: BlockTriple;
  /** The generation stamp that the recovered replicas get. */
  readonly recoveryId: GenStamp;
  /** The block is cut: what it is to be, under another id where it is copied. */
  readonly truncateBlock: BlockTriple | undefined;
  readonly locations: readonly { readonly storage: Storage; readonly state: ReplicaState }[];
}

export type DatanodeCommand =
  | { readonly kind: 'register' }
  | { readonly kind: 'transfer'; readonly blocks: readonly TransferTask[]; readonly afterTxid: number }
  /** numBytes LONG_MAX: the node need not report the deletion. Apache: BlockCommand.NO_ACK. */
  | { readonly kind: 'invalidate'; readonly blocks: readonly BlockTriple[]; readonly afterTxid: number }
  | { readonly kind: 'recover'; readonly blocks: readonly RecoveryTask[]; readonly afterTxid: number }
  | { readonly kind: 'finalize' }
  | { readonly kind: 'balancerBandwidth'; readonly bytesPerSecond: number };

export interface HeartbeatAnswer {
  /** Undefined: the node is unknown and was told to register. */
  readonly node: Datanode | undefined;
  readonly commands: readonly DatanodeCommand[];
  /** Lease for a full block report; 0n: none asked for, or none free. */
  readonly fullBlockReportLeaseId: bigint;
}
