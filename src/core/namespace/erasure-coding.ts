// The erasure coding policies of a file system: those that every one has, and what its image says beside them. Policies are
// only told of here; no file is striped. Apache: ErasureCodingPolicyManager, SystemErasureCodingPolicies, ECTopologyVerifier.
import { HdfsError } from '../../base/errors.ts';

export type PolicyState = 'disabled' | 'enabled' | 'removed';

export interface ErasureCodingPolicy {
  readonly id: number;
  readonly name: string;
  readonly codec: string;
  readonly dataUnits: number;
  readonly parityUnits: number;
  /** Bytes. */
  readonly cellSize: number;
  readonly options: readonly { readonly key: string; readonly value: string }[];
}

export interface PolicyInfo {
  readonly policy: ErasureCodingPolicy;
  readonly state: PolicyState;
}

/** Whether a cluster has DataNodes and racks enough. */
export interface TopologyVerdict {
  readonly isSupported: boolean;
  readonly resultMessage: string;
}

const CELL_BYTES = 1024 * 1024;

function builtIn(id: number, codec: string, dataUnits: number, parityUnits: number): ErasureCodingPolicy {
  const name = `${codec.toUpperCase()}-${dataUnits}-${parityUnits}-1024k`;
  return { id, name, codec, dataUnits, parityUnits, cellSize: CELL_BYTES, options: [] };
}

export const BUILT_IN_POLICIES: readonly ErasureCodingPolicy[] = [
  builtIn(1, 'rs', 6, 3),
  builtIn(2, 'rs', 3, 2),
  builtIn(3, 'rs-legacy', 6, 3),
  builtIn(4, 'xor', 2, 1),
  builtIn(5, 'rs', 10, 4),
];

/** Plain copies, under a name that may stand where a policy's does. */
const REPLICATION: ErasureCodingPolicy = {
  id: 0,
  name: 'replication',
  codec: 'replication',
  dataUnits: 1,
  parityUnits: 2,
  cellSize: CELL_BYTES,
  options: [],
};

/** Undefined: one that somebody added. */
export const builtInPolicy = (id: number): ErasureCodingPolicy | undefined =>
  BUILT_IN_POLICIES.find((policy) => policy.id === id);

export const isBuiltIn = (id: number): boolean => builtInPolicy(id) !== undefined;

/** Codecs and their coders, first choice first, as Hadoop's own registry lists them. */
export const CODECS: readonly { readonly codec: string; readonly coders: string }[] = [
  { codec: 'rs', coders: 'rs_native, rs_java' },
  { codec: 'rs-legacy', coders: 'rs-legacy_java' },
  { codec: 'xor', coders: 'xor_native, xor_java' },
];

export interface ErasureCodingOptions {
  /** Enabled by every start; empty: none. */
  readonly defaultPolicy: string;
  /** Policies of the image with larger cells are disabled. */
  readonly maxCellSize: number;
}

export class ErasureCodingPolicies {
  /** By name, in the order of names. */
  readonly #policies: ReadonlyMap<string, PolicyInfo>;

  /** `kept`: what the image says. Throws HdfsError EIO when the default policy is none that there is. */
  constructor({ defaultPolicy, maxCellSize }: ErasureCodingOptions, kept: readonly PolicyInfo[] = []) {
    const policies = new Map<string, PolicyInfo>();
    for (const policy of BUILT_IN_POLICIES) policies.set(policy.name, { policy, state: 'disabled' });
    for (const { policy, state } of kept) {
      const isUsable = CODECS.some(({ codec }) => codec === policy.codec) && policy.cellSize <= maxCellSize;
      policies.set(policy.name, { policy, state: isUsable ? state : 'disabled' });
    }
    const byName = [...policies].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#policies = new Map(byName);
    if (defaultPolicy === '') return;
    const known = policies.get(defaultPolicy);
    if (known === undefined) {
      throw new HdfsError(
        'EIO',
        `EC policy '${defaultPolicy}' specified at dfs.namenode.ec.system.default.policy is not a valid policy. ` +
          `Please choose from list of available policies: [${byName.map(([name]) => name).join(', ')}]`,
      );
    }
    this.#policies = new Map(
      byName.map(([name, info]) => [name, name === defaultPolicy ? { policy: known.policy, state: 'enabled' } : info]),
    );
  }

  get all(): readonly PolicyInfo[] {
    return [...this.#policies.values()];
  }

  get enabled(): readonly ErasureCodingPolicy[] {
    return this.all.filter(({ state }) => state === 'enabled').map(({ policy }) => policy);
  }

  /** Throws HdfsError EINVAL when there is none of that name. */
  named(name: string): ErasureCodingPolicy {
    const info = this.#policies.get(name);
    if (info !== undefined) return info.policy;
    if (name.toLowerCase() === REPLICATION.name) return REPLICATION;
    throw new HdfsError('EINVAL', `The given erasure coding policy ${name} does not exist.`);
  }
}

/** Each unit of a group goes to a node of its own, and the loss of a rack may cost no more units than there is parity. */
export function verifyTopology(policies: readonly ErasureCodingPolicy[], nodes: number, racks: number): TopologyVerdict {
  if (policies.length === 0) return { isSupported: true, resultMessage: 'No erasure coding policy is given.' };
  const nodesNeeded = Math.max(...policies.map(({ dataUnits, parityUnits }) => dataUnits + parityUnits));
  const racksNeeded = Math.max(
    ...policies.map(({ dataUnits, parityUnits }) => Math.ceil((dataUnits + parityUnits) / parityUnits)),
  );
  const names = policies.map(({ name }) => name).join(', ');
  if (nodes < nodesNeeded) {
    return {
      isSupported: false,
      resultMessage:
        `${nodesNeeded} DataNodes are required for the erasure coding policies: ${names}. ` +
        `The number of DataNodes is only ${nodes}.`,
    };
  }
  if (racks < racksNeeded) {
    return {
      isSupported: false,
      resultMessage:
        `${racksNeeded} racks are required for the erasure coding policies: ${names}. ` +
        `The number of racks is only ${racks}.`,
    };
  }
  return { isSupported: true, resultMessage: `The cluster setup can support EC policies: ${names}` };
}
