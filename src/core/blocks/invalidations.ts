// Replicas that DataNodes shall delete, by node, in the order of decision. Each names its exact generation stamp and the
// edit after which it may leave. They die with the node's registration. A round of redundancy work grants some nodes a
// number of them; what is granted leaves with the node's next heartbeats. Mirrors InvalidateBlocks.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { BlockTriple } from './commands.ts';
import type { Datanode } from './datanode.ts';

export interface Invalidation extends BlockTriple {
  readonly afterTxid: number;
}

export interface TakenInvalidations {
  readonly blocks: readonly Invalidation[];
  /** Highest txid that any of them waits for. */
  readonly afterTxid: number;
}

export class Invalidations {
  readonly #byNode = new Map<Datanode, Map<BlockId, Invalidation>>();
  readonly #granted = new Map<Datanode, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(node: Datanode): number {
    return this.#byNode.get(node)?.size ?? 0;
  }

  /** What that node has to delete. */
  *of(node: Datanode): IterableIterator<Invalidation> {
    yield* this.#byNode.get(node)?.values() ?? [];
  }

  /** DataNodes that have something to delete. */
  get nodes(): IterableIterator<Datanode> {
    return this.#byNode.keys();
  }

  /** Whether exactly that replica is to be deleted. */
  has(node: Datanode, id: BlockId, genStamp: GenStamp): boolean {
    return this.#byNode.get(node)?.get(id)?.genStamp === genStamp;
  }

  add(node: Datanode, invalidation: Invalidation): void {
    let blocks = this.#byNode.get(node);
    if (blocks === undefined) {
      blocks = new Map();
      this.#byNode.set(node, blocks);
    }
    if (!blocks.has(invalidation.id)) this.#size++;
    blocks.set(invalidation.id, invalidation);
  }

  remove(node: Datanode, id: BlockId): boolean {
    const blocks = this.#byNode.get(node);
    if (blocks === undefined || !blocks.delete(id)) return false;
    this.#size--;
    if (blocks.size === 0) this.#byNode.delete(node);
    return true;
  }

  /** The node has deleted that replica, or (stamp 0) whatever it had: an order for it that still waits is carried out. */
  done(node: Datanode, id: BlockId, genStamp: GenStamp): void {
    const waiting = this.#byNode.get(node)?.get(id);
    if (waiting !== undefined && (genStamp === 0 || waiting.genStamp <= genStamp)) this.remove(node, id);
  }

  removeNode(node: Datanode): void {
    this.#size -= this.sizeOf(node);
    this.#granted.delete(node);
    this.#byNode.delete(node);
  }

  /** Lets the node have so many more. */
  grant(node: Datanode, count: number): void {
    this.#granted.set(node, Math.min(this.sizeOf(node), (this.#granted.get(node) ?? 0) + count));
  }

  /** How many the node may have now. */
  grantedTo(node: Datanode): number {
    return this.#granted.get(node) ?? 0;
  }

  /**
   * Takes up to `limit` of what is granted out. Those that wait for an edit beyond `durableTxid` stay; those that `allowed` refuses are
   * dropped, as circumstances have changed since they were decided.
   */
  take(
    node: Datanode,
    limit: number,
    durableTxid: number,
    allowed: (invalidation: Invalidation) => boolean,
  ): TakenInvalidations {
    const taken: Invalidation[] = [];
    let afterTxid = 0;
    const blocks = this.#byNode.get(node);
    const most = Math.min(limit, this.grantedTo(node));
    if (blocks === undefined || most === 0) return { blocks: taken, afterTxid };
    const before = blocks.size;
    let looked = 0;
    for (const invalidation of blocks.values()) {
      // Later decisions wait for later edits, so what follows a waiting one is seldom ready: look a little further only.
      if (taken.length >= most || looked++ >= most * 2) break;
      if (invalidation.afterTxid > durableTxid) continue;
      blocks.delete(invalidation.id);
      this.#size--;
      if (!allowed(invalidation)) continue;
      afterTxid = Math.max(afterTxid, invalidation.afterTxid);
      taken.push(invalidation);
    }
    if (blocks.size === 0) this.#byNode.delete(node);
    const left = this.grantedTo(node) - (before - blocks.size);
    if (left > 0) this.#granted.set(node, left);
    else this.#granted.delete(node);
    return { blocks: taken, afterTxid };
  }

  clear(): void {
    this.#byNode.clear();
    this.#granted.clear();
    this.#size = 0;
  }
}
