// A walk that sums up the space of a subtree. It goes in slices and stays good while nothing below its root changes,
// which SpaceCounters tells it of. Apache: INodeDirectory.computeQuotaUsage.
import { Descent } from './descent.ts';
import { localPolicy } from './inode-policy.ts';
import { type InodeHandle, InodeType } from './inodes.ts';
import type { Namespace } from './namespace.ts';
import { addFileUsage, SpaceUsage } from './space-usage.ts';

export class SubtreeSpace {
  readonly root: InodeHandle;
  /** Without the root's own policy, unless the root is a file. */
  readonly usage = new SpaceUsage();
  readonly #ns: Namespace;
  readonly #version: number;
  readonly #descent: Descent;
  #disturbed = false;
  #heedsChanges = true;

  constructor(ns: Namespace, root: InodeHandle) {
    this.#ns = ns;
    this.root = root;
    this.#version = ns.inodes.subtreeVersion(root);
    this.#descent = new Descent(ns.inodes);
    if (ns.inodes.type(root) === InodeType.DIRECTORY) this.#descent.enter(root, 0);
    else this.#visit(root, 0);
  }

  /** Done, and nothing below the root has changed since it began. */
  get holds(): boolean {
    return this.#descent.done && this.#isUnchanged;
  }

  /** From here on changes are no reason to end: for who asks, not for what counts. */
  goThroughChanges(): void {
    this.#heedsChanges = false;
  }

  get #isUnchanged(): boolean {
    if (!this.#heedsChanges) return true;
    return !this.#disturbed && this.#ns.inodes.subtreeVersion(this.root) === this.#version;
  }

  /** A file below the root takes more or less space. */
  disturb(): void {
    this.#disturbed = true;
  }

  /** Counts about `budget` more inodes. True when there is nothing more to do: it is done, or the tree has changed. */
  step(budget: number): boolean {
    if (!this.#isUnchanged) return true;
    this.#descent.step(budget, this.#visit);
    return this.#descent.done;
  }

  /** `inherited`: the policy set on a directory between the root of the walk and the inode; 0: none. */
  readonly #visit = (inode: InodeHandle, inherited: number): void => {
    const { inodes } = this.#ns;
    const type = inodes.type(inode);
    if (type === InodeType.DIRECTORY) this.#descent.enter(inode, localPolicy(inodes, inode) || inherited);
    else if (type === InodeType.FILE) addFileUsage(this.#ns, inode, inherited, this.usage);
  };
}

/** The whole walk at once. */
export function subtreeSpace(ns: Namespace, root: InodeHandle): SpaceUsage {
  const walk = new SubtreeSpace(ns, root);
  while (!walk.step(Number.MAX_SAFE_INTEGER));
  return walk.usage;
}
