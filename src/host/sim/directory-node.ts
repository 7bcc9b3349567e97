// A simulated directory: its names as processes see them, and those that are left after the power fails.
import type { SeededRandom } from '../../base/random.ts';
import type { NodeFields, SimFileNode } from './file-node.ts';

/** As a subclass would call its parent, which takes a search for the parent each time. */
const { set: putName, delete: dropName } = Map.prototype as Map<string, SimNode>;

/** Names in the order in which they came, and which of them have come, gone or changed since somebody asked. */
class Names extends Map<string, SimNode> {
  private readonly durable: Map<string, SimNode>;
  /** In the order in which they came last, and whether they came: others have the place that they had. */
  private readonly changed = new Map<string, boolean>();

  /** Those of `durable`; none of them is a change. */
  constructor(durable: Map<string, SimNode>) {
    super();
    this.durable = durable;
    for (const [name, node] of durable) putName.call(this, name, node);
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
    // What has come and gone is no change. In a directory that nobody syncs there is no end of that.
    if (this.durable.has(name)) this.changed.set(name, true);
    else this.changed.delete(name);
    return true;
  }

  /** Makes the durable names, which were like these when it was done last, like them again, in their order too. */
  makeDurable(): void {
    const { durable } = this;
    for (const [name, hasCome] of this.changed) {
      if (hasCome) durable.delete(name);
      const node = this.get(name);
      if (node !== undefined) durable.set(name, node);
    }
    this.changed.clear();
  }
}

export class SimDirectoryNode implements NodeFields {
  readonly kind = 'directory';
  readonly inode: number;
  mode: number;
  mtimeMs: number;
  durable = new Map<string, SimNode>();
  live = new Names(this.durable);

  constructor(inode: number, mode: number, mtimeMs: number) {
    this.inode = inode;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }

  sync(): void {
    this.live.makeDurable();
  }

  /** Another disk lies here, which holds nothing. */
  empty(): void {
    this.durable = new Map();
    this.live = new Names(this.durable);
  }

  /** The power failed: here and in all that is durably below. */
  losePower(luck: SeededRandom | undefined, seen = new Set<SimNode>()): void {
    this.live = new Names(this.durable);
    for (const node of this.live.values()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (node.kind === 'file') node.losePower(luck);
      else node.losePower(luck, seen);
    }
  }
}

export type SimNode = SimFileNode | SimDirectoryNode;
