// `rack-spread`: a rack for each replica while there are racks, and no rack with two more than another after that. Where
// racks are short of nodes the rest goes evenly to those that are not. Mirrors BlockPlacementPolicyRackFaultTolerant.
import { writerAt } from './choice.ts';
import { pickableFromShared } from './excess.ts';
import type { Writer } from './policy.ts';
import type { Placed, PlacementRules, PlacementSteps, RackLimit } from './rules.ts';

/** Apache: BlockPlacementPolicyRackFaultTolerant.getMaxNodesPerRack. */
export function spreadRackLimit(nodes: number, racks: number, chosen: number, wanted: number): RackLimit {
  const total = Math.min(chosen + wanted, nodes);
  const replicas = wanted - (chosen + wanted - total);
  if (racks <= 1 || total <= 1) return { replicas, perRack: total };
  return { replicas, perRack: total < racks ? 1 : Math.floor((total - 1) / racks) + 1 };
}

/** Replicas that fit with one fewer in each rack, before any rack gets its last one. */
export function evenRound(perRackNow: readonly number[], racks: number, perRack: number, total: number): number {
  const chosen = perRackNow.reduce((sum, count) => sum + count, 0);
  const excess = perRackNow.reduce((sum, count) => sum + Math.max(0, count - (perRack - 1)), 0);
  return Math.min(total - chosen, (perRack - 1) * racks - (chosen - excess));
}

function countByRack(steps: PlacementSteps): number[] {
  const counts = new Map<string, number>();
  for (const { node } of steps.results) counts.set(node.location, (counts.get(node.location) ?? 0) + 1);
  return [...counts.values()];
}

function inOrder(steps: PlacementSteps, wanted: number, from: Writer | undefined): Placed {
  const total = steps.results.length + wanted;
  const { rackCount, perRack } = steps;
  let writer = from;
  const once = (count: number): boolean => {
    if (count <= 0) return true;
    const local = steps.localStorage(writer);
    if (local === undefined) return false;
    writer = writerAt(local.node);
    return count === 1 || steps.anywhere(count - 1);
  };
  let ok: boolean;
  if (total < rackCount || total % rackCount === 0) {
    ok = once(wanted);
  } else {
    ok = steps.within(perRack - 1, true, () => once(evenRound(countByRack(steps), rackCount, perRack, total)));
    if (ok) {
      steps.excludeChosen();
      ok = once(total - steps.results.length);
    }
  }
  for (let limit = perRack + 1; !ok && limit <= total; limit++) {
    const before = steps.results.length;
    steps.excludeOnlyChosen();
    ok = steps.within(limit, false, () => once(total - before)) && steps.results.length === total;
    // Nobody more under this limit: the next that can help is beyond the fullest rack.
    if (steps.results.length === before) limit = Math.max(limit, ...countByRack(steps));
  }
  return { ok: ok && steps.results.length === total, writer };
}

export const RACK_SPREAD_RULES: PlacementRules = {
  name: 'rack-spread',
  rackLimit: spreadRackLimit,
  inOrder,
  requiredRacks: (replication) => replication,
  pickable: pickableFromShared,
};
