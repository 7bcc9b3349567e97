// What the directories with a quota on space hold: exact after every op, so that a check asks no more than the ancestors of
// a path. Only those directories have a counter; where none is above, nothing is counted. While a log is replayed
// nothing is counted either, and all of them are summed up at its end. Apache keeps the same in
// DirectoryWithQuotaFeature; there a changed storage policy tells only after a restart.
import type { BlockHandle } from '../blocks/block-map.ts';
import { localPolicy } from './inode-policy.ts';
import type { InodeHandle } from './inodes.ts';
import type { Namespace } from './namespace.ts';
import { addFileUsage, blockSpace, SpaceUsage } from './space-usage.ts';
import { type SubtreeSpace, subtreeSpace } from './subtree-space.ts';

export class SpaceCounters {
  readonly #ns: Namespace;
  readonly #counters = new Map<InodeHandle, SpaceUsage>();
  #counting = false;
  /** A walk made in slices for the op that is about to come. */
  #prepared: SubtreeSpace | undefined;

  constructor(ns: Namespace) {
    this.#ns = ns;
  }

  /** Sums everything up and counts from here on. */
  start(): void {
    this.#counting = true;
    this.#counters.clear();
    for (const directory of this.#ns.inodes.withSpaceQuota) this.#counters.set(directory, subtreeSpace(this.#ns, directory));
  }

  /** What a directory with a quota on space holds, without its own policy; undefined for any other inode. */
  of(directory: InodeHandle): SpaceUsage | undefined {
    return this.#counters.get(directory);
  }

  /** What an inode counts for in its parent. */
  usage(inode: InodeHandle): SpaceUsage {
    return this.#below(inode).under(localPolicy(this.#ns.inodes, inode));
  }

  /** Whether a directory, or one above it below `limit`, has a counter. */
  isCounted(directory: InodeHandle, limit: InodeHandle = 0): boolean {
    if (this.#counters.size === 0) return false;
    const { inodes } = this.#ns;
    for (let at = directory; at !== 0 && at !== limit; at = inodes.parent(at)) if (this.#counters.has(at)) return true;
    return false;
  }

  /** Makes a walk the one whose sum the next op may take, and tells it what changes meanwhile; undefined: no more. */
  prepare(walk: SubtreeSpace | undefined): void {
    if (this.#prepared !== walk) this.#prepared?.disturb();
    this.#prepared = walk;
  }

  /** The quota of a directory has changed. */
  quotaChanged(directory: InodeHandle): void {
    if (!this.#counting) return;
    if (!this.#ns.inodes.withSpaceQuota.has(directory)) this.#counters.delete(directory);
    else if (!this.#counters.has(directory)) this.#counters.set(directory, new SpaceUsage().addAll(this.#below(directory)));
  }

  /** The inode is about to be freed. */
  forget(inode: InodeHandle): void {
    this.#counters.delete(inode);
  }

  /** Changes blocks of a file (from the one at `from` on), its replication or its policy. */
  ofFile<R>(file: InodeHandle, change: () => R, from = 0): R {
    if (!this.#watches(file)) return change();
    const before = new SpaceUsage();
    addFileUsage(this.#ns, file, 0, before, from);
    const result = change();
    const delta = new SpaceUsage().addAll(before, -1);
    addFileUsage(this.#ns, file, 0, delta, from);
    if (!delta.isEmpty) this.#climb(this.#ns.inodes.parent(file), delta, 1);
    return result;
  }

  /** The block has just become complete: what was reserved beyond its length is free. */
  blockCompleted(block: BlockHandle): void {
    const { inodes, blocks } = this.#ns;
    if (!this.#counting) return;
    const file = blocks.owner(block);
    if (file === 0 || !this.#watches(file)) return;
    const delta = new SpaceUsage();
    const spare = inodes.preferredBlockSize(file) - blockSpace(this.#ns, file, block);
    delta.add(localPolicy(inodes, file), inodes.replication(file), -spare);
    this.#climb(inodes.parent(file), delta, 1);
  }

  /** An inode is about to leave its directory for good. */
  leaving(inode: InodeHandle): void {
    const parent = this.#ns.inodes.parent(inode);
    if (this.isCounted(parent)) this.#climb(parent, this.usage(inode), -1);
  }

  /** An inode is about to move into another directory. */
  moving(inode: InodeHandle, to: InodeHandle): void {
    const { inodes } = this.#ns;
    const from = inodes.parent(inode);
    if (from === to || !(this.isCounted(from) || this.isCounted(to))) return;
    const common = this.#commonAncestor(from, to);
    if (!this.#matters(from, common) && !this.#matters(to, common)) return;
    const usage = this.usage(inode);
    this.#climb(from, usage, -1);
    this.#climb(to, usage, 1);
  }

  /** Sets another policy on a directory. */
  ofPolicy(directory: InodeHandle, change: () => void): void {
    const { inodes } = this.#ns;
    const parent = inodes.parent(directory);
    if (!this.isCounted(parent)) {
      change();
      return;
    }
    const below = this.#below(directory);
    this.#climb(parent, below.under(localPolicy(inodes, directory)), -1);
    change();
    this.#climb(parent, below.under(localPolicy(inodes, directory)), 1);
  }

  /** Counters that are not what a walk finds: none, unless we have a bug. */
  wrong(): InodeHandle[] {
    const found: InodeHandle[] = [];
    for (const [directory, counted] of this.#counters) {
      if (!this.#ns.inodes.isReachable(directory)) continue;
      if (!subtreeSpace(this.#ns, directory).equals(counted)) found.push(directory);
    }
    return found;
  }

  /** A file's space matters to a counter, or to the walk that was made for the next op. */
  #watches(file: InodeHandle): boolean {
    if (!this.#counting) return false;
    return this.#prepared !== undefined || this.isCounted(this.#ns.inodes.parent(file));
  }

  /** The space below an inode, by the walk that was prepared where that still holds. */
  #below(inode: InodeHandle): SpaceUsage {
    const prepared = this.#prepared;
    return prepared?.root === inode && prepared.holds ? prepared.usage : subtreeSpace(this.#ns, inode);
  }

  #climb(directory: InodeHandle, usage: SpaceUsage, sign: 1 | -1): void {
    const { inodes } = this.#ns;
    let part = usage;
    for (let at = directory; at !== 0; at = inodes.parent(at)) {
      this.#counters.get(at)?.addAll(part, sign);
      if (this.#prepared?.root === at) this.#prepared.disturb();
      part = part.under(localPolicy(inodes, at));
    }
  }

  #commonAncestor(a: InodeHandle, b: InodeHandle): InodeHandle {
    const { inodes } = this.#ns;
    const line = new Set<InodeHandle>();
    for (let at = a; at !== 0; at = inodes.parent(at)) line.add(at);
    let at = b;
    while (at !== 0 && !line.has(at)) at = inodes.parent(at);
    return at;
  }

  /** Whether a move into or out of `directory`, below `limit`, changes any counter or the policy in force. */
  #matters(directory: InodeHandle, limit: InodeHandle): boolean {
    const { inodes } = this.#ns;
    for (let at = directory; at !== limit && at !== 0; at = inodes.parent(at)) {
      if (this.#counters.has(at) || localPolicy(inodes, at) !== 0) return true;
    }
    return false;
  }
}
