// The table of DataNodes: who registered, at which address, in which rack, who is alive, stale or dead, and the numbers
// of their storages. It knows nothing of blocks; the block manager hears of a retired storage and takes its replicas
// out. Mirrors DatanodeManager and HeartbeatManager.
import { assert } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import { normalizeLocation, type Random, randomInt, Topology } from '../placement/topology.ts';
import type { StorageNumber } from './block-map.ts';
import { ClusterTotals } from './cluster-totals.ts';
import {
  Datanode,
  type DatanodeId,
  type HeartbeatFigures,
  type Now,
  Storage,
  type StorageIdentity,
  xferAddress,
} from './datanode.ts';
import { type AdminState, StorageState } from './storage-type.ts';

/** Storages that one DataNode may have; a heartbeat with more is refused. */
export const MAX_STORAGES_PER_NODE = 1024;

export interface DatanodesOptions {
  /** dfs.heartbeat.interval. */
  readonly heartbeatIntervalMs: number;
  /** dfs.namenode.heartbeat.recheck-interval. */
  readonly heartbeatRecheckIntervalMs: number;
  /** dfs.namenode.stale.datanode.interval. */
  readonly staleIntervalMs: number;
  /** dfs.namenode.avoid.write.stale.datanode. */
  readonly avoidStaleForWrite: boolean;
  /** dfs.namenode.write.stale.datanode.ratio. */
  readonly writeStaleRatio: number;
}

export const DEFAULT_DATANODES_OPTIONS: DatanodesOptions = {
  heartbeatIntervalMs: 3_000,
  heartbeatRecheckIntervalMs: 300_000,
  staleIntervalMs: 30_000,
  avoidStaleForWrite: false,
  writeStaleRatio: 0.5,
};

export interface Registration {
  /** With the address from which the DataNode called. */
  readonly id: DatanodeId;
  /** Rack path, resolved by the server. */
  readonly location: string;
  readonly softwareVersion: string;
}

export interface DatanodeEvents {
  /** The storage's replicas count no longer; `released` must be called when none is left in the block map. */
  readonly storageRetired: (storage: Storage) => void;
  /** The node is no longer there, or its queues belong to an earlier life. */
  readonly workDropped: (node: Datanode) => void;
  /** The node is not known any more. */
  readonly forgotten: (node: Datanode) => void;
}

export class Datanodes {
  readonly topology = new Topology<Datanode>();
  readonly totals = new ClusterTotals();
  readonly staleIntervalMs: number;
  #options: DatanodesOptions;
  readonly #events: DatanodeEvents;
  readonly #byUuid = new Map<string, Datanode>();
  readonly #byXfer = new Map<string, Datanode>();
  readonly #byHost = new Map<string, Datanode[]>();
  readonly #alive = new Set<Datanode>();
  /** By number; slot 0 is never used. */
  readonly #storages: (Storage | undefined)[] = [undefined];
  readonly #freeNumbers: StorageNumber[] = [];
  #staleCount = 0;
  #retiringCount = 0;

  constructor(options: DatanodesOptions, events: DatanodeEvents) {
    this.#options = options;
    this.#events = events;
    // Apache: getStaleIntervalFromConf; nodes may not be called stale for missing fewer than three heartbeats.
    this.staleIntervalMs = Math.max(options.staleIntervalMs, 3 * options.heartbeatIntervalMs);
  }

  get heartbeatIntervalMs(): number {
    return this.#options.heartbeatIntervalMs;
  }

  /** Without a heartbeat for longer than this a node is dead. */
  get expiryMs(): number {
    return 2 * this.#options.heartbeatRecheckIntervalMs + 10 * this.#options.heartbeatIntervalMs;
  }

  /** Goes by other intervals from now on; when a node counts as stale stays as it is, as in Apache. */
  configure(changes: Partial<Pick<DatanodesOptions, 'heartbeatIntervalMs' | 'heartbeatRecheckIntervalMs'>>): void {
    this.#options = { ...this.#options, ...changes };
  }

  get all(): IterableIterator<Datanode> {
    return this.#byUuid.values();
  }

  get alive(): IterableIterator<Datanode> {
    return this.#alive.values();
  }

  get aliveCount(): number {
    return this.#alive.size;
  }

  /** Nodes that missed heartbeats at the last check, dead ones not among them. */
  get staleCount(): number {
    return this.#staleCount;
  }

  /** Storages that are gone and have replicas in the block map still: what that leaves short is not known yet. */
  get retiringCount(): number {
    return this.#retiringCount;
  }

  byUuid(uuid: string): Datanode | undefined {
    return this.#byUuid.get(uuid);
  }

  byXferAddress(address: string): Datanode | undefined {
    return this.#byXfer.get(address);
  }

  /** The node of an id that a DataNode sent. Throws when another address is expected to serve that uuid. */
  find(id: DatanodeId): Datanode | undefined {
    const node = this.#byUuid.get(id.datanodeUuid);
    if (node !== undefined && node.xferAddress !== xferAddress(id)) {
      throw new HdfsError(
        'EUNREGISTERED',
        `Data node ${describeRegistration(id)} is attempting to report storage ID ${id.datanodeUuid}. ` +
          `Node ${node.xferAddress} is expected to serve this storage.`,
      );
    }
    return node;
  }

  /** A node on that host (address or name), any when there are several. */
  onHost(host: string, random: Random): Datanode | undefined {
    const nodes = this.#byHost.get(host);
    return nodes === undefined ? undefined : nodes[randomInt(random, nodes.length)];
  }

  /** The node that a favoured or excluded name means: uuid, address:port, or host. */
  byName(name: string): Datanode | undefined {
    return this.#byUuid.get(name) ?? this.#byXfer.get(name) ?? this.#byHost.get(name)?.[0] ?? this.#byHostPort(name);
  }

  storage(number: StorageNumber): Storage {
    const storage = this.#storages[number];
    assert(storage !== undefined, 'a replica names a storage that does not exist');
    return storage;
  }

  /** Highest storage number ever given. */
  get highestStorageNumber(): StorageNumber {
    return this.#storages.length - 1;
  }

  isDead(node: Datanode, nowMs: number): boolean {
    return node.lastUpdateMonotonicMs < nowMs - this.expiryMs;
  }

  isStale(node: Datanode, nowMs: number): boolean {
    return node.isStale(nowMs, this.staleIntervalMs);
  }

  /** New blocks avoid stale nodes, unless there are too many of them. */
  get avoidStaleForWriteNow(): boolean {
    return (
      this.#options.avoidStaleForWrite &&
      this.#staleCount > 0 &&
      this.#staleCount <= this.#alive.size * this.#options.writeStaleRatio
    );
  }

  /**
   * Takes a DataNode in. An address that another node had is that node's no longer, and what it stored is served by
   * nobody; a known uuid at a new address has moved. A node known and alive keeps its replicas: the next report tells.
   */
  register(registration: Registration, now: Now): Datanode {
    const { id } = registration;
    const location = normalizeLocation(registration.location);
    const known = this.#byUuid.get(id.datanodeUuid);
    const atAddress = this.#byXfer.get(xferAddress(id));
    if (atAddress !== undefined && atAddress !== known) this.#forget(atAddress);
    const node = known ?? new Datanode(id, location, registration.softwareVersion);
    if (known !== undefined) {
      this.topology.remove(known);
      this.#unlist(known);
      if (known.alive) this.totals.subtract(known);
      this.#events.workDropped(known);
    }
    node.id = id;
    node.location = location;
    node.softwareVersion = registration.softwareVersion;
    node.disallowed = false;
    node.forceRegistration = false;
    node.heartbeatedSinceRegistration = false;
    node.registrations++;
    for (const storage of node.storages.values()) {
      storage.reportCount = 0;
      // What a restarted node still has is known after its report, so nothing is deleted elsewhere on its account before.
      storage.contentsStale = true;
    }
    this.#byUuid.set(id.datanodeUuid, node);
    this.#list(node);
    if (!node.alive) {
      node.alive = true;
      this.#alive.add(node);
      node.takeFigures({ reports: [], cacheCapacity: 0, cacheUsed: 0, xceiverCount: 0, failedVolumes: 0 }, now);
    } else {
      node.touch(now);
    }
    this.totals.add(node);
    try {
      this.topology.add(node);
    } catch (error) {
      this.#forget(node);
      throw error;
    }
    return node;
  }

  /** Takes over a heartbeat's figures; storages appear, fail and vanish with it. */
  heartbeat(node: Datanode, figures: HeartbeatFigures, now: Now): void {
    this.#take(node, figures, now);
    node.heartbeatedSinceRegistration = true;
  }

  /** The figures of a lifeline, which does not count as the first heartbeat of a node. */
  lifeline(node: Datanode, figures: HeartbeatFigures, now: Now): void {
    this.#take(node, figures, now);
  }

  #take(node: Datanode, figures: HeartbeatFigures, now: Now): void {
    assert(node.alive, 'a dead node has to register first');
    if (figures.reports.length > MAX_STORAGES_PER_NODE) {
      throw new HdfsError('EIO', `Too many storages in the heartbeat of ${node.xferAddress}: ${figures.reports.length}`);
    }
    this.totals.subtract(node);
    try {
      const summary = figures.volumeFailureSummary;
      const checkFailed =
        summary !== undefined && node.volumeFailureSummary !== undefined
          ? summary.lastVolumeFailureDate > node.volumeFailureSummary.lastVolumeFailureDate
          : figures.failedVolumes > node.volumeFailures || !node.heartbeatedSinceRegistration;
      const reported = new Set<string>();
      for (const { storage } of figures.reports) {
        reported.add(storage.storageId);
        this.#update(node, storage);
      }
      node.takeFigures(figures, now);
      for (const storage of [...node.storages.values()]) {
        if (reported.has(storage.id)) continue;
        if (checkFailed) storage.state = StorageState.FAILED;
        // A failed storage goes with all its replicas; one merely not mentioned goes once nothing is known on it.
        if (checkFailed || storage.blockCount === 0) this.#retire(storage);
      }
    } finally {
      this.totals.add(node);
    }
  }

  /** The storage of a node, made when a report names it before any heartbeat did. */
  storageOf(node: Datanode, identity: StorageIdentity): Storage {
    const known = node.storages.get(identity.storageId);
    if (known !== undefined) return known;
    if (!node.alive) return this.#update(node, identity);
    this.totals.subtract(node);
    try {
      return this.#update(node, identity);
    } finally {
      this.totals.add(node);
    }
  }

  #update(node: Datanode, identity: StorageIdentity): Storage {
    const known = node.storages.get(identity.storageId);
    if (known !== undefined) {
      known.type = identity.type;
      known.state = identity.state;
      return known;
    }
    if (node.storages.size >= MAX_STORAGES_PER_NODE) throw new HdfsError('EIO', `Too many storages on ${node.xferAddress}`);
    const number = this.#freeNumbers.pop() ?? this.#storages.length;
    const storage = new Storage(number, identity, node, node.reportedStorageIds.has(identity.storageId));
    this.#storages[number] = storage;
    node.storages.set(storage.id, storage);
    return storage;
  }

  /** The number of a retired storage may be used again: no block names it any more. */
  released(storage: Storage): void {
    assert(storage.retired && storage.blockCount === 0, 'a storage in use cannot be released');
    this.#storages[storage.number] = undefined;
    this.#freeNumbers.push(storage.number);
    this.#retiringCount--;
  }

  /** Finds nodes whose heartbeats ceased, up to `limit` of them; they leave the topology, and their storages retire. */
  checkHeartbeats(nowMs: number, limit: number): Datanode[] {
    const dead: Datanode[] = [];
    let stale = 0;
    for (const node of this.#alive) {
      if (dead.length < limit && this.isDead(node, nowMs)) dead.push(node);
      else if (this.isStale(node, nowMs)) stale++;
    }
    this.#staleCount = stale;
    for (const node of dead) {
      this.totals.expiredHeartbeats++;
      this.#remove(node);
    }
    return dead;
  }

  /** Puts the node into another state, and all sums that hang on it. */
  setAdminState(node: Datanode, state: AdminState): void {
    if (node.adminState === state) return;
    if (node.alive) this.totals.subtract(node);
    node.adminState = state;
    if (node.alive) this.totals.add(node);
    this.topology.setLeaving(node, node.decommissioning || node.decommissioned);
    node.infoVersion++;
    if (!node.alive && !node.maintenance) this.#retireAll(node);
  }

  /** The node is no longer welcome: it counts as dead from now on. */
  expel(node: Datanode): void {
    this.totals.expiredHeartbeats++;
    this.#remove(node);
  }

  /** The node said that it ends: it counts as dead from now on. */
  leave(node: Datanode): void {
    this.#remove(node);
  }

  /** After this NameNode became active: nothing is known for sure until each storage reports. */
  markAllStale(): void {
    for (const node of this.#byUuid.values()) for (const storage of node.storages.values()) storage.markStaleAfterFailover();
  }

  /** The node is out of work: it stays known, as dead. In maintenance its replicas stay known too, as it will be back. */
  #remove(node: Datanode): void {
    if (node.alive) {
      this.totals.subtract(node);
      node.alive = false;
      this.#alive.delete(node);
    }
    this.topology.remove(node);
    this.#events.workDropped(node);
    if (!node.maintenance) this.#retireAll(node);
  }

  #forget(node: Datanode): void {
    this.#remove(node);
    this.#retireAll(node);
    this.topology.forget(node);
    this.#unlist(node);
    this.#byUuid.delete(node.uuid);
    this.#events.forgotten(node);
  }

  #retireAll(node: Datanode): void {
    for (const storage of [...node.storages.values()]) this.#retire(storage);
    node.fellSilent();
  }

  #retire(storage: Storage): void {
    if (storage.hasReported) storage.node.reportedStorageIds.add(storage.id);
    storage.node.storages.delete(storage.id);
    storage.retired = true;
    this.#retiringCount++;
    this.#events.storageRetired(storage);
  }

  #list(node: Datanode): void {
    this.#byXfer.set(node.xferAddress, node);
    for (const host of new Set([node.id.ipAddr, node.id.hostName])) {
      const nodes = this.#byHost.get(host);
      if (nodes === undefined) this.#byHost.set(host, [node]);
      else if (!nodes.includes(node)) nodes.push(node);
    }
  }

  #unlist(node: Datanode): void {
    if (this.#byXfer.get(node.xferAddress) === node) this.#byXfer.delete(node.xferAddress);
    for (const host of new Set([node.id.ipAddr, node.id.hostName])) {
      const nodes = this.#byHost.get(host)?.filter((each) => each !== node) ?? [];
      if (nodes.length === 0) this.#byHost.delete(host);
      else this.#byHost.set(host, nodes);
    }
  }

  #byHostPort(name: string): Datanode | undefined {
    const colon = name.lastIndexOf(':');
    if (colon < 0) return undefined;
    const port = Number(name.slice(colon + 1));
    return this.#byHost.get(name.slice(0, colon))?.find((node) => node.id.xferPort === port);
  }
}

function describeRegistration(id: DatanodeId): string {
  return (
    `DatanodeRegistration(${xferAddress(id)}, datanodeUuid=${id.datanodeUuid}, infoPort=${id.infoPort}, ` +
    `infoSecurePort=${id.infoSecurePort}, ipcPort=${id.ipcPort})`
  );
}
