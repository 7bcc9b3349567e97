// The order in which a reader is told of a block's replicas: nearest first, equally near ones in random order, and the
// less welcome (stale, leaving, left) last. Mirrors DatanodeManager.sortLocatedBlock.
import type { Datanode, Storage } from '../blocks/datanode.ts';
import type { Writer } from './policy.ts';
import { locationDistance, type Random, shuffle } from './topology.ts';

export interface ReaderView {
  readonly nowMs: number;
  readonly staleIntervalMs: number;
  /** dfs.namenode.avoid.read.stale.datanode. */
  readonly avoidStaleForRead: boolean;
  /** Nodes that others call slow, and that readers should ask last. */
  readonly slow: ReadonlySet<Datanode>;
  readonly random: Random;
}

/** 0 in service, then slow, stale, entering maintenance, decommissioning, decommissioned. */
function disfavour(node: Datanode, view: ReaderView): number {
  if (node.decommissioned) return 6;
  if (node.decommissioning) return 5;
  if (node.enteringMaintenance) return 4;
  const stale = view.avoidStaleForRead && node.isStale(view.nowMs, view.staleIntervalMs) ? 2 : 0;
  return stale + (view.slow.has(node) ? 1 : 0);
}

/** 0 on the reader's own node, 2 in its rack, 4 a rack away; a reader of unknown place is equally far from all. */
export function readerDistance(reader: Writer | undefined, node: Datanode): number {
  if (reader === undefined) return 0;
  if (reader.node === node) return 0;
  return locationDistance(reader.location, node.location) + 2;
}

export function sortForReader(locations: readonly Storage[], reader: Writer | undefined, view: ReaderView): Storage[] {
  if (locations.length < 2) return [...locations];
  const sorted = shuffle([...locations], view.random);
  // Nodes that are only stale are still sorted by distance among themselves; those that leave come after all others.
  const ranks = sorted.map(({ node }) => disfavour(node, view) * 1_000_000 + readerDistance(reader, node));
  // By insertion: they are few, and equal ones stay in their random order.
  for (let i = 1; i < sorted.length; i++) {
    const storage = sorted[i] as Storage;
    const rank = ranks[i] as number;
    let at = i;
    for (; at > 0 && (ranks[at - 1] as number) > rank; at--) {
      sorted[at] = sorted[at - 1] as Storage;
      ranks[at] = ranks[at - 1] as number;
    }
    sorted[at] = storage;
    ranks[at] = rank;
  }
  return sorted;
}
