// The placement policies that there are, by our names and by those of Hadoop's classes.
import { HdfsError } from '../../base/errors.ts';
import type { Datanode, Storage } from '../blocks/datanode.ts';
import { Choice, DEFAULT_PLACEMENT_OPTIONS, type PlacementOptions } from './choice.ts';
import { DEFAULT_RULES, FIRST_RACK_RULES } from './default.ts';
import { chooseExcessReplicas, keepsRacksWhenMoved } from './excess.ts';
import type {
  ClusterView,
  ExcessRequest,
  PlacementPolicy,
  PlacementRequest,
  PlacementResult,
  PlacementStatus,
} from './policy.ts';
import { RACK_SPREAD_RULES } from './rack-spread.ts';
import { type PlacementRules, placementStatus } from './rules.ts';

const HADOOP = 'org.apache.hadoop.hdfs.server.blockmanagement';

/** Rules, or why there are none, by every name that `dfs.block.replicator.classname` may have. */
const BY_NAME: Readonly<Record<string, PlacementRules | string>> = {
  default: DEFAULT_RULES,
  'first-rack': FIRST_RACK_RULES,
  'rack-spread': RACK_SPREAD_RULES,
  [`${HADOOP}.BlockPlacementPolicyDefault`]: DEFAULT_RULES,
  [`${HADOOP}.BlockPlacementPolicyRackFaultTolerant`]: RACK_SPREAD_RULES,
  [`${HADOOP}.BlockPlacementPolicyWithUpgradeDomain`]: 'upgrade domains are not built yet',
  [`${HADOOP}.BlockPlacementPolicyWithNodeGroup`]: 'node groups are not built',
  [`${HADOOP}.AvailableSpaceBlockPlacementPolicy`]: 'placement by free space is not built',
  [`${HADOOP}.AvailableSpaceRackFaultTolerantBlockPlacementPolicy`]: 'placement by free space is not built',
};

export class RackPlacement implements PlacementPolicy {
  readonly #rules: PlacementRules;
  readonly #options: PlacementOptions;

  constructor(rules: PlacementRules = DEFAULT_RULES, options: PlacementOptions = DEFAULT_PLACEMENT_OPTIONS) {
    this.#rules = rules;
    this.#options = options;
  }

  get name(): string {
    return this.#rules.name;
  }

  choose(request: PlacementRequest, cluster: ClusterView): PlacementResult {
    const choice = new Choice(request, cluster, this.#options, this.#rules);
    const targets = request.favoured.length > 0 ? choice.withFavoured() : choice.regular(request.replicas, request.excluded);
    return { targets, reasons: choice.reasons, lookedAt: choice.lookedAt };
  }

  verify(nodes: readonly Datanode[], replication: number, cluster: ClusterView): PlacementStatus {
    if (!cluster.topology.everMultiRack) return { satisfied: true, additionalReplicas: 0 };
    const racks = new Set(nodes.map((node) => node.location)).size;
    return placementStatus(racks, this.#rules.requiredRacks(replication), cluster.topology.rackCount);
  }

  requiredRacks(replication: number): number {
    return this.#rules.requiredRacks(replication);
  }

  chooseExcess(request: ExcessRequest, cluster: ClusterView): Storage[] {
    return chooseExcessReplicas(request, cluster, this.#rules.pickable);
  }

  isMovable(nodes: readonly Datanode[], source: Datanode, target: Datanode): boolean {
    return keepsRacksWhenMoved(nodes, source, target);
  }
}

/** The policy of a configured name. Throws, with what there is, when it is none of ours. */
export function placementPolicyNamed(name: string, options: PlacementOptions = DEFAULT_PLACEMENT_OPTIONS): PlacementPolicy {
  const found = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : 'no such policy is known';
  if (found !== undefined && typeof found !== 'string') return new RackPlacement(found, options);
  const names = Object.keys(BY_NAME).filter((each) => typeof BY_NAME[each] !== 'string');
  throw new HdfsError('EINVAL', `dfs.block.replicator.classname is ${name}: ${found}. Known: ${names.join(', ')}`);
}
