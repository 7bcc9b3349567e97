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
  readonly random: Random;
}

/** 0 in service, then stale, entering maintenance, decommissioning, decommissioned. */
function disfavour(node: Datanode, view: ReaderView): number {
  if (node.decommissioned) return 4;
  if (node.decommissioning) return 3;
  if (node.enteringMaintenance) return 2;
  return view.avoidStaleForRead && node.isStale(view.nowMs, view.staleIntervalMs) ? 1 : 0;
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
  const rank = new Map<Storage, number>();
  for (const storage of sorted) {
    // Nodes that are only stale are still sorted by distance among themselves; those that leave come after all others.
    const last = disfavour(storage.node, view);
    rank.set(storage, last * 1_000_000 + readerDistance(reader, storage.node));
  }
  return sorted.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
}
