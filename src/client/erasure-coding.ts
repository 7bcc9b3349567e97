// Erasure coding policies: which there are, which one holds for a path, and changes of both, for NameNodes that take them.
// Apache: DFSClient.getErasureCodingPolicies and its like.
import { builtInPolicy, type ErasureCodingPolicy } from '../core/namespace/erasure-coding.ts';
import { type ErasureCodingPolicyProto, ErasureCodingPolicyStateNames } from '../wire/messages/hdfs.ts';
import type { ClientContext, SignalOption } from './context.ts';
import type { PathLike } from './paths.ts';

export interface ErasureCodingPolicyInfo extends ErasureCodingPolicy {
  /** Every file system has it. */
  readonly isBuiltIn: boolean;
  /** DISABLED, ENABLED or REMOVED. */
  readonly state: string;
}

export class ErasureCoding {
  readonly #context: ClientContext;
  readonly #resolve: (path: PathLike) => string;

  constructor(context: ClientContext, resolve: (path: PathLike) => string) {
    this.#context = context;
    this.#resolve = resolve;
  }

  async list(options: SignalOption = {}): Promise<readonly ErasureCodingPolicyInfo[]> {
    return (await this.#context.namenode.call('getErasureCodingPolicies', {}, options.signal)).ecPolicies.map(toPolicyInfo);
  }

  /** Codecs with their coders, first choice first. */
  async codecs(options: SignalOption = {}): Promise<readonly { readonly codec: string; readonly coders: string }[]> {
    return (await this.#context.namenode.call('getErasureCodingCodecs', {}, options.signal)).codec;
  }

  /** Name of the policy that holds for a path; undefined: none. */
  async of(path: PathLike, options: SignalOption = {}): Promise<string | undefined> {
    const request = { src: this.#resolve(path) };
    const { ecPolicy } = await this.#context.namenode.call('getErasureCodingPolicy', request, options.signal);
    return ecPolicy === undefined ? undefined : toPolicyInfo(ecPolicy).name;
  }

  /** Whether there are nodes and racks enough for these policies, or for all that are enabled. */
  async verify(
    policies: readonly string[] = [],
    options: SignalOption = {},
  ): Promise<{ readonly isSupported: boolean; readonly resultMessage: string }> {
    return (await this.#context.namenode.call('getECTopologyResultForPolicies', { policies }, options.signal)).response;
  }

  /** Without a name: the cluster's default policy. */
  async set(path: PathLike, ecPolicyName: string | undefined, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('setErasureCodingPolicy', { src: this.#resolve(path), ecPolicyName }, options.signal);
  }

  async unset(path: PathLike, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('unsetErasureCodingPolicy', { src: this.#resolve(path) }, options.signal);
  }

  async enable(ecPolicyName: string, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('enableErasureCodingPolicy', { ecPolicyName }, options.signal);
  }

  async disable(ecPolicyName: string, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('disableErasureCodingPolicy', { ecPolicyName }, options.signal);
  }

  async remove(ecPolicyName: string, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('removeErasureCodingPolicy', { ecPolicyName }, options.signal);
  }
}

/** Policies that every file system has come as their ids alone. */
export function toPolicyInfo({ id, name, schema, cellSize, state }: ErasureCodingPolicyProto): ErasureCodingPolicyInfo {
  const stateName = ErasureCodingPolicyStateNames[state] ?? String(state);
  const known = builtInPolicy(id);
  if (known !== undefined) return { ...known, isBuiltIn: true, state: stateName };
  return {
    id,
    name: name ?? '',
    codec: schema?.codecName ?? '',
    dataUnits: schema?.dataUnits ?? 0,
    parityUnits: schema?.parityUnits ?? 0,
    cellSize: cellSize ?? 0,
    options: schema?.options ?? [],
    isBuiltIn: false,
    state: stateName,
  };
}
