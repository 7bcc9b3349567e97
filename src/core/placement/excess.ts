// Which of too many replicas go: never at the cost of a rack where that can be helped, then from the node that has been
// silent for longest, then from the fullest storage. Mirrors BlockPlacementPolicyDefault.chooseReplicasToDelete.
import type { Datanode, Storage } from '../blocks/datanode.ts';
import type { ClusterView, ExcessRequest } from './policy.ts';

export interface RackSplit {
  readonly byRack: Map<string, Storage[]>;
  /** Candidates in racks with another replica. */
  readonly shared: Set<Storage>;
  /** Candidates alone in their rack. */
  readonly alone: Set<Storage>;
}

function splitByRack(candidates: readonly Storage[]): RackSplit {
  const byRack = new Map<string, Storage[]>();
  for (const storage of candidates) {
    const rack = byRack.get(storage.node.location);
    if (rack === undefined) byRack.set(storage.node.location, [storage]);
    else rack.push(storage);
  }
  const shared = new Set<Storage>();
  const alone = new Set<Storage>();
  for (const rack of byRack.values()) for (const storage of rack) (rack.length === 1 ? alone : shared).add(storage);
  return { byRack, shared, alone };
}

function take(split: RackSplit, chosen: Storage): void {
  const location = chosen.node.location;
  const left = (split.byRack.get(location) ?? []).filter((each) => each !== chosen);
  if (left.length === 0) split.byRack.delete(location);
  else split.byRack.set(location, left);
  split.alone.delete(chosen);
  if (!split.shared.delete(chosen)) return;
  const last = left[0];
  if (left.length === 1 && last !== undefined && split.shared.delete(last)) split.alone.add(last);
}

/** With two racks only shared ones may go, so that two racks stay; else any. */
export function pickableKeepingTwoRacks(split: RackSplit): Iterable<Storage> {
  if (split.byRack.size === 2) {
    const crowded: Storage[] = [];
    for (const rack of split.byRack.values()) if (rack.length >= 2) crowded.push(...rack);
    if (crowded.length > 0) return crowded;
  }
  return [...split.shared, ...split.alone];
}

/** Only those that share a rack, as long as there are any. */
export function pickableFromShared(split: RackSplit): Iterable<Storage> {
  return split.shared.size > 0 ? split.shared : split.alone;
}

/** The replicas to delete, at most `candidates.length - keep`. */
export function chooseExcessReplicas(
  request: ExcessRequest,
  cluster: ClusterView,
  pickable: (split: RackSplit) => Iterable<Storage>,
): Storage[] {
  const split = splitByRack(request.candidates);
  const types = [...request.excessTypes];
  const chosen: Storage[] = [];
  const hint = request.candidates.find((storage) => storage.node === request.deleteHint);
  const added = request.candidates.find((storage) => storage.node === request.addedNode);
  let first = true;
  while (request.candidates.length - chosen.length > request.keep) {
    let next: Storage | undefined;
    if (first && hint !== undefined && types.includes(hint.type) && keepsRacks(split, hint, added)) next = hint;
    else next = pick(pickable(split), types, cluster);
    first = false;
    if (next === undefined) break;
    types.splice(types.indexOf(next.type), 1);
    take(split, next);
    chosen.push(next);
  }
  return chosen;
}

function keepsRacks(split: RackSplit, source: Storage, added: Storage | undefined): boolean {
  return split.shared.has(source) || (added !== undefined && !split.shared.has(added));
}

function pick(from: Iterable<Storage>, types: readonly number[], cluster: ClusterView): Storage | undefined {
  let oldestMs = cluster.nowMs - cluster.tolerateHeartbeatMs;
  let oldest: Storage | undefined;
  let fullest: Storage | undefined;
  for (const storage of from) {
    if (!types.includes(storage.type)) continue;
    if (storage.node.lastUpdateMonotonicMs < oldestMs) {
      oldestMs = storage.node.lastUpdateMonotonicMs;
      oldest = storage;
    }
    if (fullest === undefined || storage.remaining < fullest.remaining) fullest = storage;
  }
  return oldest ?? fullest;
}

/** Whether moving a replica from `source` to `target` keeps the number of racks. */
export function keepsRacksWhenMoved(nodes: readonly Datanode[], source: Datanode, target: Datanode): boolean {
  const sharesRack = (node: Datanode): boolean => nodes.some((other) => other !== node && other.location === node.location);
  return sharesRack(source) || !nodes.some((node) => node.location === target.location && node !== source);
}
