// One decision about where replicas go: what is chosen so far, whom it may not choose any more, and the single steps that
// the rules of a policy (rules.ts) are made of. Mirrors the choosing part of BlockPlacementPolicyDefault; where that throws
// NotEnoughReplicasException inside itself, a step here answers false.
import type { Datanode, Storage } from '../blocks/datanode.ts';
import { STORAGE_TYPE_ORDER, StorageState, type StorageType } from '../blocks/storage-type.ts';
import type { ClusterView, NotChosenReason, PlacementRequest, Writer } from './policy.ts';
import type { PlacementRules, PlacementSteps } from './rules.ts';
import { chooseStorageTypes } from './storage-policy.ts';
import { ROOT_SCOPE, type Topology } from './topology.ts';

export interface PlacementOptions {
  /** dfs.namenode.redundancy.considerLoad: nodes far above the average load are passed over. */
  readonly considerLoad: boolean;
  /** dfs.namenode.redundancy.considerLoad.factor. */
  readonly considerLoadFactor: number;
  /** dfs.namenode.block-placement-policy.default.prefer-local-node. */
  readonly preferLocalNode: boolean;
  /** dfs.namenode.block-placement.min-blocks-for.write: room for this many blocks is needed. */
  readonly minBlocksForWrite: number;
}

export const DEFAULT_PLACEMENT_OPTIONS: PlacementOptions = {
  considerLoad: true,
  considerLoadFactor: 2.0,
  preferLocalNode: true,
  minBlocksForWrite: 1,
};

/** Wanted types with their counts, walked in the order of STORAGE_TYPE_ORDER. */
type TypeCounts = Map<StorageType, number>;

function countTypes(types: readonly StorageType[]): TypeCounts {
  const counts: TypeCounts = new Map();
  for (const type of STORAGE_TYPE_ORDER) {
    const count = types.filter((each) => each === type).length;
    if (count > 0) counts.set(type, count);
  }
  return counts;
}

/** One decision: what it has chosen so far and whom it may not choose any more. */
export class Choice implements PlacementSteps {
  readonly reasons = new Map<NotChosenReason, number>();
  /** As Apache counts them: whom the request excludes, and who was looked at before fallbacks were tried. */
  lookedAt: number;
  readonly #request: PlacementRequest;
  readonly #cluster: ClusterView;
  readonly #options: PlacementOptions;
  readonly #rules: PlacementRules;
  #perRack = 0;
  #results: Storage[] = [];
  #excluded = new Set<Datanode>();
  /** Excluded whatever happens, unlike nodes that were passed over. */
  #barred: ReadonlySet<Datanode> = new Set();
  #avoidStale = false;
  #considerLoad = true;
  #types: TypeCounts = new Map();

  constructor(request: PlacementRequest, cluster: ClusterView, options: PlacementOptions, rules: PlacementRules) {
    this.#request = request;
    this.lookedAt = request.excluded.size;
    this.#cluster = cluster;
    this.#options = options;
    this.#rules = rules;
  }

  get results(): readonly Storage[] {
    return this.#results;
  }

  get rackCount(): number {
    return this.#topology.rackCount;
  }

  get perRack(): number {
    return this.#perRack;
  }

  get #topology(): Topology<Datanode> {
    return this.#cluster.topology;
  }

  /** Favoured nodes first, the rest by the rules. */
  withFavoured(): Storage[] {
    const request = this.#request;
    const limit = this.#rules.rackLimit(this.#topology.nodeCount, this.#topology.rackCount, 0, request.replicas);
    this.#perRack = limit.perRack;
    this.#avoidStale = this.#cluster.avoidStale;
    this.#excluded = new Set(request.excluded);
    this.#types = countTypes(chooseStorageTypes(request.storagePolicy, request.replicas));
    const chosen: Storage[] = [];
    this.#results = chosen;
    for (const node of request.favoured) {
      if (chosen.length >= limit.replicas) break;
      this.#local(node);
    }
    const excluded = new Set(this.#excluded);
    const missing = limit.replicas - chosen.length;
    if (missing > 0) chosen.push(...this.regular(missing, excluded, this.#types));
    return this.#pipeline(request.writer?.node, chosen);
  }

  /** By the rules alone, beside `request.chosen`. */
  regular(replicas: number, excluded: ReadonlySet<Datanode>, types?: TypeCounts): Storage[] {
    const { chosen, writer, noLocalWrite, noLocalRack } = this.#request;
    if (replicas <= 0 || this.#topology.nodeCount === 0) return [];
    const limit = this.#rules.rackLimit(this.#topology.nodeCount, this.#topology.rackCount, chosen.length, replicas);
    this.#perRack = limit.perRack;
    const wanted = limit.replicas;
    if (wanted <= 0) return [];
    const base = new Set(excluded);
    for (const storage of chosen) base.add(storage.node);

    let local: Writer | undefined;
    let results: Storage[] | undefined;
    if (noLocalRack && writer !== undefined && this.#topology.rackCount > 2) {
      const away = new Set(base);
      for (const node of this.#topology.nodesIn(writer.location)) away.add(node);
      local = this.#place(wanted, away, types);
      if (this.#results.length >= wanted) results = this.#results;
    }
    const writerNode = writer?.node;
    if (results === undefined && noLocalWrite && writerNode !== undefined && !base.has(writerNode)) {
      const away = new Set(base);
      away.add(writerNode);
      local = this.#place(wanted, away, types);
      if (this.#results.length >= wanted) results = this.#results;
    }
    if (results === undefined) {
      local = this.#place(wanted, base, types);
      results = this.#results;
    }
    const targets = results.filter((storage) => !chosen.includes(storage));
    return this.#pipeline(writer?.node ?? local?.node, targets);
  }

  /**
   * Fills #results; gives way first on stale nodes, then on storage types. For a block that has replicas already a busy
   * node is better than none, which Apache has it wait for: files that are left open can keep one busy for ever. Answers
   * where the writer counts as being.
   */
  #place(wanted: number, excluded: Set<Datanode>, types: TypeCounts | undefined): Writer | undefined {
    const { storagePolicy } = this.#request;
    this.#results = [...this.#request.chosen];
    const newBlock = this.#results.length === 0;
    const total = wanted + this.#results.length;
    let unavailable = new Set<StorageType>();
    let writer = this.#request.writer;
    let counts = types === undefined ? undefined : new Map(types);
    let original = new Set(excluded);
    let isFirst = true;
    this.#avoidStale = this.#cluster.avoidStale;
    this.#considerLoad = this.#options.considerLoad;
    for (;;) {
      const missing = total - this.#results.length;
      if (missing <= 0) return writer;
      const first = this.#results[0];
      if (writer?.node === undefined && !newBlock && first !== undefined) writer = writerAt(first.node);
      const required = chooseStorageTypes(
        storagePolicy,
        total,
        this.#results.map((storage) => storage.type),
        unavailable,
        newBlock,
      );
      this.#types = counts ?? countTypes(required);
      counts = undefined;
      this.#excluded = new Set(original);
      this.#barred = original;
      const asked = [...this.#types.keys()];
      if (required.length > 0) {
        const done = this.#rules.inOrder(this, missing, writer, newBlock);
        if (done.ok) return done.writer;
      }
      // Apache goes on with copies of the set that it counts.
      if (isFirst && this.#request.favoured.length === 0) this.lookedAt = this.#excluded.size;
      isFirst = false;
      for (const storage of this.#results) original.add(storage.node);
      original = new Set(original);
      if (this.#avoidStale) {
        this.#avoidStale = false;
        continue;
      }
      let retry = false;
      for (const type of asked) {
        if (unavailable.has(type) || !this.#types.has(type)) continue;
        unavailable.add(type);
        retry = true;
      }
      if (retry) continue;
      if (newBlock || !this.reasons.has('tooBusy') || !this.#considerLoad) return writer;
      this.#considerLoad = false;
      unavailable = new Set();
    }
  }

  within(perRack: number, forgetful: boolean, choose: () => boolean): boolean {
    const before = { perRack: this.#perRack, excluded: this.#excluded };
    this.#perRack = perRack;
    if (forgetful) this.#excluded = new Set(this.#excluded);
    try {
      return choose();
    } finally {
      this.#perRack = before.perRack;
      this.#excluded = before.excluded;
    }
  }

  excludeOnlyChosen(): void {
    this.#excluded = new Set(this.#barred);
    this.excludeChosen();
  }

  excludeChosen(): void {
    for (const storage of this.#results) this.#excluded.add(storage.node);
  }

  localStorage(writer: Writer | undefined): Storage | undefined {
    if (writer === undefined) return this.#one(ROOT_SCOPE);
    if (this.#options.preferLocalNode && writer.node !== undefined) {
      const storage = this.#local(writer.node);
      if (storage !== undefined) return storage;
    }
    return this.localRack(writer);
  }

  /** The node itself, whatever its load. */
  #local(node: Datanode): Storage | undefined {
    if (!this.#topology.contains(node) || this.#excluded.has(node)) return undefined;
    this.#excluded.add(node);
    if (!this.#isGood(node, false)) return undefined;
    for (const type of [...this.#types.keys()]) {
      const storage = this.#takeStorage(node, type);
      if (storage !== undefined) return storage;
    }
    return undefined;
  }

  localRack(at: Writer | undefined): Storage | undefined {
    if (at === undefined) return this.#one(ROOT_SCOPE);
    const storage = this.#one(at.location);
    if (storage !== undefined) return storage;
    const next = this.#results.find((each) => each.node !== at.node)?.node;
    return (next === undefined ? undefined : this.#one(next.location)) ?? this.#one(ROOT_SCOPE);
  }

  /** Outside the rack of `from`, or else inside it. */
  remoteRack(from: Datanode): boolean {
    return this.anywhere(1, ROOT_SCOPE, from.location) || this.anywhere(1, from.location);
  }

  #one(scope: string): Storage | undefined {
    return this.anywhere(1, scope) ? this.#results[this.#results.length - 1] : undefined;
  }

  anywhere(wanted: number, scope = ROOT_SCOPE, outside?: string): boolean {
    let left = wanted;
    while (left > 0) {
      let node: Datanode | undefined;
      let type: StorageType | undefined;
      for (const each of this.#types.keys()) {
        node = this.#topology.chooseRandom(scope, outside, this.#excluded, this.#cluster.random, (candidate) =>
          candidate.hasStorageType(each),
        );
        if (node !== undefined) {
          type = each;
          break;
        }
        this.#passed('noStorageType');
      }
      if (node === undefined || type === undefined) return false;
      this.#excluded.add(node);
      if (!this.#isGood(node, this.#considerLoad)) continue;
      if (this.#takeAnyStorage(node, type) !== undefined) left--;
    }
    return true;
  }

  #isGood(node: Datanode, considerLoad: boolean): boolean {
    if (!node.inService) return this.#passed('notInService');
    if (this.#avoidStale && node.isStale(this.#cluster.nowMs, this.#cluster.staleIntervalMs)) return this.#passed('stale');
    if (considerLoad) {
      const most = this.#options.considerLoadFactor * this.#cluster.xceiverAverage;
      if (most > 0 && node.xceiverCount > most) return this.#passed('tooBusy');
    }
    let inRack = 1;
    for (const storage of this.#results) if (storage.node.location === node.location) inRack++;
    if (inRack > this.#perRack) return this.#passed('rackFull');
    return this.#cluster.slow.has(node) ? this.#passed('slow') : true;
  }

  /**
   * A storage of that type, or else of another wanted one. Apache passes such a node over, so that it finds no place for a
   * file that may have its replicas on SSDs and disks once the SSDs are full.
   */
  #takeAnyStorage(node: Datanode, type: StorageType): Storage | undefined {
    const storage = this.#takeStorage(node, type);
    if (storage !== undefined) return storage;
    for (const other of this.#types.keys()) {
      if (other === type || !node.hasStorageType(other)) continue;
      const found = this.#takeStorage(node, other);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #takeStorage(node: Datanode, type: StorageType): Storage | undefined {
    const storage = storageWithRoom(node, type, this.#request.blockSize, this.#options.minBlocksForWrite);
    if (storage === undefined) {
      this.#passed('noSpace');
      return undefined;
    }
    this.#results.push(storage);
    this.#excluded.add(node);
    const count = this.#types.get(type) ?? 0;
    if (count <= 1) this.#types.delete(type);
    else this.#types.set(type, count - 1);
    return storage;
  }

  #passed(reason: NotChosenReason): false {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    return false;
  }

  /** Each next node is the nearest to the one before. */
  #pipeline(writer: Datanode | undefined, targets: readonly Storage[]): Storage[] {
    const ordered = [...targets];
    let from = writer !== undefined && this.#topology.contains(writer) ? writer : ordered[0]?.node;
    for (let i = 0; i < ordered.length && from !== undefined; i++) {
      let nearest = i;
      let shortest = this.#topology.distance(from, (ordered[i] as Storage).node);
      for (let j = i + 1; j < ordered.length; j++) {
        const distance = this.#topology.distance(from, (ordered[j] as Storage).node);
        if (distance < shortest) {
          shortest = distance;
          nearest = j;
        }
      }
      const next = ordered[nearest] as Storage;
      ordered[nearest] = ordered[i] as Storage;
      ordered[i] = next;
      from = next.node;
    }
    return ordered;
  }
}

export function writerAt(node: Datanode): Writer {
  return { node, location: node.location };
}

/**
 * A storage of that type, when the node's storages of the type that have room for one block have, together, more room
 * than the writes already promised to them will take. Apache: DatanodeDescriptor.chooseStorage4Block.
 */
export function storageWithRoom(
  node: Datanode,
  type: StorageType,
  blockSize: number,
  minBlocksForWrite: number,
): Storage | undefined {
  const required = blockSize * minBlocksForWrite;
  let remaining = 0;
  let found: Storage | undefined;
  for (const storage of node.storages.values()) {
    if (storage.state !== StorageState.NORMAL || storage.type !== type) continue;
    if (storage.remaining < required) continue;
    found ??= storage;
    remaining += storage.remaining;
  }
  return required > remaining - blockSize * node.blocksScheduled(type) ? undefined : found;
}
