// getContentSummary and getQuotaUsage: counts over a subtree. The walk goes in slices, each as long as its caller
// allows; between slices the tree may change, and the walk goes on from where it was, as Apache's does when it lets
// others in. Whoever needs one consistent answer asks `holds` at the end. Apache: ContentSummaryComputationContext.
import { HdfsError } from '../../../base/errors.ts';
import { fileLength, spaceConsumed } from '../file-length.ts';
import { type InodeHandle, InodeType, type Quota } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { type Caller, denied, FsAction, isAllowed, pathOfInode } from '../permissions.ts';
import { quotaOf } from '../quota.ts';
import { resolvePath } from '../resolve.ts';

export interface ContentSummary {
  readonly length: number;
  /** Files and symlinks. */
  readonly fileCount: number;
  readonly directoryCount: number;
  readonly spaceConsumed: number;
  readonly quota: Quota;
  /** Empty for directories; 'Replicated' for a file. */
  readonly erasureCodingPolicy: string;
}

export interface QuotaUsage {
  readonly fileAndDirectoryCount: number;
  readonly spaceConsumed: number;
  readonly quota: Quota;
}

interface Frame {
  readonly directory: InodeHandle;
  /** Last name that was counted. */
  after: Uint8Array | undefined;
}

/** A walk over one subtree. */
export class SubtreeCount {
  readonly root: InodeHandle;
  readonly #ns: Namespace;
  readonly #caller: Caller | undefined;
  readonly #version: number;
  /** Directories from the root down to the one being looked at. */
  readonly #descent: Frame[] = [];
  #length = 0;
  #space = 0;
  #files = 0;
  #directories = 0;

  /** `caller`: who must be allowed to read every directory; undefined when that was seen to before. */
  constructor(ns: Namespace, caller: Caller | undefined, root: InodeHandle) {
    this.#ns = ns;
    this.#caller = ns.options.permissionsEnabled && caller?.superuser === false ? caller : undefined;
    this.root = root;
    this.#version = ns.inodes.subtreeVersion(root);
    this.#visit(root);
  }

  get done(): boolean {
    return this.#descent.length === 0;
  }

  /** Nothing below the root has changed since the walk began. */
  get holds(): boolean {
    return this.#ns.inodes.isReachable(this.root) && this.#ns.inodes.subtreeVersion(this.root) === this.#version;
  }

  /** Counts about `budget` more inodes. True when done. Throws what the caller is denied. */
  step(budget: number): boolean {
    // The tree has changed under the walk: it cannot go on, and `holds` says so.
    if (!this.holds) {
      this.#descent.length = 0;
      return true;
    }
    const { inodes } = this.#ns;
    let left = budget;
    while (left > 0 && !this.done) {
      const frame = this.#descent[this.#descent.length - 1] as Frame;
      let below: InodeHandle = 0;
      let last: InodeHandle = 0;
      inodes.forEachChild(frame.directory, frame.after, (child) => {
        last = child;
        left--;
        if (inodes.type(child) === InodeType.DIRECTORY) below = child;
        else this.#visit(child);
        return below === 0 && left > 0;
      });
      if (last === 0) {
        this.#descent.pop();
        left--;
        continue;
      }
      frame.after = inodes.name(last);
      if (below !== 0) this.#visit(below);
    }
    return this.done;
  }

  #visit(inode: InodeHandle): void {
    const { inodes } = this.#ns;
    switch (inodes.type(inode)) {
      case InodeType.FILE:
        this.#files++;
        this.#length += fileLength(this.#ns, inode);
        this.#space += spaceConsumed(this.#ns, inode);
        return;
      case InodeType.SYMLINK:
        this.#files++;
        return;
      case InodeType.DIRECTORY: {
        const caller = this.#caller;
        if (caller !== undefined && !isAllowed(inodes, caller, inode, FsAction.READ_EXECUTE)) {
          throw denied(inodes, caller, inode, pathOfInode(inodes, inode), FsAction.READ_EXECUTE);
        }
        this.#directories++;
        this.#descent.push({ directory: inode, after: undefined });
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
      erasureCodingPolicy: inodes.type(this.root) === InodeType.FILE ? 'Replicated' : '',
    };
  }

  usage(): QuotaUsage {
    return {
      fileAndDirectoryCount: this.#files + this.#directories,
      spaceConsumed: this.#space,
      quota: quotaOf(this.#ns.inodes, this.root),
    };
  }
}

/** Begins a content summary: step it until done, then ask for its summary, or begin again when it does not hold. */
export function beginContentSummary(ns: Namespace, caller: Caller, path: string): SubtreeCount {
  const resolved = resolvePath(ns, caller, path, 'readLink');
  if (resolved.last === 0) throw new HdfsError('ENOENT', `File does not exist: ${resolved.text}`, { path });
  return new SubtreeCount(ns, caller, resolved.last);
}

/** Begins a quota usage in the same way. */
export function beginQuotaUsage(ns: Namespace, caller: Caller, path: string): SubtreeCount {
  const resolved = resolvePath(ns, caller, path, 'readLink');
  if (resolved.last === 0) {
    throw new HdfsError('ENOENT', `File/Directory does not exist: ${resolved.text}`, { path });
  }
  return new SubtreeCount(ns, caller, resolved.last);
}

/** The whole summary in one go: for small trees and tests. */
export function contentSummary(ns: Namespace, caller: Caller, path: string): ContentSummary {
  const count = beginContentSummary(ns, caller, path);
  while (!count.step(Number.MAX_SAFE_INTEGER));
  return count.summary();
}
