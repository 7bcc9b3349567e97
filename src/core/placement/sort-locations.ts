// The order in which a reader is told of a block's replicas: nearest first, equally near ones in random order or by what is
// configured, and the less welcome (stale, leaving, left) last. Mirrors DatanodeManager.sortLocatedBlock.
import type { Datanode, Storage } from '../blocks/datanode.ts';
import { STORAGE_TYPE_ORDER } from '../blocks/storage-type.ts';
import type { Writer } from './policy.ts';
import { locationDistance, type Random, shuffle } from './topology.ts';

/** What comes first among replicas that are equally near; or `shuffled`: how near they are does not count. */
export type ReaderOrder = 'random' | 'load' | 'storageType' | 'shuffled';

export interface ReaderView {
  readonly order: ReaderOrder;
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
  return stale + (view.slow.size > 0 && view.slow.has(node) ? 1 : 0);
}

/** 0 on the reader's own node, 2 in its rack, 4 a rack away; a reader of unknown place is equally far from all. */
export function readerDistance(reader: Writer | undefined, node: Datanode): number {
  if (reader === undefined) return 0;
  if (reader.node === node) return 0;
  return locationDistance(reader.location, node.location) + 2;
}

/** Above any distance. */
const EQUALLY_WELCOME = 1_000;
/** Above any number of transfers of a node, and any order of storage types. */
const EQUALLY_NEAR = 1_000_000;

function rankOf({ node, type }: Storage, reader: Writer | undefined, view: ReaderView): number {
  const distance = view.order === 'shuffled' ? 0 : readerDistance(reader, node);
  const rank = disfavour(node, view) * EQUALLY_WELCOME + distance;
  switch (view.order) {
    case 'load':
      return rank * EQUALLY_NEAR + Math.min(node.xceiverCount, EQUALLY_NEAR - 1);
    case 'storageType':
      return rank * EQUALLY_NEAR + STORAGE_TYPE_ORDER.indexOf(type);
    default:
      return rank;
  }
}

/** Of the replicas that are being sorted. */
const ranks: number[] = [];

export function sortForReader(locations: readonly Storage[], reader: Writer | undefined, view: ReaderView): Storage[] {
  const sorted = locations.slice();
  const count = sorted.length;
  if (count < 2) return sorted;
  shuffle(sorted, view.random);
  // Nodes that are only stale are still sorted by distance among themselves; those that leave come after all others. By
  // insertion: they are few, and equal ones stay in their random order.
  for (let i = 0; i < count; i++) {
    const storage = sorted[i] as Storage;
    const rank = rankOf(storage, reader, view);
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
