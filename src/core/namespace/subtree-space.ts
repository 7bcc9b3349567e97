// A walk that sums up the space of a subtree. It goes in slices and stays good while nothing below its root changes,
// which SpaceCounters tells it of. Apache: INodeDirectory.computeQuotaUsage.
import { localPolicy } from './inode-policy.ts';
import { type InodeHandle, InodeType } from './inodes.ts';
import type { Namespace } from './namespace.ts';
import { addFileUsage, SpaceUsage } from './space-usage.ts';

interface Frame {
  readonly directory: InodeHandle;
  /** Set on it, or on a directory between it and the root of the walk; 0: none. */
  readonly policy: number;
  /** Last name that was counted. */
  after: Uint8Array | undefined;
}

export class SubtreeSpace {
  readonly root: InodeHandle;
  /** Without the root's own policy, unless the root is a file. */
  readonly usage = new SpaceUsage();
  readonly #ns: Namespace;
  readonly #version: number;
  readonly #descent: Frame[] = [];
  #disturbed = false;

  constructor(ns: Namespace, root: InodeHandle) {
    this.#ns = ns;
    this.root = root;
    this.#version = ns.inodes.subtreeVersion(root);
    const type = ns.inodes.type(root);
    if (type === InodeType.DIRECTORY) this.#descent.push({ directory: root, policy: 0, after: undefined });
    else if (type === InodeType.FILE) addFileUsage(ns, root, 0, this.usage);
  }

  /** Done, and nothing below the root has changed since it began. */
  get holds(): boolean {
    return this.#descent.length === 0 && this.#isUnchanged;
  }

  get #isUnchanged(): boolean {
    return !this.#disturbed && this.#ns.inodes.subtreeVersion(this.root) === this.#version;
  }

  /** A file below the root takes more or less space. */
  disturb(): void {
    this.#disturbed = true;
  }

  /** Counts about `budget` more inodes. True when there is nothing more to do: it is done, or the tree has changed. */
  step(budget: number): boolean {
    if (!this.#isUnchanged) return true;
    const { inodes } = this.#ns;
    let left = budget;
    while (left > 0) {
      const frame = this.#descent[this.#descent.length - 1];
      if (frame === undefined) break;
      let below: InodeHandle = 0;
      let last: InodeHandle = 0;
      inodes.forEachChild(frame.directory, frame.after, (child) => {
        last = child;
        left--;
        const type = inodes.type(child);
        if (type === InodeType.DIRECTORY) below = child;
        else if (type === InodeType.FILE) addFileUsage(this.#ns, child, frame.policy, this.usage);
        return below === 0 && left > 0;
      });
      if (last === 0) {
        this.#descent.pop();
        left--;
        continue;
      }
      frame.after = inodes.name(last);
      if (below !== 0) {
        this.#descent.push({ directory: below, policy: localPolicy(inodes, below) || frame.policy, after: undefined });
      }
    }
    return this.#descent.length === 0;
  }
}

/** The whole walk at once. */
export function subtreeSpace(ns: Namespace, root: InodeHandle): SpaceUsage {
  const walk = new SubtreeSpace(ns, root);
  while (!walk.step(Number.MAX_SAFE_INTEGER));
  return walk.usage;
}
