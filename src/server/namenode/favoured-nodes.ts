// The DataNodes that a writer would like best for its blocks, by the names that it gives: HOST:PORT as the node has registered, or a
// name of the machine in whatever form, which has to be looked up. A machine without a DataNode means one on its rack. Apache:
// DatanodeManager.getDatanodeDescriptor.
import type { Datanode } from '../../core/blocks/datanode.ts';
import type { Datanodes } from '../../core/blocks/datanodes.ts';
import type { Host } from '../../host/host.ts';
import { DEFAULT_RACK, type RackResolver } from './rack-resolver.ts';

/** Apache: dfs.datanode.address. */
const DEFAULT_PORT = 9866;
/** How long an address is believed; Java's is as long. */
const REMEMBERED_MS = 30_000;
const MAX_REMEMBERED = 10_000;

export class FavouredNodes {
  readonly #host: Host;
  readonly #datanodes: Datanodes;
  readonly #racks: RackResolver;
  readonly #addresses = new Map<string, { readonly address: string | undefined; readonly untilMs: number }>();

  constructor(host: Host, datanodes: Datanodes, racks: RackResolver) {
    this.#host = host;
    this.#datanodes = datanodes;
    this.#racks = racks;
  }

  /** Uuids of nodes; a promise of them only where names have to be looked up. */
  find(names: readonly string[]): readonly string[] | Promise<readonly string[]> {
    const known = names.map((name) => this.#datanodes.byName(name));
    if (known.every((node) => node !== undefined)) return uuids(known);
    return Promise.all(names.map((name, i) => known[i] ?? this.#lookUp(name))).then(uuids);
  }

  async #lookUp(name: string): Promise<Datanode | undefined> {
    const [, machine = name, port = String(DEFAULT_PORT)] = /^(.*):(\d+)$/.exec(name) ?? [];
    const address = await this.#addressOf(machine);
    const random = (): number => this.#host.random.fraction();
    if (address !== undefined) {
      const node = this.#datanodes.byXferAddress(`${address}:${port}`) ?? this.#datanodes.onHost(address, random);
      if (node !== undefined) return node;
    }
    const rack = this.#racks.isConfigured ? await this.#racks.resolve(address ?? machine) : DEFAULT_RACK;
    const near = [...this.#datanodes.alive].filter(({ location }) => location === rack);
    return near[this.#host.random.below(near.length || 1)];
  }

  async #addressOf(machine: string): Promise<string | undefined> {
    const nowMs = this.#host.clock.monotonic();
    const known = this.#addresses.get(machine);
    if (known !== undefined && known.untilMs > nowMs) return known.address;
    let address: string | undefined;
    try {
      [address] = await this.#host.dns.lookup(machine);
    } catch {
      address = undefined; // a name of no machine means any node, as in Apache
    }
    if (this.#addresses.size >= MAX_REMEMBERED) this.#addresses.clear();
    this.#addresses.set(machine, { address, untilMs: nowMs + REMEMBERED_MS });
    return address;
  }
}

function uuids(nodes: readonly (Datanode | undefined)[]): readonly string[] {
  return nodes.flatMap((node) => (node === undefined ? [] : [node.id.datanodeUuid]));
}
