// What the parts of the block manager share: its tables, its options, and what it must ask the namespace. Passive; the
// rules are in replicas.ts, redundancy.ts, reports.ts and scans.ts, and block-manager.ts is the door to all of it.
import type { GenStamp } from '../../base/ids.ts';
import type { ClusterView, PlacementPolicy } from '../placement/policy.ts';
import type { ReaderOrder } from '../placement/sort-locations.ts';
import { HOT_STORAGE_POLICY_ID } from '../placement/storage-policy.ts';
import type { Random } from '../placement/topology.ts';
import { DEFAULT_SLOW_NODES_OPTIONS, SlowNodes, type SlowNodesOptions } from '../slow/slow-nodes.ts';
import type { BlockHandle, BlockMap } from './block-map.ts';
import { CorruptReplicas } from './corrupt-replicas.ts';
import type { Datanode, Now, Storage } from './datanode.ts';
import { Datanodes, type DatanodesOptions, DEFAULT_DATANODES_OPTIONS } from './datanodes.ts';
import { HandleLists } from './handle-lists.ts';
import { Invalidations } from './invalidations.ts';
import { LowRedundancyBlocks } from './low-redundancy.ts';
import { PendingReconstruction } from './pending-reconstruction.ts';
import { DEFAULT_REPORT_LEASE_OPTIONS, type ReportLeaseOptions } from './report-leases.ts';
import { DEFAULT_SAFE_MODE_OPTIONS, SafeMode, type SafeModeOptions } from './safe-mode.ts';
import { UnderConstructionBlocks } from './under-construction.ts';

/** What the block manager asks the namespace. */
export interface BlockOwner {
  /** Replicas wanted of the block; 0 when it belongs to no file, or to one that is deleted. */
  replication(block: BlockHandle): number;
  /** The same for the first `count` of `blocks`. */
  replications(blocks: Uint32Array, count: number, into: Uint16Array): void;
  /** Id of the storage policy that holds for the block's file; 0: unspecified. */
  storagePolicy(block: BlockHandle): number;
  /** The file of the block while it is being written: its inode's id, and whether the block is its last. */
  openFile(block: BlockHandle): { readonly id: number; readonly isLast: boolean } | undefined;
  /** Highest generation stamp ever issued. */
  highestGenStamp(): GenStamp;
  /** To be told that the block has its replicas, and its final length. */
  completed(block: BlockHandle): void;
}

/** Options that may change while the block manager runs. */
export type ChangeableOptions = Pick<
  BlockManagerOptions,
  'maxReplicationStreams' | 'replicationStreamsHardLimit' | 'replicationWorkMultiplier' | 'pendingTimeoutMs' | 'invalidateLimit'
>;

export interface BlockManagerOptions {
  readonly datanodes: DatanodesOptions;
  readonly safeMode: SafeModeOptions;
  readonly reportLeases: ReportLeaseOptions;
  /** dfs.namenode.replication.min. */
  readonly minReplication: number;
  /** dfs.replication.max. */
  readonly maxReplication: number;
  /** dfs.namenode.maintenance.replication.min. */
  readonly minMaintenanceReplication: number;
  /** dfs.namenode.replication.max-streams. */
  readonly maxReplicationStreams: number;
  /** dfs.namenode.replication.max-streams-hard-limit. */
  readonly replicationStreamsHardLimit: number;
  /** dfs.namenode.replication.work.multiplier.per.iteration. */
  readonly replicationWorkMultiplier: number;
  /** dfs.namenode.redundancy.interval.seconds. */
  readonly redundancyIntervalMs: number;
  /** dfs.namenode.redundancy.queue.restart.iterations. */
  readonly queueRestartIterations: number;
  /** dfs.namenode.reconstruction.pending.timeout-sec. */
  readonly pendingTimeoutMs: number;
  /** dfs.block.invalidate.limit, at least 20 for each second of the heartbeat interval. */
  readonly invalidateLimit: number;
  /** dfs.namenode.invalidate.work.pct.per.iteration: part of the live nodes that are told to delete in one round. */
  readonly invalidateWorkShare: number;
  /** dfs.namenode.startup.delay.block.deletion.sec. */
  readonly deletionDelayMs: number;
  /** dfs.namenode.corrupt.block.delete.immediately.enabled: not only when every storage of the block has reported. */
  readonly deleteCorruptImmediately: boolean;
  /** dfs.namenode.blocks.per.postponedblocks.rescan. */
  readonly postponedRescanLimit: number;
  /** dfs.namenode.excess.redundancy.timeout-sec. */
  readonly excessTimeoutMs: number;
  /** dfs.namenode.tolerate.heartbeat.multiplier. */
  readonly tolerateHeartbeatMultiplier: number;
  /** dfs.namenode.avoid.read.stale.datanode. */
  readonly avoidStaleForRead: boolean;
  /** dfs.namenode.read.considerLoad and its like. */
  readonly readerOrder: ReaderOrder;
  /** dfs.replication. */
  readonly defaultReplication: number;
  /** dfs.namenode.decommission.interval. */
  readonly decommissionIntervalMs: number;
  /** dfs.namenode.decommission.blocks.per.interval. */
  readonly decommissionBlocksPerInterval: number;
  /** dfs.namenode.decommission.max.concurrent.tracked.nodes; 0: any number. */
  readonly maxTrackedLeavingNodes: number;
  /** dfs.storage.default.policy, as an id. */
  readonly defaultStoragePolicy: number;
  readonly slowNodes: SlowNodesOptions;
}

export const DEFAULT_BLOCK_MANAGER_OPTIONS: BlockManagerOptions = {
  datanodes: DEFAULT_DATANODES_OPTIONS,
  safeMode: DEFAULT_SAFE_MODE_OPTIONS,
  reportLeases: DEFAULT_REPORT_LEASE_OPTIONS,
  minReplication: 1,
  maxReplication: 512,
  minMaintenanceReplication: 1,
  maxReplicationStreams: 2,
  replicationStreamsHardLimit: 4,
  replicationWorkMultiplier: 2,
  redundancyIntervalMs: 3_000,
  queueRestartIterations: 2_400,
  pendingTimeoutMs: 300_000,
  invalidateLimit: 1_000,
  invalidateWorkShare: 0.32,
  deletionDelayMs: 0,
  deleteCorruptImmediately: true,
  postponedRescanLimit: 10_000,
  excessTimeoutMs: 3_600_000,
  tolerateHeartbeatMultiplier: 4,
  avoidStaleForRead: false,
  readerOrder: 'random',
  defaultReplication: 3,
  decommissionIntervalMs: 30_000,
  decommissionBlocksPerInterval: 500_000,
  maxTrackedLeavingNodes: 100,
  defaultStoragePolicy: HOT_STORAGE_POLICY_ID,
  slowNodes: DEFAULT_SLOW_NODES_OPTIONS,
};

/** Sees every change of which storage holds which block, while it is interested. */
export interface ReplicaObserver {
  readonly added: (block: BlockHandle) => void;
  readonly removed: (block: BlockHandle) => void;
}

export interface Environment {
  readonly blocks: BlockMap;
  readonly owner: BlockOwner;
  readonly policy: PlacementPolicy;
  readonly random: Random;
  readonly log: (message: string) => void;
  /** The safe mode of the start is over. */
  readonly safeModeLeft?: (() => void) | undefined;
}

export interface StateEvents {
  readonly storageRetired: (storage: Storage) => void;
  readonly workDropped: (node: Datanode) => void;
  readonly forgotten: (node: Datanode) => void;
  readonly populateQueues: () => void;
}

export class ManagerState {
  options: BlockManagerOptions;
  readonly blocks: BlockMap;
  readonly owner: BlockOwner;
  policy: PlacementPolicy;
  readonly random: Random;
  readonly log: (message: string) => void;

  readonly datanodes: Datanodes;
  readonly slow: SlowNodes;
  readonly safeMode: SafeMode;
  readonly needed = new LowRedundancyBlocks();
  readonly pending: PendingReconstruction;
  readonly corrupt = new CorruptReplicas();
  readonly invalidations = new Invalidations();
  readonly underConstruction = new UnderConstructionBlocks();
  /** How often a block's turn came to be copied and nothing was ordered: there was no source, or enough of it. */
  notScheduled = 0;
  /** Blocks whose extra or bad replicas cannot be judged until more storages have reported. */
  readonly postponed = new HandleLists(1);
  /** Reports in progress, by the storage that they are of. */
  readonly observers = new Map<Storage, ReplicaObserver>();
  /** Under- and over-replication is looked for: not before enough has been reported after a start. */
  populating = false;
  /** Everything decided now may rest on edits up to this one. */
  lastAppliedTxid = 0;
  now: Now = { monotonicMs: 0, wallMs: 0 };

  constructor(options: BlockManagerOptions, environment: Environment, events: StateEvents) {
    this.options = options;
    this.blocks = environment.blocks;
    this.owner = environment.owner;
    this.policy = environment.policy;
    this.random = environment.random;
    this.log = environment.log;
    this.pending = new PendingReconstruction(options.pendingTimeoutMs);
    this.datanodes = new Datanodes(options.datanodes, events);
    this.slow = new SlowNodes(options.slowNodes, (host) => this.datanodes.byName(host));
    this.safeMode = new SafeMode(options.safeMode, {
      liveDatanodes: () => this.datanodes.aliveCount,
      isForgetting: () => this.datanodes.retiringCount > 0,
      populateQueues: events.populateQueues,
      left: () => {
        const { rackCount, nodeCount } = this.datanodes.topology;
        this.log(`STATE* Network topology has ${rackCount} racks and ${nodeCount} datanodes`);
        this.log(`STATE* UnderReplicatedBlocks has ${this.needed.size} blocks`);
        environment.safeModeLeft?.();
      },
      log: this.log,
    });
  }

  configure(changes: Partial<ChangeableOptions>): void {
    this.options = { ...this.options, ...changes };
    this.pending.timeoutMs = this.options.pendingTimeoutMs;
  }

  clusterView(): ClusterView {
    const { datanodes, options } = this;
    return {
      topology: datanodes.topology,
      nowMs: this.now.monotonicMs,
      random: this.random,
      slow: this.slow.excludedForWrite,
      avoidStale: datanodes.avoidStaleForWriteNow,
      staleIntervalMs: datanodes.staleIntervalMs,
      tolerateHeartbeatMs: datanodes.heartbeatIntervalMs * options.tolerateHeartbeatMultiplier,
      xceiverAverage: datanodes.totals.inServiceXceiverAverage,
    };
  }
}
