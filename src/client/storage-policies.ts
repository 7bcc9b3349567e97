// Which types of storage the replicas below a path want. Apache: DFSClient.setStoragePolicy and its like.
import { type BlockStoragePolicyProto, StorageTypeProtoNames, type StorageTypesProto } from '../wire/messages/hdfs.ts';
import type { ClientContext, SignalOption } from './context.ts';
import type { PathLike } from './paths.ts';

export interface StoragePolicyInfo {
  readonly id: number;
  readonly name: string;
  /** The first replicas take these in turn, the rest the last. */
  readonly storageTypes: readonly string[];
  /** In their place where a new block finds no room. */
  readonly creationFallbacks: readonly string[];
  /** In their place where a further replica finds no room. */
  readonly replicationFallbacks: readonly string[];
}

export class StoragePolicies {
  readonly #context: ClientContext;
  readonly #resolve: (path: PathLike) => string;

  constructor(context: ClientContext, resolve: (path: PathLike) => string) {
    this.#context = context;
    this.#resolve = resolve;
  }

  async list(options: SignalOption = {}): Promise<readonly StoragePolicyInfo[]> {
    return (await this.#context.namenode.call('getStoragePolicies', {}, options.signal)).policies.map(policyInfo);
  }

  /** The policy in force: the path's own, the nearest directory's above, or the default. */
  async of(path: PathLike, options: SignalOption = {}): Promise<StoragePolicyInfo> {
    const request = { path: this.#resolve(path) };
    return policyInfo((await this.#context.namenode.call('getStoragePolicy', request, options.signal)).storagePolicy);
  }

  async set(path: PathLike, policyName: string, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('setStoragePolicy', { src: this.#resolve(path), policyName }, options.signal);
  }

  async unset(path: PathLike, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('unsetStoragePolicy', { src: this.#resolve(path) }, options.signal);
  }

  /** Has replicas moved to where the policy in force wants them. Rejects with EUNSUPPORTEDACTION where the cluster moves none. */
  async satisfy(path: PathLike, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('satisfyStoragePolicy', { src: this.#resolve(path) }, options.signal);
  }
}

const typeNames = (types: StorageTypesProto | undefined): readonly string[] =>
  (types?.storageTypes ?? []).map((type) => StorageTypeProtoNames[type] ?? String(type));

function policyInfo(policy: BlockStoragePolicyProto): StoragePolicyInfo {
  return {
    id: policy.policyId,
    name: policy.name,
    storageTypes: typeNames(policy.creationPolicy),
    creationFallbacks: typeNames(policy.creationFallbackPolicy),
    replicationFallbacks: typeNames(policy.replicationFallbackPolicy),
  };
}
