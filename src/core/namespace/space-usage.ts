// The space that files take, by what decides over it: bytes of their blocks, each counted once, for each storage policy
// and replication. Bytes whose file has no policy of its own, nor a directory in between, are kept under none, so that a
// directory's sum stays right whatever policy is set above it. Apache: QuotaCounts, INodeFile.storagespaceConsumed.
import type { BlockHandle } from '../blocks/block-map.ts';
import { BlockState } from '../blocks/block-map.ts';
import { isTransient, type StorageType } from '../blocks/storage-type.ts';
import {
  hasStoragePolicy,
  storagePolicyById,
  UNSPECIFIED_STORAGE_POLICY,
  wantedStorageTypes,
} from '../placement/storage-policy.ts';
import { localPolicy } from './inode-policy.ts';
import type { InodeHandle } from './inodes.ts';
import type { Namespace } from './namespace.ts';

/** Replications have 16 bits. */
const POLICY_STEP = 2 ** 16;

const typesByKey = new Map<number, readonly StorageType[]>();

/** Types of the replicas, a type as often as it is wanted; none without a policy. Apache: getStorageTypeDeltas. */
function typesOf(policy: number, replication: number): readonly StorageType[] {
  if (policy === UNSPECIFIED_STORAGE_POLICY || !hasStoragePolicy(policy)) return [];
  const key = policy * POLICY_STEP + replication;
  let types = typesByKey.get(key);
  if (types === undefined) {
    types = wantedStorageTypes(storagePolicyById(policy), replication).filter((type) => !isTransient(type));
    typesByKey.set(key, types);
  }
  return types;
}

export class SpaceUsage {
  readonly #bytes = new Map<number, number>();

  get isEmpty(): boolean {
    return this.#bytes.size === 0;
  }

  /** Bytes on all DataNodes together. */
  get space(): number {
    let space = 0;
    for (const [key, bytes] of this.#bytes) space += bytes * (key % POLICY_STEP);
    return space;
  }

  /** Bytes on storages of each type, where `inherited` is the policy in force for what has none below. */
  spaceByType(inherited: number): ReadonlyMap<StorageType, number> {
    const space = new Map<StorageType, number>();
    for (const [key, bytes] of this.#bytes) {
      const policy = Math.floor(key / POLICY_STEP) || inherited;
      for (const type of typesOf(policy, key % POLICY_STEP)) space.set(type, (space.get(type) ?? 0) + bytes);
    }
    return space;
  }

  add(policy: number, replication: number, bytes: number): void {
    this.#addTo(policy * POLICY_STEP + replication, bytes);
  }

  /** `sign` -1 takes off. */
  addAll(other: SpaceUsage, sign: 1 | -1 = 1): this {
    for (const [key, bytes] of other.#bytes) this.#addTo(key, sign * bytes);
    return this;
  }

  /** The same, below a directory that has this policy; 0: none. */
  under(policy: number): SpaceUsage {
    if (policy === UNSPECIFIED_STORAGE_POLICY) return this;
    const usage = new SpaceUsage();
    for (const [key, bytes] of this.#bytes) usage.#addTo(key < POLICY_STEP ? key + policy * POLICY_STEP : key, bytes);
    return usage;
  }

  /** The same bytes with other replicas. */
  withReplication(replication: number): SpaceUsage {
    const usage = new SpaceUsage();
    for (const [key, bytes] of this.#bytes) usage.add(Math.floor(key / POLICY_STEP), replication, bytes);
    return usage;
  }

  equals(other: SpaceUsage): boolean {
    if (other.#bytes.size !== this.#bytes.size) return false;
    for (const [key, bytes] of this.#bytes) if (other.#bytes.get(key) !== bytes) return false;
    return true;
  }

  #addTo(key: number, bytes: number): void {
    const sum = (this.#bytes.get(key) ?? 0) + bytes;
    if (sum === 0) this.#bytes.delete(key);
    else this.#bytes.set(key, sum);
  }
}

/** Bytes that one replica counts for: as if it were full, until the block is complete. */
export function blockSpace(ns: Namespace, file: InodeHandle, block: BlockHandle): number {
  const isComplete = ns.blocks.state(block) === BlockState.COMPLETE;
  return isComplete ? ns.blocks.numBytes(block) : ns.inodes.preferredBlockSize(file);
}

/** What a file's blocks take, from the one at `from` on. */
export function addFileUsage(ns: Namespace, file: InodeHandle, policy: number, into: SpaceUsage, from = 0): void {
  let bytes = 0;
  const count = ns.inodes.blockCount(file);
  for (let i = from; i < count; i++) bytes += blockSpace(ns, file, ns.inodes.blockAt(file, i));
  if (bytes !== 0) into.add(localPolicy(ns.inodes, file) || policy, ns.inodes.replication(file), bytes);
}
