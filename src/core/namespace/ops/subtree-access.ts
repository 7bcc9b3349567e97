// Whether a caller may take away everything below a directory, or look at it. The walk can be long, so it goes in slices; one that follows
// the tree is told what changes meanwhile, and looks at that once more, so that others' work never makes it begin anew.
// Apache: FSPermissionChecker.checkSubAccess.
import { type InodeId, UNKNOWN_INODE_ID } from '../../../base/ids.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { type Caller, denied, deniedBySticky, FsAction, isAllowed, isStickyViolated, pathOfInode } from '../permissions.ts';

/** What is asked of each directory. */
export interface SubtreeNeeds {
  readonly action: FsAction;
  /** Of those without children, too. */
  readonly ofEmpty: boolean;
}

const REMOVAL: SubtreeNeeds = { action: FsAction.ALL, ofEmpty: false };

export class SubtreeAccess {
  readonly root: InodeHandle;
  readonly #ns: Namespace;
  readonly #caller: Caller;
  readonly #needs: SubtreeNeeds;
  readonly #rootId: InodeId;
  readonly #waiting: InodeHandle[];
  /** The directory whose children are being looked at, and the last name seen there. */
  #directory: InodeHandle = 0;
  #after: Uint8Array | undefined;
  /** What has come or changed since it was, or would have been, looked at. */
  readonly #changed = new Set<InodeHandle>();
  readonly #watcher = (inode: InodeHandle): void => {
    if (this.#ns.inodes.isWithin(inode, this.root)) this.#changed.add(inode);
  };

  constructor(ns: Namespace, caller: Caller, root: InodeHandle, needs = REMOVAL) {
    this.#ns = ns;
    this.#caller = caller;
    this.#needs = needs;
    this.root = root;
    this.#rootId = root === 0 ? UNKNOWN_INODE_ID : ns.inodes.id(root);
    const needed = ns.options.permissionsEnabled && !caller.superuser && root !== 0;
    this.#waiting = needed && ns.inodes.type(root) === InodeType.DIRECTORY ? [root] : [];
  }

  /** From here on the tree may change between steps, until `end`. */
  follow(): void {
    if (!this.done) this.#ns.inodes.watchers.add(this.#watcher);
  }

  end(): void {
    this.#ns.inodes.watchers.delete(this.#watcher);
  }

  /** Nothing is left to look at. */
  get done(): boolean {
    return this.#directory === 0 && this.#waiting.length === 0 && this.#changed.size === 0;
  }

  /** It is this directory that was walked through. */
  isOf(root: InodeHandle): boolean {
    return root === this.root && root !== 0 && this.#ns.inodes.find(this.#rootId) === root;
  }

  /** Looks at about `budget` more inodes; throws what the caller is denied. True when done. */
  step(budget: number): boolean {
    if (this.#ns.inodes.find(this.#rootId) !== this.root) return true;
    if (!this.#isBelow(this.#directory)) this.#directory = 0;
    let left = budget;
    while (left > 0 && !this.done) {
      if (this.#directory !== 0) left -= this.#children(left);
      else if (this.#waiting.length > 0) {
        this.#enter(this.#waiting.pop() as InodeHandle);
        left--;
      } else left -= this.#lookAgain(left);
    }
    return this.done;
  }

  /** A handle that was kept over a turn may be of a directory elsewhere by now, or of none. */
  #isBelow(directory: InodeHandle): boolean {
    const { inodes } = this.#ns;
    if (directory === 0) return false;
    return inodes.type(directory) === InodeType.DIRECTORY && inodes.isWithin(directory, this.root);
  }

  #enter(directory: InodeHandle): void {
    const { inodes } = this.#ns;
    if (!this.#isBelow(directory) || (!this.#needs.ofEmpty && inodes.childCount(directory) === 0)) return;
    this.#checkDirectory(directory);
    this.#directory = directory;
    this.#after = undefined;
  }

  #checkDirectory(directory: InodeHandle): void {
    const { inodes } = this.#ns;
    const { action } = this.#needs;
    if (isAllowed(inodes, this.#caller, directory, action)) return;
    throw denied(inodes, this.#caller, directory, pathOfInode(inodes, directory), action);
  }

  #checkSticky(directory: InodeHandle, child: InodeHandle): void {
    const { inodes } = this.#ns;
    if (!isStickyViolated(inodes, this.#caller, directory, child)) return;
    throw deniedBySticky(
      inodes,
      this.#caller,
      { inode: child, path: pathOfInode(inodes, child) },
      { inode: directory, path: pathOfInode(inodes, directory) },
    );
  }

  #children(limit: number): number {
    const { inodes } = this.#ns;
    const directory = this.#directory;
    let seen = 0;
    let last: InodeHandle = 0;
    inodes.forEachChild(directory, this.#after, (child) => {
      this.#checkSticky(directory, child);
      if (inodes.type(child) === InodeType.DIRECTORY) this.#waiting.push(child);
      last = child;
      return ++seen < limit;
    });
    if (seen < limit) this.#directory = 0;
    else this.#after = inodes.name(last);
    return Math.max(seen, 1);
  }

  /** A directory with all that it holds, and the place of whatever has come. */
  #lookAgain(limit: number): number {
    const { inodes } = this.#ns;
    let looked = 0;
    for (const inode of this.#changed) {
      if (looked >= limit) break;
      this.#changed.delete(inode);
      looked++;
      if (!inodes.isWithin(inode, this.root)) continue;
      if (inodes.type(inode) === InodeType.DIRECTORY) this.#waiting.push(inode);
      if (inode === this.root) continue;
      const directory = inodes.parent(inode);
      this.#checkDirectory(directory);
      this.#checkSticky(directory, inode);
    }
    return looked;
  }
}

/** The whole walk at once, or what is left of `walked`. */
export function checkSubtreeAccess(ns: Namespace, caller: Caller, root: InodeHandle, walked?: SubtreeAccess): void {
  const walk = walked?.isOf(root) === true ? walked : new SubtreeAccess(ns, caller, root);
  while (!walk.step(Number.MAX_SAFE_INTEGER));
}
