// One DataNode and its storages as the NameNode knows them: identity, figures from the last heartbeat, and the work that
// waits for its next one. Which nodes there are is in datanodes.ts; which blocks they hold is in the block map.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { TopologyNode } from '../placement/topology.ts';
import type { BlockHandle, StorageNumber } from './block-map.ts';
import type { TransferTask } from './commands.ts';
import { AdminState, StorageState, type StorageType } from './storage-type.ts';

/** Scheduled writes are forgotten after one to two of these. Apache: DatanodeDescriptor.BLOCKS_SCHEDULED_ROLL_INTERVAL. */
const BLOCKS_SCHEDULED_ROLL_INTERVAL_MS = 600 * 1000;

/** Apache: DatanodeID. */
export interface DatanodeId {
  readonly ipAddr: string;
  readonly hostName: string;
  readonly datanodeUuid: string;
  readonly xferPort: number;
  readonly infoPort: number;
  readonly infoSecurePort: number;
  readonly ipcPort: number;
}

export function xferAddress(id: DatanodeId): string {
  return `${id.ipAddr}:${id.xferPort}`;
}

/** Apache: DatanodeStorage. */
export interface StorageIdentity {
  readonly storageId: string;
  readonly type: StorageType;
  /** NORMAL or READ_ONLY_SHARED. */
  readonly state: StorageState;
}

/** Apache: StorageReport. All sizes in bytes. */
export interface StorageReport {
  readonly storage: StorageIdentity;
  readonly capacity: number;
  readonly dfsUsed: number;
  readonly remaining: number;
  readonly blockPoolUsed: number;
  readonly nonDfsUsed: number;
  readonly mount?: string | undefined;
}

export interface VolumeFailureSummary {
  readonly failedStorageLocations: readonly string[];
  /** Wall clock, ms. */
  readonly lastVolumeFailureDate: number;
  readonly estimatedCapacityLostTotal: number;
}

export interface HeartbeatFigures {
  readonly reports: readonly StorageReport[];
  readonly cacheCapacity: number;
  readonly cacheUsed: number;
  readonly xceiverCount: number;
  readonly failedVolumes: number;
  readonly volumeFailureSummary?: VolumeFailureSummary | undefined;
}

/** A moment by both clocks: rules use the monotonic one, reports to people the wall one. */
export interface Now {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export class Storage {
  readonly number: StorageNumber;
  readonly id: string;
  readonly node: Datanode;
  type: StorageType;
  state: StorageState;
  capacity = 0;
  dfsUsed = 0;
  nonDfsUsed = 0;
  remaining = 0;
  blockPoolUsed = 0;
  /** Replicas of this storage in the block map. */
  blockCount = 0;
  /** What it holds may differ from what we believe: true until a heartbeat and then a full report have come. */
  contentsStale = true;
  heartbeatedSinceFailover = false;
  /** Full reports since the node registered. */
  reportCount = 0;
  /** A full report of it came since the NameNode started. */
  hasReported: boolean;
  /** Gone: its replicas no longer count, and are being taken out of the block map. */
  retired = false;

  constructor(number: StorageNumber, identity: StorageIdentity, node: Datanode, hasReported: boolean) {
    this.number = number;
    this.id = identity.storageId;
    this.node = node;
    this.type = identity.type;
    this.state = identity.state;
    this.hasReported = hasReported;
  }

  receivedHeartbeat(report: StorageReport): void {
    this.capacity = report.capacity;
    this.dfsUsed = report.dfsUsed;
    this.nonDfsUsed = report.nonDfsUsed;
    this.remaining = report.remaining;
    this.blockPoolUsed = report.blockPoolUsed;
    this.heartbeatedSinceFailover = true;
  }

  receivedFullReport(): void {
    if (this.heartbeatedSinceFailover) this.contentsStale = false;
    this.reportCount++;
    this.hasReported = true;
  }

  markStaleAfterFailover(): void {
    this.heartbeatedSinceFailover = false;
    this.contentsStale = true;
  }
}

/** Apache: DatanodeDescriptor.LeavingServiceStatus. */
export interface LeavingProgress {
  /** Blocks that must be copied before the node can go. */
  readonly lowRedundancy: number;
  /** Of them, blocks of files that are being written. */
  readonly inOpenFiles: number;
  /** Of them, blocks with no replica but on nodes that leave or are in maintenance. */
  readonly outOfServiceOnly: number;
  /** Inode ids. */
  readonly openFiles: ReadonlySet<number>;
  readonly startedMonotonicMs: number;
}

export const NOT_LEAVING: LeavingProgress = {
  lowRedundancy: 0,
  inOpenFiles: 0,
  outOfServiceOnly: 0,
  openFiles: new Set(),
  startedMonotonicMs: 0,
};

export class Datanode implements TopologyNode {
  id: DatanodeId;
  location: string;
  softwareVersion: string;
  adminState: AdminState = AdminState.NORMAL;
  /** Heartbeats come; a dead node is out of the topology and its storages are retired. */
  alive = false;
  /** The next heartbeat is answered with REGISTER. */
  forceRegistration = false;
  /** Not on the include list any more. */
  disallowed = false;
  /** Wall clock, ms: when its maintenance is over. */
  maintenanceUntilMs = 0;
  /** How far it is on its way out; what it says counts only while it is leaving. */
  leaving: LeavingProgress = NOT_LEAVING;
  readonly storages = new Map<string, Storage>();
  /** Storages that sent a full report in this life of the NameNode, kept while the node is dead. */
  readonly reportedStorageIds = new Set<string>();

  capacity = 0;
  dfsUsed = 0;
  nonDfsUsed = 0;
  remaining = 0;
  blockPoolUsed = 0;
  cacheCapacity = 0;
  cacheUsed = 0;
  xceiverCount = 0;
  volumeFailures = 0;
  volumeFailureSummary: VolumeFailureSummary | undefined;
  volumesAvailable = 0;
  lastUpdateMonotonicMs = 0;
  lastUpdateWallMs = 0;
  lastBlockReportMonotonicMs = 0;
  lastBlockReportWallMs = 0;
  heartbeatedSinceRegistration = false;
  /** How often it has registered: it may have been begun anew each time. */
  registrations = 0;
  /** Grows with every change of what a DatanodeInfo shows, so that an encoded one can be kept. */
  infoVersion = 0;

  /** Copies to make, handed out with heartbeats. */
  readonly transfers: TransferTask[] = [];
  /** Chosen as a source in this round, targets not chosen yet. */
  pendingReplicationWithoutTargets = 0;
  /** Blocks under recovery that this node shall lead. */
  readonly recoveries = new Set<BlockHandle>();
  /** Extra replicas chosen for deletion, until the node says that they are gone; with the monotonic time of choice. */
  excess = new Map<BlockHandle, number>();
  /**
   * Replicas that were found bad before the node fell silent, with their generation stamps. They come back as bad with it,
   * unless it says that it deleted or replaced them.
   */
  readonly knownBad = new Map<BlockId, GenStamp>();
  /** Bytes per second to tell the node; 0: nothing to tell. */
  balancerBandwidth = 0;

  #scheduledNow = new Map<StorageType, number>();
  #scheduledBefore = new Map<StorageType, number>();
  #scheduledRolledMs = 0;

  constructor(id: DatanodeId, location: string, softwareVersion: string) {
    this.id = id;
    this.location = location;
    this.softwareVersion = softwareVersion;
  }

  get uuid(): string {
    return this.id.datanodeUuid;
  }

  get xferAddress(): string {
    return xferAddress(this.id);
  }

  get inService(): boolean {
    return this.adminState === AdminState.NORMAL;
  }

  get decommissioning(): boolean {
    return this.adminState === AdminState.DECOMMISSION_INPROGRESS;
  }

  get decommissioned(): boolean {
    return this.adminState === AdminState.DECOMMISSIONED;
  }

  get enteringMaintenance(): boolean {
    return this.adminState === AdminState.ENTERING_MAINTENANCE;
  }

  get inMaintenance(): boolean {
    return this.adminState === AdminState.IN_MAINTENANCE;
  }

  /** On its way into maintenance, or there. */
  get maintenance(): boolean {
    return this.enteringMaintenance || this.inMaintenance;
  }

  get registered(): boolean {
    return this.alive && !this.forceRegistration;
  }

  isStale(nowMs: number, staleIntervalMs: number): boolean {
    return nowMs - this.lastUpdateMonotonicMs >= staleIntervalMs;
  }

  hasStaleStorages(): boolean {
    for (const storage of this.storages.values()) if (storage.contentsStale) return true;
    return false;
  }

  hasStorageType(type: StorageType): boolean {
    for (const storage of this.storages.values()) if (storage.type === type) return true;
    return false;
  }

  get blockCount(): number {
    let count = 0;
    for (const storage of this.storages.values()) count += storage.blockCount;
    return count;
  }

  /** Takes over the figures of a heartbeat; every storage in it must be known already. */
  takeFigures(figures: HeartbeatFigures, now: Now): void {
    this.cacheCapacity = figures.cacheCapacity;
    this.cacheUsed = figures.cacheUsed;
    this.xceiverCount = figures.xceiverCount;
    this.volumeFailures = figures.failedVolumes;
    this.volumeFailureSummary = figures.volumeFailureSummary;
    this.capacity = 0;
    this.remaining = 0;
    this.blockPoolUsed = 0;
    this.dfsUsed = 0;
    this.nonDfsUsed = 0;
    this.volumesAvailable = 0;
    const mounts = new Set<string>();
    for (const report of figures.reports) {
      const storage = this.storages.get(report.storage.storageId);
      if (storage === undefined) continue;
      storage.receivedHeartbeat(report);
      this.capacity += report.capacity;
      this.remaining += report.remaining;
      this.blockPoolUsed += report.blockPoolUsed;
      this.dfsUsed += report.dfsUsed;
      // Volumes of one mount each report the whole mount's foreign bytes: counted once.
      const mount = report.mount ?? '';
      if (mount === '' || !mounts.has(mount)) this.nonDfsUsed += report.nonDfsUsed;
      if (mount !== '') mounts.add(mount);
      if (report.remaining > 0 && storage.state !== StorageState.FAILED) this.volumesAvailable++;
    }
    this.touch(now);
  }

  /** Its replicas count no more, and it does nothing; what its disks held stays to be read. Apache: resetBlocks. */
  fellSilent(): void {
    this.cacheCapacity = 0;
    this.cacheUsed = 0;
    this.xceiverCount = 0;
    this.volumeFailures = 0;
    this.volumeFailureSummary = undefined;
    this.infoVersion++;
  }

  touch(now: Now): void {
    this.lastUpdateMonotonicMs = now.monotonicMs;
    this.lastUpdateWallMs = now.wallMs;
    this.infoVersion++;
    if (now.monotonicMs - this.#scheduledRolledMs > BLOCKS_SCHEDULED_ROLL_INTERVAL_MS) {
      this.#scheduledBefore = this.#scheduledNow;
      this.#scheduledNow = new Map();
      this.#scheduledRolledMs = now.monotonicMs;
    }
  }

  /** Writes that were promised to this node and have not arrived; an estimate. */
  blocksScheduled(type: StorageType): number {
    return (this.#scheduledNow.get(type) ?? 0) + (this.#scheduledBefore.get(type) ?? 0);
  }

  get blocksScheduledTotal(): number {
    let sum = 0;
    for (const count of this.#scheduledNow.values()) sum += count;
    for (const count of this.#scheduledBefore.values()) sum += count;
    return sum;
  }

  incrementBlocksScheduled(type: StorageType): void {
    this.#scheduledNow.set(type, (this.#scheduledNow.get(type) ?? 0) + 1);
  }

  decrementBlocksScheduled(type: StorageType): void {
    for (const counts of [this.#scheduledBefore, this.#scheduledNow]) {
      const count = counts.get(type) ?? 0;
      if (count > 0) {
        counts.set(type, count - 1);
        return;
      }
    }
  }

  /** Copies that this node makes or will make: what the stream limits are held against. */
  get replicationWork(): number {
    return this.transfers.length + this.pendingReplicationWithoutTargets;
  }
}
