// Apache's default placement: the first replica on the writer's node, the second in another rack, the third in the rack
// of the second, the rest anywhere, with a bound per rack. `first-rack` differs in one thing: its third replica stands
// beside the first, so that a reader near the writer finds two. Mirrors BlockPlacementPolicyDefault.
import { writerAt } from './choice.ts';
import { pickableKeepingTwoRacks } from './excess.ts';
import type { Writer } from './policy.ts';
import type { Placed, PlacementRules, PlacementSteps, RackLimit } from './rules.ts';

/** Apache: BlockPlacementPolicyDefault.getMaxNodesPerRack. */
export function rackLimit(nodes: number, racks: number, chosen: number, wanted: number): RackLimit {
  const total = Math.min(chosen + wanted, nodes);
  const replicas = wanted - (chosen + wanted - total);
  if (racks <= 1 || total <= 1) return { replicas, perRack: total };
  let perRack = Math.floor((total - 1) / racks) + 2;
  if (perRack === total) perRack--;
  return { replicas, perRack };
}

export type ThirdReplica = 'besideSecond' | 'besideFirst';

/** Which rack the third replica goes to; `writer` is where the copy comes from. Apache: chooseTargetInOrder. */
export function rackOfThird(
  third: ThirdReplica,
  firstTwoShareRack: boolean,
  newBlock: boolean,
): 'other' | 'first' | 'second' | 'writer' {
  if (firstTwoShareRack) return 'other';
  if (third === 'besideFirst') return 'first';
  return newBlock ? 'second' : 'writer';
}

function inOrder(
  third: ThirdReplica,
  steps: PlacementSteps,
  wanted: number,
  from: Writer | undefined,
  newBlock: boolean,
): Placed {
  const before = steps.results.length;
  const failed = { ok: false, writer: from };
  let writer = from;
  let left = wanted;
  if (before === 0) {
    const local = steps.localStorage(writer);
    if (local === undefined) return failed;
    writer = writerAt(local.node);
    if (--left === 0) return { ok: true, writer };
  }
  const first = steps.results[0]?.node;
  if (first === undefined) return failed;
  if (before <= 1) {
    if (!steps.remoteRack(first)) return failed;
    if (--left === 0) return { ok: true, writer };
  }
  if (before <= 2) {
    const second = steps.results[1]?.node;
    if (second === undefined) return failed;
    let ok: boolean;
    switch (rackOfThird(third, first.location === second.location, newBlock)) {
      case 'other':
        ok = steps.remoteRack(first);
        break;
      case 'first':
        ok = steps.localRack(writerAt(first)) !== undefined;
        break;
      case 'second':
        ok = steps.localRack(writerAt(second)) !== undefined;
        break;
      case 'writer':
        ok = steps.localRack(writer) !== undefined;
        break;
    }
    if (!ok) return failed;
    if (--left === 0) return { ok: true, writer };
  }
  return steps.anywhere(left) ? { ok: true, writer } : failed;
}

/** Two racks, as far as there are two replicas. */
const requiredRacks = (replication: number): number => Math.min(2, replication);

export const DEFAULT_RULES: PlacementRules = {
  name: 'default',
  rackLimit,
  inOrder: (steps, wanted, writer, newBlock) => inOrder('besideSecond', steps, wanted, writer, newBlock),
  requiredRacks,
  pickable: pickableKeepingTwoRacks,
};

export const FIRST_RACK_RULES: PlacementRules = {
  ...DEFAULT_RULES,
  name: 'first-rack',
  inOrder: (steps, wanted, writer, newBlock) => inOrder('besideFirst', steps, wanted, writer, newBlock),
};
