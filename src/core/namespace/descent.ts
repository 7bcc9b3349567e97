// The way down a subtree, in slices: children in order of their names, each directory gone through before what follows it.
// Between slices only the last name of each directory on the way is remembered, so that the tree may change meanwhile.
import type { InodeId } from '../../base/ids.ts';
import { type InodeHandle, type Inodes, InodeType } from './inodes.ts';

interface Frame {
  readonly directory: InodeHandle;
  /** Handles are used again: this tells whether it is still the same directory. */
  readonly id: InodeId;
  /** Storage policy for what lies in it, as the walk has it; 0: none. */
  readonly policy: number;
  /** Last name that was visited. */
  after: Uint8Array | undefined;
}

export class Descent {
  readonly #inodes: Inodes;
  /** Directories from the root down to the one being looked at. */
  readonly #frames: Frame[] = [];

  constructor(inodes: Inodes) {
    this.#inodes = inodes;
  }

  get done(): boolean {
    return this.#frames.length === 0;
  }

  /** What lies in a directory is visited next. */
  enter(directory: InodeHandle, policy: number): void {
    this.#frames.push({ directory, id: this.#inodes.id(directory), policy, after: undefined });
  }

  /** Nothing more is visited. */
  stop(): void {
    this.#frames.length = 0;
  }

  /**
   * Visits about `budget` more inodes, with the policy of the directory each lies in. `visit` enters directories. What has
   * left the subtree since the last step is left as well.
   */
  step(budget: number, visit: (inode: InodeHandle, policy: number) => void): void {
    const inodes = this.#inodes;
    this.#leaveGone();
    let left = budget;
    while (left > 0) {
      const frame = this.#frames[this.#frames.length - 1];
      if (frame === undefined) return;
      let below: InodeHandle = 0;
      let last: InodeHandle = 0;
      inodes.forEachChild(frame.directory, frame.after, (child) => {
        last = child;
        left--;
        if (inodes.type(child) === InodeType.DIRECTORY) below = child;
        else visit(child, frame.policy);
        return below === 0 && left > 0;
      });
      if (last === 0) {
        this.#frames.pop();
        left--;
        continue;
      }
      frame.after = inodes.name(last);
      if (below !== 0) visit(below, frame.policy);
    }
  }

  #leaveGone(): void {
    let above: InodeHandle = 0;
    for (const [depth, { directory, id }] of this.#frames.entries()) {
      const isThere = above === 0 ? this.#inodes.find(id) === directory : this.#inodes.findAnywhere(id) === directory;
      if (!isThere || (above !== 0 && this.#inodes.parent(directory) !== above)) {
        this.#frames.length = depth;
        return;
      }
      above = directory;
    }
  }
}
