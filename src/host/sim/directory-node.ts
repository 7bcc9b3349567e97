// A simulated directory: its names as processes see them, and those that are left after the power fails.
import type { SeededRandom } from '../../base/random.ts';
import type { NodeFields, SimFileNode } from './file-node.ts';

/** As a subclass would call its parent, which takes a search for the parent each time. */
const { set: putName, delete: dropName } = Map.prototype as Map<string, SimNode>;

/** Names in the order in which they came, and which of them have come, gone or changed since somebody asked. */
class Names extends Map<string, SimNode> {
  /** In the order in which they came last, and whether they came: others have the place that they had. */
  private changed = new Map<string, boolean>();

  /** Those of `other`; none of them is a change. */
  static of(other: ReadonlyMap<string, SimNode>): Names {
    const names = new Names();
    for (const [name, node] of other) putName.call(names, name, node);
    return names;
  }

  override set(name: string, node: SimNode): this {
    if (!this.has(name)) {
      this.changed.delete(name);
      this.changed.set(name, true);
    } else if (!this.changed.has(name)) this.changed.set(name, false);
    putName.call(this, name, node);
    return this;
  }

  override delete(name: string): boolean {
    if (!dropName.call(this, name)) return false;
    this.changed.set(name, true);
    return true;
  }

  /** Makes `other`, which was like this one when it was done last, like it again, in its order too. */
  copyChangesTo(other: Map<string, SimNode>): void {
    for (const [name, hasCome] of this.changed) {
      if (hasCome) other.delete(name);
      const node = this.get(name);
      if (node !== undefined) other.set(name, node);
    }
    this.changed.clear();
  }
}

export class SimDirectoryNode implements NodeFields {
  readonly kind = 'directory';
  readonly inode: number;
  mode: number;
  mtimeMs: number;
  live = new Names();
  durable = new Map<string, SimNode>();

  constructor(inode: number, mode: number, mtimeMs: number) {
    this.inode = inode;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }

  sync(): void {
    this.live.copyChangesTo(this.durable);
  }

  /** Another disk lies here, which holds nothing. */
  empty(): void {
    this.live = new Names();
    this.durable = new Map();
  }

  /** The power failed: here and in all that is durably below. */
  losePower(luck: SeededRandom | undefined, seen = new Set<SimNode>()): void {
    this.live = Names.of(this.durable);
    for (const node of this.live.values()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (node.kind === 'file') node.losePower(luck);
      else node.losePower(luck, seen);
    }
  }
}

export type SimNode = SimFileNode | SimDirectoryNode;
