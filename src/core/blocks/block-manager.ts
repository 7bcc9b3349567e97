// The door to everything about blocks and DataNodes: who is there, what they hold, what has to be copied or deleted, and
// whether it is safe to go on. Pure: calls bring values and the time, heartbeats take commands away as values, and
// `tick` does the periodic work in slices. The namespace is asked through BlockOwner, the block map is shared with it.
//
// Read next: replicas.ts (a replica comes or goes), redundancy.ts (too few, too many), reports.ts, scans.ts.

import { HdfsError } from '../../base/errors.ts';
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { PlacementPolicy, PlacementResult, Writer } from '../placement/policy.ts';
import type { ReaderView } from '../placement/sort-locations.ts';
import { storagePolicyById } from '../placement/storage-policy.ts';
import type { SlowNodes } from '../slow/slow-nodes.ts';
import type { HostLists } from './admin/host-lists.ts';
import { NodeAdmin } from './admin/node-admin.ts';
import type { ReplicaCursor } from './block-list.ts';
import { type BlockHandle, BlockState } from './block-map.ts';
import { BlockRecoveries } from './block-recoveries.ts';
import { type BlockStatistics, blockStatistics } from './block-statistics.ts';
import type { BlockTriple, HeartbeatAnswer } from './commands.ts';
import { CorruptReason } from './corrupt-replicas.ts';
import type { Datanode, DatanodeId, HeartbeatFigures, Now, Storage, StorageIdentity } from './datanode.ts';
import type { Datanodes, Registration } from './datanodes.ts';
import { DroppedWork } from './dropped-work.ts';
import { FullReport } from './full-report.ts';
import { GroupReplication } from './group-replication.ts';
import { commandsFor } from './heartbeat-commands.ts';
import { type BlockInspection, inspectBlock } from './inspection.ts';
import { Priority } from './low-redundancy.ts';
import { type CorruptBlocks, corruptBlocksAfter, type MetaSaveNames, metaSave } from './meta-save.ts';
import { processExtraRedundancy, updateNeeded } from './redundancy.ts';
import { RedundancyWork } from './redundancy-work.ts';
import { completingReplicas, countReplicas, liveReplicas, storagesOf } from './replica-counts.ts';
import { addStored, commitOrComplete, dropStaleReplicas, finalised, markCorrupt, removeBlock } from './replicas.ts';
import { BlockReportLeases } from './report-leases.ts';
import { type IncrementalEntry, incrementalReport, reportBadReplica } from './reports.ts';
import type { SafeMode } from './safe-mode.ts';
import { Drain, NodeScan, RedundancyScan } from './scans.ts';
import {
  type BlockManagerOptions,
  type ChangeableOptions,
  DEFAULT_BLOCK_MANAGER_OPTIONS,
  type Environment,
  ManagerState,
} from './state.ts';
import { ReplicaState, StorageState } from './storage-type.ts';

/** Nodes are looked over for missing heartbeats this often. */
const HEARTBEAT_CHECK_MS = 1_000;
/** Nodes that are taken out in one slice when many fall silent, a rack with its switch, say. */
const DEATHS_PER_SLICE = 8;
/** Reports that are worked in beside each other may take so much memory together; each takes a bit for every block that there is. */
const SEEN_BYTES = 16 * 1024 * 1024;
/** Whether a reader may be told of what lies there. */
function isReadable({ node, state }: Storage): boolean {
  return state !== StorageState.FAILED && !node.inMaintenance && (node.alive || !node.enteringMaintenance);
}

const NOTHING_DURABLE_NEEDED = Number.MAX_SAFE_INTEGER;

export interface HeartbeatRequest extends HeartbeatFigures {
  readonly xmitsInProgress: number;
  readonly requestFullBlockReportLease: boolean;
}

export interface NewBlockRequest {
  readonly path: string;
  readonly replication: number;
  readonly blockSize: number;
  readonly writer: Writer | undefined;
  readonly excluded: readonly Datanode[];
  /** Names as the client gave them: host:port. */
  readonly favoured: readonly string[];
  readonly storagePolicy: number;
  readonly noLocalWrite: boolean;
  readonly noLocalRack: boolean;
  readonly ignoreClientLocality: boolean;
}

export interface BlockLocations {
  readonly storages: readonly Storage[];
  /** Every replica that there is is bad. */
  readonly corrupt: boolean;
}

export class BlockManager {
  readonly datanodes: Datanodes;
  readonly slow: SlowNodes;
  readonly safeMode: SafeMode;
  readonly leases: BlockReportLeases;
  readonly recoveries: BlockRecoveries;
  readonly admin: NodeAdmin;
  readonly #state: ManagerState;
  readonly #drain: Drain;
  readonly #dropped: DroppedWork;
  readonly #scan: RedundancyScan;
  readonly #nodeScan: NodeScan;
  readonly #work: RedundancyWork;
  readonly #reports = new Map<Storage, FullReport>();
  readonly #groupReplication = new GroupReplication();
  #heartbeatCheckMs = 0;

  constructor(environment: Environment, options: Partial<BlockManagerOptions> = {}) {
    const all = { ...DEFAULT_BLOCK_MANAGER_OPTIONS, ...options };
    const state = new ManagerState(all, environment, {
      storageRetired: (storage) => this.#drain.add(storage),
      workDropped: (node) => this.#dropWork(node),
      forgotten: (node) => this.admin.forgotten(node),
      populateQueues: () => this.populateQueues(),
    });
    this.#state = state;
    this.#drain = new Drain(state);
    this.#dropped = new DroppedWork(state);
    this.#scan = new RedundancyScan(state);
    this.#nodeScan = new NodeScan(state);
    this.#work = new RedundancyWork(state);
    this.datanodes = state.datanodes;
    this.slow = state.slow;
    this.safeMode = state.safeMode;
    this.recoveries = new BlockRecoveries(state);
    this.admin = new NodeAdmin(state, { backInService: (node) => this.#lookAtBlocksOf(node) });
    const random = environment.random;
    this.leases = new BlockReportLeases(all.reportLeases, BigInt(Math.floor(random() * 2 ** 32)) << 16n);
  }

  get options(): BlockManagerOptions {
    return this.#state.options;
  }

  /** Goes by other options from now on. */
  configure(changes: Partial<ChangeableOptions>): void {
    this.#state.configure(changes);
  }

  /** New replicas are placed by this policy from now on. */
  set placementPolicy(policy: PlacementPolicy) {
    this.#state.policy = policy;
  }

  /** Set by whoever applies edits: commands decided from now on wait for this one. */
  set lastAppliedTxid(txid: number) {
    this.#state.lastAppliedTxid = txid;
  }

  // Start and stop

  /** Begins safe mode, with the number of complete blocks in the namespace. */
  activate(now: Now, completeBlocks: number): void {
    this.#state.now = now;
    this.safeMode.activate(now.monotonicMs, completeBlocks);
  }

  /** Begins to look for too few and too many replicas. Safe mode does it when enough is known. */
  populateQueues(): void {
    if (this.#state.populating) return;
    this.#state.populating = true;
    this.#state.needed.clear();
    this.#scan.start();
  }

  /** 0 to 1: how much of the namespace has been looked over since. */
  get populationProgress(): number {
    return this.#state.populating ? this.#scan.progress : 0;
  }

  // DataNodes

  /** Takes a DataNode in, or lets it move. Throws when it stands where no node can. */
  registerDatanode(registration: Registration, now: Now): Datanode {
    this.#state.now = now;
    const known = this.datanodes.byUuid(registration.id.datanodeUuid);
    if (known !== undefined) this.leases.end(known);
    const racks = this.datanodes.topology.rackCount;
    const before = known?.location;
    const node = this.datanodes.register(registration, now);
    this.admin.registered(node, now);
    if (!this.#lookForMoreRacks(racks) && before !== undefined && before !== node.location) this.#lookAtBlocksOf(node);
    this.#state.log(`BLOCK* registerDatanode: from ${node.xferAddress} storage ${node.uuid}`);
    this.safeMode.check(now.monotonicMs);
    return node;
  }

  /**
   * A heartbeat: figures in, commands out. Deletions whose edit is beyond `durableTxid` wait for a later heartbeat; without
   * it they go at once, and the answer has to wait for their `afterTxid`.
   */
  heartbeat(id: DatanodeId, request: HeartbeatRequest, now: Now, durableTxid = NOTHING_DURABLE_NEEDED): HeartbeatAnswer {
    this.#state.now = now;
    let node: Datanode | undefined;
    try {
      node = this.datanodes.find(id);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
    }
    if (node?.disallowed === true) {
      this.leases.end(node);
      if (node.alive) this.datanodes.expel(node);
      throw new HdfsError(
        'EREGISTER',
        `Datanode denied communication with namenode because the host is not in the include-list: ${node.xferAddress}`,
      );
    }
    if (node === undefined || !node.registered) {
      return { node: undefined, commands: [{ kind: 'register' }], fullBlockReportLeaseId: 0n };
    }
    this.datanodes.heartbeat(node, request, now);
    const lease = request.requestFullBlockReportLease ? this.leases.request(node, now.monotonicMs) : 0n;
    return {
      node,
      commands: commandsFor(this.#state, this.recoveries, node, request.xmitsInProgress, durableTxid),
      fullBlockReportLeaseId: lease,
    };
  }

  /** A node lives though its heartbeats do not get through. Nodes that are not known have to come by a heartbeat. */
  lifeline(id: DatanodeId, figures: HeartbeatFigures, now: Now): void {
    this.#state.now = now;
    const node = this.datanodes.find(id);
    if (node?.registered === true && !node.disallowed) this.datanodes.lifeline(node, figures, now);
  }

  /** The node says that it ends: nothing is waited for any more. */
  nodeEnds(id: DatanodeId, now: Now): void {
    this.#state.now = now;
    const node = this.datanodes.find(id);
    if (node === undefined) return;
    this.leases.end(node);
    this.datanodes.leave(node);
    this.safeMode.check(now.monotonicMs);
  }

  /** Other host lists hold from now on. */
  refreshNodes(lists: HostLists, now: Now): void {
    this.#state.now = now;
    const racks = this.datanodes.topology.rackCount;
    this.admin.refresh(lists, now);
    this.#lookForMoreRacks(racks);
  }

  /** The next heartbeat of the node is answered with an order to register. */
  forceRegistration(node: Datanode): void {
    node.forceRegistration = true;
  }

  setBalancerBandwidth(bytesPerSecond: number): void {
    for (const node of this.datanodes.all) node.balancerBandwidth = bytesPerSecond;
  }

  // Reports

  /** Whether a full report under that lease may be sent now. Throws in Apache's words when not. */
  checkReportLease(node: Datanode, reportId: bigint, leaseId: bigint, now: Now): void {
    if (this.leases.check(node, leaseId, now.monotonicMs)) return;
    const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16);
    throw new HdfsError('EREPORTLEASE', `Block report 0x${hex(reportId)} was rejected as lease 0x${hex(leaseId)} is invalid`);
  }

  /**
   * Begins to work a storage's full report in; call `step` on it until it is done. Undefined when it is passed over: while
   * starting up, every report of a storage but the first. A report that is still on its way is replaced by this one.
   */
  beginFullReport(id: DatanodeId, identity: StorageIdentity, replicas: ReplicaCursor, now: Now): FullReport | undefined {
    this.#state.now = now;
    const node = this.#registered(id, `ProcessReport from dead or unregistered node: ${id.ipAddr}:${id.xferPort}`);
    const storage = this.datanodes.storageOf(node, identity);
    if (this.safeMode.isStartup && storage.reportCount > 0) return undefined;
    this.#reports.get(storage)?.abandon();
    const report = new FullReport(this.#state, storage, replicas);
    this.#reports.set(storage, report);
    return report;
  }

  /** Begins a turn in which that many reports of a node are worked in: what was asked of files for an earlier one is forgotten. */
  beginReportTurn(reports: number): void {
    this.#groupReplication.begin(reports);
  }

  /**
   * A slice of a report, `limit` replicas long. True when it is done; throws when the node went away meanwhile. `inTurn`: the turn
   * is the one that has begun.
   */
  stepFullReport(report: FullReport, limit: number, now: Now, inTurn = false): boolean {
    this.#state.now = now;
    let done = true;
    try {
      if (this.#reports.get(report.storage) !== report) {
        throw new HdfsError('EIO', `Block report of ${report.storage.id} was replaced by a newer one`);
      }
      done = report.step(limit, inTurn ? this.#groupReplication : undefined) === 'done';
    } finally {
      if (done && this.#reports.get(report.storage) === report) this.#reports.delete(report.storage);
    }
    if (done) this.safeMode.check(now.monotonicMs);
    return done;
  }

  /** The rest of a report will not be worked in. */
  abandonFullReport(report: FullReport): void {
    if (this.#reports.get(report.storage) !== report) return;
    report.abandon();
    this.#reports.delete(report.storage);
  }

  /** How many of a node's full reports may be worked in beside each other: as many as take little memory. */
  get fullReportsAtOnce(): number {
    return Math.max(1, Math.floor((SEEN_BYTES * 8) / this.#state.blocks.highestHandle));
  }

  /** The last part of a node's full report has come: its lease ends. */
  fullReportEnded(node: Datanode, now: Now): void {
    this.leases.end(node);
    node.lastBlockReportMonotonicMs = now.monotonicMs;
    node.lastBlockReportWallMs = now.wallMs;
    node.infoVersion++;
  }

  incrementalReport(id: DatanodeId, identity: StorageIdentity, entries: readonly IncrementalEntry[], now: Now): void {
    this.#state.now = now;
    const node = this.#registered(id, 'Got incremental block report from unregistered or dead node');
    const touched =
      this.#reports.size === 0
        ? undefined
        : (storage: Storage, block: BlockId): void => {
            for (const report of this.#reports.values()) if (report.storage.node === storage.node) report.touched(block);
          };
    incrementalReport(this.#state, node, identity, entries, touched);
  }

  /** A replica's bytes are wrong, says a client or a DataNode. */
  reportBadReplica(block: BlockTriple, node: Datanode, now: Now): boolean {
    this.#state.now = now;
    return reportBadReplica(this.#state, block.id, block.genStamp, block.numBytes, node);
  }

  // Blocks being written

  /** Chooses where a new block goes. Throws when not even the minimum of replicas can be placed. */
  chooseTargets(request: NewBlockRequest, now: Now): PlacementResult {
    this.#state.now = now;
    const excluded = new Set(request.excluded);
    const favoured = request.favoured.flatMap((name) => this.datanodes.byName(name) ?? []);
    const result = this.#state.policy.choose(
      {
        replicas: request.replication,
        writer: request.ignoreClientLocality ? undefined : request.writer,
        chosen: [],
        excluded,
        favoured,
        blockSize: request.blockSize,
        storagePolicy: storagePolicyById(request.storagePolicy, this.options.defaultStoragePolicy),
        noLocalWrite: request.noLocalWrite,
        noLocalRack: request.noLocalRack,
      },
      this.#state.clusterView(),
    );
    const minimum = this.options.minReplication;
    if (result.targets.length < minimum) {
      throw new HdfsError(
        'EIO',
        `File ${request.path} could only be written to ${result.targets.length} of the ${minimum} minReplication nodes. ` +
          `There are ${this.datanodes.topology.nodeCount} datanode(s) running and ` +
          `${result.lookedAt} node(s) are excluded in this operation.`,
        { path: request.path },
      );
    }
    return result;
  }

  /** More nodes for a pipeline that lost some. Answers the new ones alone. */
  chooseAdditionalTargets(
    request: Omit<NewBlockRequest, 'favoured' | 'noLocalWrite' | 'noLocalRack' | 'ignoreClientLocality'>,
    chosen: readonly Storage[],
    now: Now,
  ): PlacementResult {
    this.#state.now = now;
    return this.#state.policy.choose(
      {
        replicas: request.replication,
        writer: request.writer,
        chosen,
        excluded: new Set(request.excluded),
        favoured: [],
        blockSize: request.blockSize,
        storagePolicy: storagePolicyById(request.storagePolicy, this.options.defaultStoragePolicy),
        noLocalWrite: false,
        noLocalRack: false,
      },
      this.#state.clusterView(),
    );
  }

  /** A new block goes to these storages. */
  blockAllocated(block: BlockHandle, targets: readonly Storage[]): void {
    this.#state.underConstruction.setExpected(block, this.#state.blocks.genStamp(block), targets);
    for (const target of targets) target.node.incrementBlocksScheduled(target.type);
  }

  /** A pipeline was rebuilt: the block has its new generation stamp already. */
  pipelineUpdated(block: BlockHandle, targets: readonly Storage[]): void {
    dropStaleReplicas(this.#state, block);
    this.#state.underConstruction.setExpected(block, this.#state.blocks.genStamp(block), targets);
  }

  /** A complete block is written to again (append): its replicas are now the pipeline. */
  blockReopened(block: BlockHandle): readonly Storage[] {
    const { blocks, invalidations, needed, pending, safeMode, underConstruction } = this.#state;
    const targets = storagesOf(this.#state, block);
    underConstruction.setExpected(block, blocks.genStamp(block), targets);
    needed.remove(block);
    for (const target of pending.remove(block)) target.node.decrementBlocksScheduled(target.type);
    for (const target of targets) {
      invalidations.remove(target.node, blocks.id(block));
      target.node.excess.delete(block);
    }
    safeMode.setSafe(block, false);
    safeMode.adjustTotal(-1);
    return targets;
  }

  /**
   * Block recovery ended on these storages, and the block has its new stamp and length: others that were known have the
   * old ones, `before`. `final`: the file is closed too. Apache: FSNamesystem.commitBlockSynchronization.
   */
  blockRecovered(
    block: BlockHandle,
    before: { readonly genStamp: GenStamp; readonly numBytes: number },
    targets: readonly Storage[],
    final: boolean,
    now: Now,
  ): void {
    const state = this.#state;
    state.now = now;
    const { blocks, corrupt, underConstruction } = state;
    const after = { genStamp: blocks.genStamp(block), numBytes: blocks.numBytes(block) };
    // A node whose answer to the leader was lost may have told of its recovered replica all the same; it will not do so again.
    const told = (underConstruction.get(block)?.replicas ?? []).filter(
      ({ genStamp, state: was }) => genStamp === after.genStamp && was === ReplicaState.FINALIZED,
    );
    const all = new Set([...targets, ...told.map(({ storage }) => storage)]);
    const known = [...all].filter((target) => !target.retired && target.node.alive);
    underConstruction.setExpected(block, after.genStamp, known);
    if (!final) return;
    for (const target of known) {
      corrupt.restamp(block, target.node, after);
      addStored(state, block, target);
    }
    if (after.genStamp !== before.genStamp || after.numBytes !== before.numBytes) {
      for (const storage of storagesOf(state, block)) {
        if (!known.includes(storage))
          markCorrupt(state, block, storage, { ...before, reason: CorruptReason.GENSTAMP_MISMATCH });
      }
    }
    finalised(state, block, false);
  }

  /** Where replicas of a block being written are expected. */
  expectedStorages(block: BlockHandle): readonly Storage[] {
    return this.#state.underConstruction.expected(block);
  }

  /** The writer finished the block. See replicas.ts; throws in Apache's words when it cannot be. */
  commitOrComplete(block: BlockHandle, reported: BlockTriple, now: Now): boolean {
    this.#state.now = now;
    return commitOrComplete(this.#state, block, reported);
  }

  /** Edits made the block COMMITTED or COMPLETE; what hangs on it follows. */
  blockFinalised(block: BlockHandle, now: Now): void {
    this.#state.now = now;
    finalised(this.#state, block, true);
  }

  hasMinReplication(block: BlockHandle): boolean {
    return completingReplicas(countReplicas(this.#state, block)) >= this.options.minReplication;
  }

  /** As many live replicas as a block must have to be written on, or as many as there are nodes. */
  isSufficientlyReplicated(block: BlockHandle): boolean {
    const live = liveReplicas(this.#state, block);
    return live >= this.options.minReplication || live >= this.datanodes.aliveCount;
  }

  /** The file is closed: what its blocks still lack is copied. */
  checkRedundancy(blocks: Iterable<BlockHandle>, now: Now): void {
    this.#state.now = now;
    for (const block of blocks) {
      updateNeeded(this.#state, block);
      this.#reduce(block);
    }
  }

  // Changes of the namespace

  /** The file wants another number of replicas; the owner answers the new one already. */
  replicationChanged(block: BlockHandle, now: Now): void {
    this.#state.now = now;
    updateNeeded(this.#state, block);
    this.#reduce(block);
  }

  /** The block is no more. To be called before the block map forgets it. */
  removeBlock(block: BlockHandle, afterTxid: number): void {
    removeBlock(this.#state, block, afterTxid);
  }

  // Reading

  /** Where to read the block. Bad replicas are named only when there are no others. */
  locations(block: BlockHandle): BlockLocations {
    const { blocks, corrupt } = this.#state;
    if (blocks.state(block) !== BlockState.COMPLETE) return { storages: this.expectedStorages(block), corrupt: false };
    const all = storagesOf(this.#state, block);
    // Nearly always nothing is wrong anywhere.
    if (corrupt.size === 0 && all.every(isReadable)) return { storages: all, corrupt: false };
    const bad = all.filter((storage) => corrupt.has(block, storage.node));
    const allBad = bad.length > 0 && bad.length === all.length;
    const storages = all.filter((storage) => isReadable(storage) && (allBad || !bad.includes(storage)));
    return { storages, corrupt: allBad };
  }

  /** By what replicas are put in order for readers now. */
  readerView(now: Now): ReaderView {
    return {
      nowMs: now.monotonicMs,
      staleIntervalMs: this.datanodes.staleIntervalMs,
      avoidStaleForRead: this.options.avoidStaleForRead,
      order: this.options.readerOrder,
      slow: this.slow.avoidedForRead,
      random: this.#state.random,
    };
  }

  liveReplicas(block: BlockHandle): number {
    return liveReplicas(this.#state, block);
  }

  /** Blocks without a good replica: those behind `after`, or all when that is not one of them. */
  missingBlocks(after: BlockHandle = 0): IterableIterator<BlockHandle> {
    return this.#state.needed.blocksOf(Priority.CORRUPT, after);
  }

  /** Up to `limit` blocks without a good replica, after the first `skip`. Throws while it is not known which they are. */
  corruptBlocksAfter(skip: number, limit: number, wanted: (block: BlockHandle) => boolean): CorruptBlocks {
    const { needed, populating } = this.#state;
    if (needed.corruptCount === 0) return { blocks: [], cookie: skip };
    if (!populating) {
      throw new HdfsError('EIO', 'Cannot run listCorruptFileBlocks because replication queues have not been initialized.');
    }
    return corruptBlocksAfter(this.missingBlocks(), skip, limit, wanted);
  }

  /** One block as fsck shows it. */
  inspect(block: BlockHandle, now: Now): BlockInspection {
    this.#state.now = now;
    return inspectBlock(this.#state, block, now.monotonicMs);
  }

  /** What waits for what, as text, a slice of work a piece. */
  metaSave(names: MetaSaveNames): Generator<string> {
    return metaSave(this.#state, names);
  }

  statistics(): BlockStatistics {
    return blockStatistics(this.#state, this.#work.scheduled);
  }

  // Periodic work

  /** Does a slice of whatever is due. True when more is waiting: call again soon; else within a second. */
  tick(now: Now): boolean {
    this.#state.now = now;
    const nowMs = now.monotonicMs;
    this.safeMode.check(nowMs);
    const deaths = nowMs >= this.#heartbeatCheckMs && this.#checkHeartbeats(nowMs);
    this.#dropped.step();
    this.#drain.step();
    this.#scan.step();
    this.#nodeScan.step();
    const work = this.#work.step();
    const leaving = this.admin.leaving.step();
    const isIdle = this.#dropped.idle && this.#drain.idle && this.#scan.idle && this.#nodeScan.idle;
    return deaths || work || leaving || !isIdle;
  }

  /** Nodes that fell silent are taken out, but not while starting up: they may just not have come yet. True when more are left. */
  #checkHeartbeats(nowMs: number): boolean {
    const sinceLast = nowMs - this.#heartbeatCheckMs;
    const first = this.#heartbeatCheckMs === 0;
    this.#heartbeatCheckMs = nowMs + HEARTBEAT_CHECK_MS;
    // When this process itself stood still, silence means nothing: the nodes get a chance to be heard first.
    if (!first && sinceLast > this.datanodes.staleIntervalMs) {
      this.#heartbeatCheckMs = nowMs + this.datanodes.staleIntervalMs;
      return false;
    }
    if (this.safeMode.isStartup) return false;
    const dead = this.datanodes.checkHeartbeats(nowMs, DEATHS_PER_SLICE);
    for (const node of dead) {
      this.leases.end(node);
      this.#state.log(
        `BLOCK* removeDeadDatanode: lost heartbeat from ${node.xferAddress}, removeBlocksFromBlockMap ${!node.maintenance}`,
      );
    }
    const more = dead.length === DEATHS_PER_SLICE;
    if (more) this.#heartbeatCheckMs = nowMs;
    return more;
  }

  /** Blocks that were placed as well as the racks allowed may want better places now. True when they are looked over. */
  #lookForMoreRacks(before: number): boolean {
    const state = this.#state;
    const racks = this.datanodes.topology.rackCount;
    if (!state.populating || racks <= before || racks > state.policy.requiredRacks(this.options.maxReplication)) return false;
    this.#scan.start();
    return true;
  }

  #lookAtBlocksOf(node: Datanode): void {
    if (this.#state.populating) this.#nodeScan.add(node);
  }

  #dropWork(node: Datanode): void {
    this.#dropped.drop(node);
    for (const report of this.#reports.values()) if (report.storage.node === node) this.abandonFullReport(report);
  }

  #registered(id: DatanodeId, message: string): Datanode {
    const node = this.datanodes.find(id);
    if (node === undefined || !node.registered) throw new HdfsError('EIO', message);
    return node;
  }

  #reduce(block: BlockHandle): void {
    const state = this.#state;
    const wanted = state.owner.replication(block);
    if (!state.populating || wanted === 0 || state.blocks.state(block) !== BlockState.COMPLETE) return;
    if (liveReplicas(state, block) > wanted) processExtraRedundancy(state, block, wanted);
  }
}

export type { BlockTriple, DatanodeCommand, HeartbeatAnswer, TransferTask } from './commands.ts';
