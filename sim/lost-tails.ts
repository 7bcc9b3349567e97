// Files that nobody can close: a power cut took every replica of the last block while it was written. The NameNode knows
// that bytes of it were flushed, not whether they were synced, and its holders may still be on their way: it keeps the file
// open, as Apache's does, until somebody deletes it. That is well while no promise covers those bytes.
import type { SimCluster } from './cluster.ts';
import type { Ledger } from './ledger.ts';
import { bytesBeforeLast, type Model } from './model.ts';
import { allReplicas } from './replicas.ts';

/** By the path at which each was created, with its last block. */
export function lostTails(cluster: SimCluster, ledger: Ledger, model: Model): Map<string, bigint> {
  const found = new Map<string, bigint>();
  const open = model.files().filter(([, file]) => file.open && file.blocks.length > 0);
  if (open.length === 0) return found;
  const held = new Set(allReplicas(cluster).map(({ id }) => id));
  for (const [, file] of open) {
    const last = file.blocks.at(-1);
    if (last === undefined || last.numBytes === 0 || held.has(last.id)) continue;
    const ghost = ledger.byCreatePath.get(file.createPath);
    if (ghost !== undefined && ghost.owed <= bytesBeforeLast(file)) found.set(file.createPath, last.id);
  }
  return found;
}
