// What a placement policy decides: on which storages new replicas go, whether a block's places satisfy it, and which
// replicas of too many may go. Policies are pure; chance comes in as a function.
import type { Datanode, Storage } from '../blocks/datanode.ts';
import type { StorageType } from '../blocks/storage-type.ts';
import type { StoragePolicy } from './storage-policy.ts';
import type { Random, Topology } from './topology.ts';

/** Who writes: a DataNode's host, or only a place in the rack tree. */
export interface Writer {
  readonly node: Datanode | undefined;
  readonly location: string;
}

/** What of the cluster a policy looks at, as of now. */
export interface ClusterView {
  readonly topology: Topology<Datanode>;
  readonly nowMs: number;
  readonly random: Random;
  /** Nodes that missed their heartbeats are passed over at first. */
  readonly avoidStale: boolean;
  readonly staleIntervalMs: number;
  /** Nodes that others call slow, and that get no new replicas. */
  readonly slow: ReadonlySet<Datanode>;
  /** A node without heartbeat for this long is the first to lose a replica too many. */
  readonly tolerateHeartbeatMs: number;
  /** Average of transfer threads of nodes in service. */
  readonly xceiverAverage: number;
}

export interface PlacementRequest {
  /** Additional replicas wanted. */
  readonly replicas: number;
  readonly writer: Writer | undefined;
  /** Where replicas are already. Apache: chosenStorage. */
  readonly chosen: readonly Storage[];
  readonly excluded: ReadonlySet<Datanode>;
  readonly favoured: readonly Datanode[];
  readonly blockSize: number;
  readonly storagePolicy: StoragePolicy;
  /** AddBlockFlag.NO_LOCAL_WRITE: not on the writer's node, when others do. */
  readonly noLocalWrite: boolean;
  /** AddBlockFlag.NO_LOCAL_RACK. */
  readonly noLocalRack: boolean;
}

export const NOT_CHOSEN_REASONS = {
  notInService: 'the node is not in service',
  stale: 'the node is stale',
  tooBusy: 'the node is too busy',
  rackFull: 'the rack has too many chosen nodes',
  slow: 'the node is too slow',
  noSpace: 'not enough storage space to place the block',
  noStorageType: 'required storage types are unavailable',
} as const;
export type NotChosenReason = keyof typeof NOT_CHOSEN_REASONS;

export interface PlacementResult {
  /** In the order of the pipeline; `request.chosen` is not in it. Fewer than wanted when there are no more. */
  readonly targets: readonly Storage[];
  /** How often nodes were passed over, and why: for the log. */
  readonly reasons: ReadonlyMap<NotChosenReason, number>;
  /** Nodes that were out of the question or became so, as Apache's message counts them. */
  readonly lookedAt: number;
}

export interface PlacementStatus {
  readonly satisfied: boolean;
  /** Replicas that are missing for the sake of places alone. */
  readonly additionalReplicas: number;
}

export interface ExcessRequest {
  /** Good, known replicas on nodes in service, none of them chosen for deletion before. */
  readonly candidates: readonly Storage[];
  /** How many of them shall stay. */
  readonly keep: number;
  /** Types beyond what the storage policy wants; a type as often as it may go. */
  readonly excessTypes: readonly StorageType[];
  /** The node whose new replica made it too many. */
  readonly addedNode: Datanode | undefined;
  /** The node that a balancer wants relieved. */
  readonly deleteHint: Datanode | undefined;
}

export interface PlacementPolicy {
  readonly name: string;
  choose(request: PlacementRequest, cluster: ClusterView): PlacementResult;
  /** Whether replicas on these nodes are placed well enough for a block that wants `replication` of them. */
  verify(nodes: readonly Datanode[], replication: number, cluster: ClusterView): PlacementStatus;
  /** Racks over which it spreads `replication` replicas, when there are as many. */
  requiredRacks(replication: number): number;
  chooseExcess(request: ExcessRequest, cluster: ClusterView): Storage[];
  /** Whether a replica may move from `source` to `target` without losing racks. */
  isMovable(nodes: readonly Datanode[], source: Datanode, target: Datanode): boolean;
}
