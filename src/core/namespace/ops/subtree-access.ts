// Whether a caller may take away everything below a directory. The walk can be long, so it goes in slices: it stays
// good while the subtree's version does, and the check that needs it asks for that. Apache:
// FSPermissionChecker.checkSubAccess, with empty directories passed over.
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { type Caller, denied, deniedBySticky, FsAction, isAllowed, isStickyViolated, pathOfInode } from '../permissions.ts';

export class SubtreeAccess {
  readonly root: InodeHandle;
  readonly #ns: Namespace;
  readonly #caller: Caller;
  readonly #version: number;
  readonly #waiting: InodeHandle[];
  /** The directory whose children are being looked at, and the last name seen there. */
  #directory: InodeHandle = 0;
  #after: Uint8Array | undefined;

  constructor(ns: Namespace, caller: Caller, root: InodeHandle) {
    this.#ns = ns;
    this.#caller = caller;
    this.root = root;
    this.#version = ns.inodes.subtreeVersion(root);
    const needed = ns.options.permissionsEnabled && !caller.superuser && root !== 0;
    this.#waiting = needed && ns.inodes.type(root) === InodeType.DIRECTORY ? [root] : [];
  }

  /** Nothing is left to look at. */
  get done(): boolean {
    return this.#directory === 0 && this.#waiting.length === 0;
  }

  /** Done, of this root, and nothing below it has changed since. */
  holdsFor(root: InodeHandle): boolean {
    return this.done && root === this.root && this.#ns.inodes.subtreeVersion(root) === this.#version;
  }

  /** Looks at about `budget` more inodes; throws what the caller is denied. True when done. */
  step(budget: number): boolean {
    const { inodes } = this.#ns;
    // A changed tree makes the walk worthless; who asked starts over.
    if (inodes.subtreeVersion(this.root) !== this.#version) return true;
    let left = budget;
    while (left > 0 && !this.done) {
      if (this.#directory === 0) {
        this.#enter(this.#waiting.pop() as InodeHandle);
        left--;
        continue;
      }
      left -= this.#children(left);
    }
    return this.done;
  }

  #enter(directory: InodeHandle): void {
    const { inodes } = this.#ns;
    if (inodes.childCount(directory) === 0) return;
    if (!isAllowed(inodes, this.#caller, directory, FsAction.ALL)) {
      throw denied(inodes, this.#caller, directory, pathOfInode(inodes, directory), FsAction.ALL);
    }
    this.#directory = directory;
    this.#after = undefined;
  }

  #children(limit: number): number {
    const { inodes } = this.#ns;
    const directory = this.#directory;
    let seen = 0;
    let last: InodeHandle = 0;
    inodes.forEachChild(directory, this.#after, (child) => {
      if (isStickyViolated(inodes, this.#caller, directory, child)) {
        throw deniedBySticky(
          inodes,
          this.#caller,
          { inode: child, path: pathOfInode(inodes, child) },
          { inode: directory, path: pathOfInode(inodes, directory) },
        );
      }
      if (inodes.type(child) === InodeType.DIRECTORY) this.#waiting.push(child);
      last = child;
      return ++seen < limit;
    });
    if (seen < limit) this.#directory = 0;
    else this.#after = inodes.name(last);
    return Math.max(seen, 1);
  }
}

/** The whole walk at once, unless `walked` has done it already. */
export function checkSubtreeAccess(ns: Namespace, caller: Caller, root: InodeHandle, walked?: SubtreeAccess): void {
  if (walked?.holdsFor(root) === true) return;
  const walk = new SubtreeAccess(ns, caller, root);
  while (!walk.step(Number.MAX_SAFE_INTEGER));
}
