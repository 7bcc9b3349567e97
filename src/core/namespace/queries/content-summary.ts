// getContentSummary and getQuotaUsage: counts over a subtree. The walk goes in slices, each as long as its caller
// allows, and ends when the tree changes between them: `holds` says so, and a new one may have more luck. One that is
// told to go on does so from where it was, as Apache's does when it lets others in; what it answers in the end is then of
// no single moment. Apache: ContentSummaryComputationContext.
import { HdfsError } from '../../../base/errors.ts';
import type { InodeId } from '../../../base/ids.ts';
import { Descent } from '../descent.ts';
import { fileLength, spaceConsumed } from '../file-length.ts';
import { effectivePolicy, localPolicy } from '../inode-policy.ts';
import { type InodeHandle, InodeType, type Quota } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { SubtreeAccess } from '../ops/subtree-access.ts';
import { type Caller, denied, FsAction, isAllowed, pathOfInode } from '../permissions.ts';
import { quotaOf } from '../quota.ts';
import { resolvePath } from '../resolve.ts';
import { SpaceUsage } from '../space-usage.ts';
import { SubtreeSpace } from '../subtree-space.ts';

export interface ContentSummary {
  readonly length: number;
  /** Files and symlinks. */
  readonly fileCount: number;
  readonly directoryCount: number;
  readonly spaceConsumed: number;
  readonly quota: Quota;
  /** Bytes of files on storages of each type, as their policies want them; where none is set nothing is counted. */
  readonly spaceByType: ReadonlyMap<number, number>;
  /** Empty for directories; 'Replicated' for a file. */
  readonly erasureCodingPolicy: string;
}

export interface QuotaUsage {
  readonly fileAndDirectoryCount: number;
  readonly spaceConsumed: number;
  readonly quota: Quota;
  readonly spaceByType: ReadonlyMap<number, number>;
}

/** What is stepped until it is done, and good when nothing has changed under it. */
export interface CountWalk {
  /** True when done. */
  step(budget: number): boolean;
  readonly holds: boolean;
  /** From here on changes are no reason to end, as long as the root is there. */
  goThroughChanges(): void;
}

/** A walk over one subtree. */
export class SubtreeCount implements CountWalk {
  readonly root: InodeHandle;
  readonly #ns: Namespace;
  readonly #caller: Caller | undefined;
  readonly #rootId: InodeId;
  readonly #version: number;
  readonly #descent: Descent;
  #heedsChanges = true;
  #length = 0;
  #space = 0;
  #files = 0;
  #directories = 0;
  /** By lengths alone, as Apache: a block that is being written counts no more than its bytes. */
  readonly #byPolicy = new SpaceUsage();

  /** `caller`: who must be allowed to read every directory; undefined when that was seen to before. */
  constructor(ns: Namespace, caller: Caller | undefined, root: InodeHandle) {
    this.#ns = ns;
    this.#caller = ns.options.permissionsEnabled && caller?.superuser === false ? caller : undefined;
    this.root = root;
    this.#rootId = ns.inodes.id(root);
    this.#version = ns.inodes.subtreeVersion(root);
    this.#descent = new Descent(ns.inodes);
    this.#visit(root, effectivePolicy(ns.inodes, ns.inodes.parent(root)));
  }

  get done(): boolean {
    return this.#descent.done;
  }

  /** Nothing below the root has changed since the walk began; or the root is still there, where changes do not matter. */
  get holds(): boolean {
    const { inodes } = this.#ns;
    if (inodes.find(this.#rootId) !== this.root) return false;
    return !this.#heedsChanges || inodes.subtreeVersion(this.root) === this.#version;
  }

  goThroughChanges(): void {
    this.#heedsChanges = false;
  }

  /** Counts about `budget` more inodes. True when done. Throws what the caller is denied. */
  step(budget: number): boolean {
    // The tree has changed under the walk: it cannot go on, and `holds` says so.
    if (!this.holds) {
      this.#descent.stop();
      return true;
    }
    this.#descent.step(budget, (inode, policy) => this.#visit(inode, policy));
    return this.done;
  }

  #visit(inode: InodeHandle, inherited: number): void {
    const { inodes } = this.#ns;
    const policy = localPolicy(inodes, inode) || inherited;
    switch (inodes.type(inode)) {
      case InodeType.FILE: {
        const length = fileLength(this.#ns, inode);
        this.#files++;
        this.#length += length;
        this.#space += spaceConsumed(this.#ns, inode);
        if (policy !== 0) this.#byPolicy.add(policy, inodes.replication(inode), length);
        return;
      }
      case InodeType.SYMLINK:
        this.#files++;
        return;
      case InodeType.DIRECTORY: {
        const caller = this.#caller;
        if (caller !== undefined && !isAllowed(inodes, caller, inode, FsAction.READ_EXECUTE)) {
          throw denied(inodes, caller, inode, pathOfInode(inodes, inode), FsAction.READ_EXECUTE);
        }
        this.#directories++;
        this.#descent.enter(inode, policy);
      }
    }
  }

  summary(): ContentSummary {
    const { inodes } = this.#ns;
    return {
      length: this.#length,
      fileCount: this.#files,
      directoryCount: this.#directories,
      spaceConsumed: this.#space,
      quota: quotaOf(inodes, this.root),
      spaceByType: this.#byPolicy.spaceByType(0),
      erasureCodingPolicy: inodes.type(this.root) === InodeType.FILE ? 'Replicated' : '',
    };
  }

  usage(): QuotaUsage {
    return {
      fileAndDirectoryCount: this.#files + this.#directories,
      spaceConsumed: this.#space,
      quota: quotaOf(this.#ns.inodes, this.root),
      spaceByType: this.#byPolicy.spaceByType(0),
    };
  }
}

/**
 * What a directory with a quota holds: known where its space is limited. For that too whoever is not the superuser must be
 * allowed to read every directory, as Apache asks.
 */
export class QuotaCount implements CountWalk {
  readonly #ns: Namespace;
  readonly #root: InodeHandle;
  readonly #rights: SubtreeCount | undefined;
  readonly #walk: SubtreeSpace | undefined;

  constructor(ns: Namespace, caller: Caller, root: InodeHandle) {
    this.#ns = ns;
    this.#root = root;
    this.#rights = ns.options.permissionsEnabled && !caller.superuser ? new SubtreeCount(ns, caller, root) : undefined;
    this.#walk = ns.space.of(root) === undefined ? new SubtreeSpace(ns, root) : undefined;
  }

  get holds(): boolean {
    if (!this.#ns.inodes.isReachable(this.#root)) return false;
    return (this.#rights?.holds ?? true) && (this.#walk?.holds ?? true);
  }

  goThroughChanges(): void {
    this.#rights?.goThroughChanges();
    this.#walk?.goThroughChanges();
  }

  step(budget: number): boolean {
    if (this.#rights?.step(budget) === false) return false;
    return this.#walk?.step(budget) ?? true;
  }

  usage(): QuotaUsage {
    const { inodes, space } = this.#ns;
    const used = this.#walk?.usage ?? space.of(this.#root) ?? new SpaceUsage();
    return {
      fileAndDirectoryCount: inodes.subtreeInodes(this.#root),
      spaceConsumed: used.space,
      quota: quotaOf(inodes, this.#root),
      spaceByType: used.spaceByType(effectivePolicy(inodes, this.#root)),
    };
  }
}

/** A summary that is begun when the caller has turned out to be allowed to read the whole tree, as if to remove it. */
export class GuardedSummary implements CountWalk {
  readonly #rights: SubtreeAccess;
  readonly #count: SubtreeCount;

  constructor(ns: Namespace, caller: Caller, root: InodeHandle) {
    this.#rights = new SubtreeAccess(ns, caller, root, { action: FsAction.READ_EXECUTE, ofEmpty: true });
    this.#count = new SubtreeCount(ns, undefined, root);
  }

  get holds(): boolean {
    return this.#count.holds;
  }

  goThroughChanges(): void {
    this.#count.goThroughChanges();
  }

  step(budget: number): boolean {
    return this.#rights.step(budget) && this.#count.step(budget);
  }

  summary(): ContentSummary {
    return this.#count.summary();
  }
}

/** Begins a content summary: step it until done, then ask for its summary, or begin again when it does not hold. */
export function beginContentSummary(ns: Namespace, caller: Caller, path: string): SubtreeCount | GuardedSummary {
  const resolved = resolvePath(ns, caller, path, 'readLink');
  if (resolved.last === 0) throw new HdfsError('ENOENT', `File does not exist: ${resolved.text}`, { path });
  if (ns.options.summaryGuarded) return new GuardedSummary(ns, caller, resolved.last);
  return new SubtreeCount(ns, caller, resolved.last);
}

/** Begins a quota usage in the same way. */
export function beginQuotaUsage(ns: Namespace, caller: Caller, path: string): SubtreeCount | QuotaCount {
  const resolved = resolvePath(ns, caller, path, 'readLink');
  if (resolved.last === 0) {
    throw new HdfsError('ENOENT', `File/Directory does not exist: ${resolved.text}`, { path });
  }
  if (resolved.last === ns.inodes.root || ns.inodes.quota(resolved.last) !== undefined)
    return new QuotaCount(ns, caller, resolved.last);
  return new SubtreeCount(ns, caller, resolved.last);
}

/** The whole summary in one go: for small trees and tests. */
export function contentSummary(ns: Namespace, caller: Caller, path: string): ContentSummary {
  const count = beginContentSummary(ns, caller, path);
  while (!count.step(Number.MAX_SAFE_INTEGER));
  return count.summary();
}
