// What makes one placement policy differ from another: how many replicas a rack may hold, in which order they are placed,
// how many racks they need, and which of too many may go. Everything else (choice.ts) is the same for all of them.
import type { Datanode, Storage } from '../blocks/datanode.ts';
import type { RackSplit } from './excess.ts';
import type { PlacementStatus, Writer } from './policy.ts';

export interface RackLimit {
  /** Replicas that can be placed at all. */
  readonly replicas: number;
  /** How many of them one rack may hold. */
  readonly perRack: number;
}

export interface Placed {
  readonly ok: boolean;
  /** Where the writer counts as being afterwards. */
  readonly writer: Writer | undefined;
}

/** The steps of a choice; each adds to `results`, and answers false or undefined when no node fits. */
export interface PlacementSteps {
  readonly results: readonly Storage[];
  readonly rackCount: number;
  /** The rack limit in force. */
  readonly perRack: number;
  /** The writer's node, or its rack, or any other. */
  localStorage(writer: Writer | undefined): Storage | undefined;
  localRack(at: Writer | undefined): Storage | undefined;
  remoteRack(from: Datanode): boolean;
  anywhere(wanted: number): boolean;
  /** Runs `choose` under another rack limit. `forgetful`: nodes passed over meanwhile may be looked at again. */
  within(perRack: number, forgetful: boolean, choose: () => boolean): boolean;
  excludeChosen(): void;
  /** Nodes that were passed over may be looked at again. */
  excludeOnlyChosen(): void;
}

export interface PlacementRules {
  readonly name: string;
  rackLimit(nodes: number, racks: number, chosen: number, wanted: number): RackLimit;
  /** Places `wanted` more replicas. */
  inOrder(steps: PlacementSteps, wanted: number, writer: Writer | undefined, newBlock: boolean): Placed;
  /** Racks over which a block that wants `replication` replicas is spread. */
  requiredRacks(replication: number): number;
  /** Replicas of which one may be given up now. */
  pickable(split: RackSplit): Iterable<Storage>;
}

/** Apache: BlockPlacementStatusDefault. All racks that there are suffice. */
export function placementStatus(racks: number, required: number, racksInCluster: number): PlacementStatus {
  const satisfied = required <= racks || racks >= racksInCluster;
  return { satisfied, additionalReplicas: satisfied ? 0 : required - racks };
}
