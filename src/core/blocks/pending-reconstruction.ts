// Copies that are on their way: ordered from a DataNode, or expected from the end of a pipeline, and not reported yet.
// What does not come in time is given back, so that it is ordered again. Mirrors PendingReconstructionBlocks.
import type { BlockHandle } from './block-map.ts';
import type { Datanode, Storage } from './datanode.ts';

interface Pending {
  sinceMs: number;
  readonly targets: Storage[];
}

/** A walk over all that is pending, which takes out what goes to these nodes. */
interface Walk {
  readonly nodes: Set<Datanode>;
  readonly entries: IterableIterator<[BlockHandle, Pending]>;
}

export class PendingReconstruction {
  timeoutMs: number;
  /** Oldest first: a block whose time starts again moves to the end. */
  readonly #pending = new Map<BlockHandle, Pending>();
  #timedOut = 0;
  #completed = 0;
  /** Nodes that are gone and for which no walk has begun. */
  readonly #gone = new Set<Datanode>();
  #walk: Walk | undefined;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Blocks whose copies did not come in time, ever. */
  get timedOutCount(): number {
    return this.#timedOut;
  }

  /** Blocks of which the last awaited copy has come, ever. */
  get completedCount(): number {
    return this.#completed;
  }

  /** Copies on their way. */
  count(block: BlockHandle): number {
    return this.#pending.size === 0 ? 0 : (this.#pending.get(block)?.targets.length ?? 0);
  }

  targets(block: BlockHandle): readonly Storage[] {
    return this.#pending.get(block)?.targets ?? [];
  }

  /** Every block with copies on their way, since when (monotonic) and how many. */
  *all(): IterableIterator<{ readonly block: BlockHandle; readonly sinceMs: number; readonly targets: number }> {
    for (const [block, { sinceMs, targets }] of this.#pending) yield { block, sinceMs, targets: targets.length };
  }

  add(block: BlockHandle, targets: readonly Storage[], nowMs: number): void {
    const pending = this.#pending.get(block) ?? { sinceMs: nowMs, targets: [] };
    for (const target of targets) if (!pending.targets.includes(target)) pending.targets.push(target);
    pending.sinceMs = nowMs;
    this.#pending.delete(block);
    if (pending.targets.length > 0) this.#pending.set(block, pending);
  }

  /** A copy came to that node. True when it was the last one. */
  arrived(block: BlockHandle, node: Datanode): boolean {
    const pending = this.#pending.get(block);
    if (pending === undefined) return false;
    this.#without(block, pending, (target) => target.node === node);
    if (pending.targets.length > 0) return false;
    this.#completed++;
    return true;
  }

  /** The copies to these storages were never ordered. True when one of them was awaited. */
  cancel(block: BlockHandle, targets: readonly Storage[]): boolean {
    const pending = this.#pending.get(block);
    return pending !== undefined && this.#without(block, pending, (target) => targets.includes(target));
  }

  /** The node is gone: copies to it come no more, and `takeGone` finds them. Apache waits until their time is over. */
  gone(node: Datanode): void {
    if (this.#pending.size > 0) this.#gone.add(node);
  }

  /** The node is back before all was found: what goes to storages that it still has is waited for. */
  back(node: Datanode): void {
    this.#gone.delete(node);
    this.#walk?.nodes.delete(node);
  }

  /** Copies to nodes that are gone may be left. */
  get hasGone(): boolean {
    return this.#walk !== undefined || this.#gone.size > 0;
  }

  /** Looks at up to `limit` blocks, and takes the copies to nodes that are gone out; answers which blocks had such. */
  takeGone(limit: number): BlockHandle[] {
    const out: BlockHandle[] = [];
    if (this.#walk === undefined) {
      if (this.#gone.size === 0) return out;
      this.#walk = { nodes: new Set(this.#gone), entries: this.#pending.entries() };
      this.#gone.clear();
    }
    const { nodes, entries } = this.#walk;
    for (let looked = 0; looked < limit; looked++) {
      const { done, value } = entries.next();
      if (done === true) {
        this.#walk = undefined;
        break;
      }
      const [block, pending] = value;
      if (this.#without(block, pending, (target) => target.retired || nodes.has(target.node))) out.push(block);
    }
    return out;
  }

  #without(block: BlockHandle, { targets }: Pending, gone: (target: Storage) => boolean): boolean {
    const before = targets.length;
    for (let i = before - 1; i >= 0; i--) if (gone(targets[i] as Storage)) targets.splice(i, 1);
    if (targets.length === 0) this.#pending.delete(block);
    return targets.length < before;
  }

  /** Forgets the block; answers the targets that were awaited. */
  remove(block: BlockHandle): readonly Storage[] {
    const targets = this.targets(block);
    this.#pending.delete(block);
    return targets;
  }

  /** Takes out up to `limit` blocks whose time is over. */
  takeTimedOut(nowMs: number, limit: number): BlockHandle[] {
    const out: BlockHandle[] = [];
    for (const [block, pending] of this.#pending) {
      if (out.length >= limit || nowMs <= pending.sinceMs + this.timeoutMs) break;
      out.push(block);
      this.#pending.delete(block);
    }
    this.#timedOut += out.length;
    return out;
  }

  clear(): void {
    this.#pending.clear();
    this.#gone.clear();
    this.#walk = undefined;
    this.#timedOut = 0;
    this.#completed = 0;
  }
}
