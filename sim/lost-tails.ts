// Files that nobody can close: a power cut took every replica of the last block while it was written. The NameNode knows
// that bytes of it were flushed, not whether they were synced, and its holders may still be on their way: it keeps the file
// open, as Apache's does, until somebody deletes it. That is well while no promise covers those bytes.
import type { SimCluster } from './cluster.ts';
import type { GhostFile, Ledger } from './ledger.ts';
import type { Model, ModelFile } from './model.ts';
import { allReplicas } from './replicas.ts';

function bytesBefore({ blocks }: ModelFile): number {
  return blocks.slice(0, -1).reduce((sum, { numBytes }) => sum + numBytes, 0);
}

function isPromised(file: ModelFile, ghost: GhostFile | undefined, losses: number): boolean {
  if (ghost === undefined || ghost.closed === 'acked') return true;
  const flushed = ghost.flushedAtLosses === losses ? ghost.flushed : 0;
  return Math.max(ghost.synced, flushed) > bytesBefore(file);
}

/** By the path at which each was created, with its last block. */
export function lostTails(cluster: SimCluster, ledger: Ledger, model: Model): Map<string, bigint> {
  const found = new Map<string, bigint>();
  const open = model.files().filter(([, file]) => file.open && file.blocks.length > 0);
  if (open.length === 0) return found;
  const ghosts = new Map([...ledger.files.values()].map((ghost) => [ghost.createPath, ghost]));
  const held = new Set(allReplicas(cluster).map(({ id }) => id));
  for (const [, file] of open) {
    const last = file.blocks.at(-1);
    if (last === undefined || last.numBytes === 0 || held.has(last.id)) continue;
    if (!isPromised(file, ghosts.get(file.createPath), cluster.dataPowerLosses)) found.set(file.createPath, last.id);
  }
  return found;
}
