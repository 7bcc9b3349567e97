// The rack tree: where each DataNode stands, how far two of them are apart, and a fair random choice from a part of the
// tree. A location is a path of racks ("/default-rack", "/dc1/rack7"); nodes are the leaves below it. Who may be chosen
// is a placement policy's business, and resolving a host to its location is the server's.
// Mirrors org.apache.hadoop.net.NetworkTopology.
import { HdfsError } from '../../base/errors.ts';

export const DEFAULT_RACK = '/default-rack';
/** Scope of the whole cluster. */
export const ROOT_SCOPE = '';
/** Distance to a node that is not in the tree. Apache: Integer.MAX_VALUE. */
export const UNKNOWN_DISTANCE = 0x7fffffff;
/** Location paths deeper than this are refused. */
const MAX_DEPTH = 32;

export interface TopologyNode {
  /** Rack path, normalised by `normalizeLocation`. */
  readonly location: string;
}

/** Uniform in [0, 1); given by the shell, so that a seed decides. */
export type Random = () => number;

/** An integer in [0, bound). */
export function randomInt(random: Random, bound: number): number {
  return Math.min(bound - 1, Math.floor(random() * bound));
}

/** Puts `items` into random order. */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomInt(random, i + 1);
    const a = items[i] as T;
    items[i] = items[j] as T;
    items[j] = a;
  }
  return items;
}

/** A path of racks without an ending slash. Throws when it does not start with one. Apache: NodeBase.normalize. */
export function normalizeLocation(path: string): string {
  if (path === '') return '';
  if (!path.startsWith('/')) throw new HdfsError('EILLEGAL', `Network Location path does not start with /: ${path}`);
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 47) end--;
  return path.slice(0, end);
}

class Inner<N extends TopologyNode> {
  readonly parent: Inner<N> | undefined;
  readonly name: string;
  readonly path: string;
  readonly children = new Map<string, Inner<N>>();
  /** Leaves directly below; only in racks. */
  readonly nodes: N[] = [];
  leaves = 0;
  /** Of `nodes`, those that are decommissioned or on their way there. */
  leaving = 0;

  constructor(parent: Inner<N> | undefined, name: string) {
    this.parent = parent;
    this.name = name;
    this.path = parent === undefined ? '' : `${parent.path}/${name}`;
  }
}

export class Topology<N extends TopologyNode> {
  readonly #root = new Inner<N>(undefined, '');
  readonly #rackOf = new Map<N, Inner<N>>();
  /** Racks with a node that stays. */
  readonly #racks = new Map<string, Inner<N>>();
  readonly #leaving = new Set<N>();
  #depth = 0;
  #everMultiRack = false;

  get nodeCount(): number {
    return this.#root.leaves;
  }

  /** Racks that hold a node, those left out whose every node is decommissioned or on its way there. */
  get rackCount(): number {
    return this.#racks.size;
  }

  /** Once true it stays so: what was written before still has to be spread. */
  get everMultiRack(): boolean {
    return this.#everMultiRack;
  }

  contains(node: N): boolean {
    return this.#rackOf.has(node);
  }

  /** Adds a node at its location. All nodes stand at one depth; another depth is refused. */
  add(node: N): void {
    if (this.#rackOf.has(node)) return;
    const parts = node.location.split('/').slice(1);
    if (parts.length > MAX_DEPTH) throw new HdfsError('EIO', `Network location is too deep: ${node.location}`);
    if (this.#root.leaves > 0 && this.#depth !== parts.length) {
      throw new HdfsError(
        'EINVALIDTOPOLOGY',
        `Failed to add ${node.location}: You cannot have a rack and a non-rack node at the same level of the network topology.`,
      );
    }
    this.#depth = parts.length;
    let at = this.#root;
    for (const part of parts) {
      let next = at.children.get(part);
      if (next === undefined) {
        next = new Inner(at, part);
        at.children.set(part, next);
      }
      at = next;
    }
    at.nodes.push(node);
    this.#rackOf.set(node, at);
    if (this.#leaving.has(node)) at.leaving++;
    this.#countRack(at);
    for (let up: Inner<N> | undefined = at; up !== undefined; up = up.parent) up.leaves++;
  }

  remove(node: N): void {
    const rack = this.#rackOf.get(node);
    if (rack === undefined) return;
    this.#rackOf.delete(node);
    const index = rack.nodes.indexOf(node);
    const last = rack.nodes.pop() as N;
    if (index < rack.nodes.length) rack.nodes[index] = last;
    if (this.#leaving.has(node)) rack.leaving--;
    this.#countRack(rack);
    for (let up: Inner<N> | undefined = rack; up !== undefined; up = up.parent) {
      up.leaves--;
      if (up.leaves === 0) up.parent?.children.delete(up.name);
    }
  }

  /** Marks a node as leaving for good, or as staying after all. Apache: decommissionNode, recommissionNode. */
  setLeaving(node: N, leaving: boolean): void {
    if (this.#leaving.has(node) === leaving) return;
    if (leaving) this.#leaving.add(node);
    else this.#leaving.delete(node);
    const rack = this.#rackOf.get(node);
    if (rack === undefined) return;
    rack.leaving += leaving ? 1 : -1;
    this.#countRack(rack);
  }

  /** The node is not known any more. */
  forget(node: N): void {
    this.remove(node);
    this.#leaving.delete(node);
  }

  #countRack(rack: Inner<N>): void {
    if (rack.nodes.length > rack.leaving) this.#racks.set(rack.path, rack);
    else this.#racks.delete(rack.path);
    if (this.#racks.size > 1) this.#everMultiRack = true;
  }

  /** Whether the node stands in `scope` (a location or a part of one). */
  inScope(node: N, scope: string): boolean {
    return node.location === scope || node.location.startsWith(`${scope}/`);
  }

  /** Hops between two nodes: 0 to itself, 2 in one rack, 4 between racks of one parent. */
  distance(a: N, b: N): number {
    if (a === b) return 0;
    const rackA = this.#rackOf.get(a);
    const rackB = this.#rackOf.get(b);
    if (rackA === undefined || rackB === undefined) return UNKNOWN_DISTANCE;
    return rackA === rackB ? 2 : locationDistance(rackA.path, rackB.path) + 2;
  }

  sameRack(a: N, b: N): boolean {
    const rack = this.#rackOf.get(a);
    return rack !== undefined && rack === this.#rackOf.get(b);
  }

  /** Nodes of a rack or of all racks below a path. */
  *nodesIn(scope: string): IterableIterator<N> {
    const from = this.#find(scope);
    if (from === undefined) return;
    const open = [from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      yield* at.nodes;
      open.push(...at.children.values());
    }
  }

  /**
   * A node below `scope` and outside `outside`, each with the same chance, none of `excluded` and all with `accept`.
   * A few quick draws first; when those miss, the candidates are counted, so the answer is exact.
   */
  chooseRandom(
    scope: string,
    outside: string | undefined,
    excluded: ReadonlySet<N>,
    random: Random,
    accept?: (node: N) => boolean,
  ): N | undefined {
    const from = this.#find(scope);
    if (from === undefined || from.leaves === 0) return undefined;
    const fits = (node: N): boolean =>
      !excluded.has(node) && (outside === undefined || !this.inScope(node, outside)) && (accept === undefined || accept(node));
    for (let draws = 0; draws < 4; draws++) {
      const node = nth(from, randomInt(random, from.leaves));
      if (fits(node)) return node;
    }
    const candidates: N[] = [];
    for (const node of this.nodesIn(scope)) if (fits(node)) candidates.push(node);
    return candidates.length === 0 ? undefined : candidates[randomInt(random, candidates.length)];
  }

  #find(scope: string): Inner<N> | undefined {
    if (scope === ROOT_SCOPE) return this.#root;
    let at: Inner<N> | undefined = this.#root;
    for (const part of scope.split('/').slice(1)) at = at?.children.get(part);
    return at;
  }
}

function nth<N extends TopologyNode>(from: Inner<N>, index: number): N {
  let at = from;
  let left = index;
  descend: for (;;) {
    if (left < at.nodes.length) return at.nodes[left] as N;
    left -= at.nodes.length;
    for (const child of at.children.values()) {
      if (left < child.leaves) {
        at = child;
        continue descend;
      }
      left -= child.leaves;
    }
    throw new RangeError('leaf counts of the rack tree disagree');
  }
}

/** Edges between two rack paths. */
export function locationDistance(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.split('/');
  const right = b.split('/');
  let shared = 0;
  while (shared < left.length && shared < right.length && left[shared] === right[shared]) shared++;
  return left.length - shared + (right.length - shared);
}
