// Looks on at each NameNode from its start on: what its calls change, what its heartbeats order, what it believes of
// storages. Each predicate is named by its id; table.ts lists them.
import { type BlockId, blockId } from '../../src/base/ids.ts';
import { type BlockHandle, BlockState } from '../../src/core/blocks/block-map.ts';
import type { Datanode, Storage } from '../../src/core/blocks/datanode.ts';
import type { FullReport } from '../../src/core/blocks/full-report.ts';
import { storagesOf } from '../../src/core/blocks/replica-counts.ts';
import type { EditOp } from '../../src/core/edits/ops.ts';
import type { Namespace } from '../../src/core/namespace/namespace.ts';
import { resolvePath } from '../../src/core/namespace/resolve.ts';
import { parseBlockFileName } from '../../src/format/storage/block-files.ts';
import type { Dataset } from '../../src/server/datanode/dataset.ts';
import type { NameSystem } from '../../src/server/namenode/namesystem.ts';
import type { SimCluster } from '../cluster.ts';
import type { GhostFile } from '../ghost-file.ts';
import { codeOf } from '../ledger.ts';
import { allReplicas, type DiskReplica, metaFault, replicasOn } from '../replicas.ts';
import { onDisk, onStarted, wrap } from './hooks.ts';

const SUPERUSER = { user: 'hdfs', groups: [], superuser: true };

/** Deletions that were ordered: by DataNode and block, the highest generation stamp. */
export class OrderedDeletions {
  private readonly stamps = new Map<string, number>();

  note(dataNode: string, id: bigint, genStamp: number): void {
    const name = `${dataNode}/${id}`;
    this.stamps.set(name, Math.max(genStamp, this.stamps.get(name) ?? 0));
  }

  stampOf(dataNode: string, id: bigint): number | undefined {
    return this.stamps.get(`${dataNode}/${id}`);
  }
}

/** What begins the recovery of a file's last block: whoever asks for a file that its writer left begins it, and is refused. */
const BEGINS_RECOVERY: ReadonlySet<EditOp['kind']> = new Set(['SET_GENSTAMP_V2', 'REASSIGN_LEASE', 'UPDATE_BLOCKS']);

/** A replica whose disk failed so lately may be held for bad by whoever was to read it: a scanner, or a client. */
const UNREADABLE_FOR_MS = 30_000;
/** Heartbeats come every second here. */
const OVERDUE_MS = 2_500;

/** The file that a block belongs to, and where in it the block begins. */
export interface GhostBlock {
  readonly file: GhostFile;
  readonly offset: number;
}

export class NameNodeWatch {
  private readonly cluster: SimCluster;
  private readonly ghostOf: (block: bigint) => GhostBlock | undefined;
  readonly deletions = new OrderedDeletions();
  /** When the disk last failed on a replica's files, by DataNode and block. */
  private readonly failedMs = new Map<string, number>();
  /** Those that were reported as bad when nobody could have read them, and have not counted as good since. */
  private readonly unreadable = new Map<string, BlockId>();
  /** What was being changed when it was looked at, and which of its storage's full reports tells of the end at the latest. */
  private readonly changing = new Map<string, { readonly storage: Storage; readonly until: number }>();

  constructor(cluster: SimCluster, ghostOf: (block: bigint) => GhostBlock | undefined) {
    this.cluster = cluster;
    this.ghostOf = ghostOf;
    onStarted(cluster.nameNode, ({ system }) => {
      this.watchChanges(system);
      this.watchReports(system);
      this.watchOrders(system);
      this.watchRecoveries(system);
      this.watchBadReplicas(system);
    });
    for (const daemon of cluster.dataNodes) {
      onDisk(daemon, ({ path }, answer) => {
        if (answer?.error === undefined) return;
        const name = parseBlockFileName(path.slice(path.lastIndexOf('/') + 1));
        if (name !== undefined) this.failedMs.set(`${daemon.name}/${name.id}`, cluster.simulation.nowMs);
      });
    }
  }

  /** Whether nobody could have read it, a moment ago. */
  private wasUnreadable(dataNode: string, id: bigint): boolean {
    const failedMs = this.failedMs.get(`${dataNode}/${id}`);
    return failedMs !== undefined && this.cluster.simulation.nowMs - failedMs < UNREADABLE_FOR_MS;
  }

  /** What is reported while its file is open is judged only when that is closed. */
  private watchBadReplicas({ blockManager }: NameSystem): void {
    wrap(blockManager, 'reportBadReplica', (call, block, node, now) => {
      const { id } = block;
      if (this.wasUnreadable(node.id.hostName, id)) this.unreadable.set(nameOf({ node }, id), id);
      return call(block, node, now);
    });
  }

  /** The replica of a block on a DataNode's disk, as processes there see it, in a directory that it has: of two the one it serves. */
  private replicaOn(node: Datanode, id: bigint): DiskReplica | undefined {
    const daemon = this.cluster.dataNodes.find(({ name }) => name === node.id.hostName);
    if (daemon === undefined) return undefined;
    const own = replicasOn(daemon.name, daemon.machine.disk, id).filter(({ path }) => !this.cluster.isAway(daemon.name, path));
    const served = own.length > 1 ? servedPath(daemon.running?.dataset, id) : undefined;
    return own.find(({ path }) => path === served) ?? own.find(({ state }) => state === 'finalized') ?? own[0];
  }

  /** NS6, EL7: errors change nothing; what is applied is what is logged, in the order of transactions. */
  private watchChanges(system: NameSystem): void {
    const { violations } = this.cluster;
    const { namespace, editLog } = system;
    const state = (): string =>
      [
        editLog.lastTxid,
        namespace.lastInodeId,
        namespace.lastBlockId,
        namespace.genStamp,
        namespace.inodeCount,
        namespace.blockCount,
        namespace.leases.fileCount,
      ].join(' ');
    let committed: EditOp['kind'][] = [];
    wrap(system, 'change', ((call: (...args: unknown[]) => unknown, ...args: unknown[]) => {
      const before = state();
      committed = [];
      try {
        return call(...args);
      } catch (error) {
        const after = state();
        const begun = codeOf(error) === 'ERECOVERY' && committed.every((kind) => BEGINS_RECOVERY.has(kind));
        violations.check(before === after || begun, 'NS6', () => `an error (${error}) left ${after} where ${before} was`);
        throw error;
      }
    }) as never);
    let appliedTxid = editLog.lastTxid;
    wrap(namespace, 'apply', (call, op, txid, handles) => {
      violations.check(txid === appliedTxid + 1, 'EL7', () => `txid ${txid} is applied after ${appliedTxid}`);
      this.checkIds(system, op, txid);
      call(op, txid, handles);
      appliedTxid = txid;
    });
    wrap(system, 'commit', (call, ops, now, handles) => {
      const before = editLog.lastTxid;
      appliedTxid = before;
      committed.push(...ops.map(({ kind }) => kind));
      this.checkReplicated(system, ops);
      const txid = call(ops, now, handles);
      violations.check(txid === before + ops.length, 'EL7', () => `${ops.length} ops after ${before} end with txid ${txid}`);
      // What the log itself appends (segments) is applied nowhere.
      return txid;
    });
  }

  /** BK1: a block's generation stamp never goes back, and is never ahead of what was handed out. */
  private checkIds({ namespace }: NameSystem, op: EditOp, txid: number): void {
    const { violations } = this.cluster;
    const given = op.kind === 'UPDATE_BLOCKS' || op.kind === 'CLOSE' ? op.blocks : op.kind === 'ADD_BLOCK' ? [op.last] : [];
    for (const { id, genStamp } of given) {
      const block = namespace.blocks.find(id);
      const stored = block === 0 ? 0 : namespace.blocks.genStamp(block);
      const highest = Math.max(namespace.genStamp, namespace.legacyGenStamp);
      violations.check(genStamp >= stored, 'BK1', () => `txid ${txid}: blk_${id} goes from ${stored} back to ${genStamp}`);
      violations.check(genStamp <= highest, 'BK1', () => `txid ${txid}: blk_${id} gets ${genStamp}, ${highest} was the last`);
    }
  }

  /** BK3: no block follows one of which no DataNode is known to have a replica. */
  private checkReplicated({ namespace, blockManager }: NameSystem, ops: readonly EditOp[]): void {
    for (const op of ops) {
      if (op.kind !== 'ADD_BLOCK' || op.penultimate === undefined) continue;
      // The one before the last may still be waiting; those before it may not.
      const last = namespace.blocks.find(op.penultimate.id);
      const file = last === 0 ? 0 : namespace.blocks.owner(last);
      const count = file === 0 ? 0 : namespace.inodes.blockCount(file);
      if (count < 2) continue;
      const before = namespace.inodes.blockAt(file, count - 2);
      this.cluster.violations.check(
        blockManager.liveReplicas(before) > 0 || namespace.blocks.state(before) === BlockState.COMPLETE,
        'BK3',
        () => `${op.path} gets blk_${op.last.id} while blk_${namespace.blocks.id(before)} has no replica`,
      );
    }
  }

  /** ST1, ST3: a storage counts as known from its first whole report after its node registered, and not before. */
  private watchReports({ blockManager }: NameSystem): void {
    const { violations } = this.cluster;
    const known = new Set<Storage>();
    const lives = new Map<Datanode, number>();
    const begun = new Map<FullReport, number>();
    // What was there before the first look may have reported already.
    for (const node of blockManager.datanodes.all) for (const storage of node.storages.values()) known.add(storage);
    wrap(blockManager, 'registerDatanode', (call, registration, now) => {
      const node = call(registration, now);
      lives.set(node, (lives.get(node) ?? 0) + 1);
      for (const storage of node.storages.values()) {
        known.delete(storage);
        violations.check(storage.contentsStale, 'ST1', () => `${storage.id} registers and counts as known`);
      }
      return node;
    });
    wrap(blockManager, 'beginFullReport', (call, id, identity, replicas, now) => {
      const report = call(id, identity, replicas, now);
      if (report === undefined) this.checkPassedOver(blockManager.datanodes.find(id)?.storages.get(identity.storageId));
      else begun.set(report, lives.get(report.storage.node) ?? 0);
      return report;
    });
    wrap(blockManager, 'stepFullReport', (call, report, limit, now) => {
      const { storage } = report;
      const before = storage.reportCount;
      const done = call(report, limit, now);
      const isOfThisLife = begun.get(report) === (lives.get(storage.node) ?? 0);
      if (done && isOfThisLife) known.add(storage);
      if (done) begun.delete(report);
      const counted = storage.reportCount > before;
      violations.check(
        counted === (done && isOfThisLife),
        'ST3',
        () => `a report of ${storage.id} ${counted ? 'counts, and is not whole' : 'is whole, and does not count'}`,
      );
      return done;
    });
    wrap(blockManager, 'heartbeat', (call, id, request, now, durableTxid) => {
      const answer = call(id, request, now, durableTxid);
      for (const storage of answer.node?.storages.values() ?? []) {
        violations.check(
          storage.contentsStale || known.has(storage),
          'ST1',
          () => `${storage.id} counts as known without a report since its node registered`,
        );
      }
      return answer;
    });
  }

  /** ST3: a report is passed over only of a storage that has reported, as further ones are while a start is under way. */
  private checkPassedOver(storage: Storage | undefined): void {
    const detail = (): string => `the first whole report of ${storage?.id} is passed over`;
    this.cluster.violations.check(storage === undefined || storage.reportCount > 0, 'ST3', detail);
  }

  /** SM1, DL1, DL3, RP2, RP3: what DataNodes are told to delete and to copy. */
  private watchOrders(system: NameSystem): void {
    const { violations } = this.cluster;
    const { blockManager } = system;
    wrap(blockManager, 'heartbeat', (call, id, request, now, durableTxid) => {
      const wasOn = blockManager.safeMode.isOn;
      const answer = call(id, request, now, durableTxid);
      const { node } = answer;
      if (node === undefined) return answer;
      for (const command of answer.commands) {
        if (command.kind !== 'transfer' && command.kind !== 'invalidate') continue;
        violations.check(!wasOn, 'SM1', () => `${node.id.hostName} is told to ${command.kind} in safe mode`);
        if (command.kind === 'invalidate') for (const block of command.blocks) this.checkDeletion(system, node, block);
        else this.checkCopies(system, node, command.blocks, request.xmitsInProgress);
      }
      return answer;
    });
  }

  private checkDeletion(
    { namespace, blockManager }: NameSystem,
    node: Datanode,
    { id, genStamp }: { readonly id: bigint; readonly genStamp: number },
  ): void {
    const { violations } = this.cluster;
    this.deletions.note(node.id.hostName, id, genStamp);
    const block = namespace.blocks.find(id as never);
    const owner = block === 0 ? 0 : namespace.blocks.owner(block);
    if (owner === 0 || !namespace.inodes.isReachable(owner)) return;
    const stored = namespace.blocks.genStamp(block);
    violations.check(genStamp <= stored, 'DL3', () => `blk_${id}_${genStamp} is deleted, ${stored} is its last stamp`);
    const wanted = namespace.inodes.replication(owner);
    const others = blockManager
      .locations(block)
      .storages.filter((storage) => storage.node !== node && !storage.contentsStale && !storage.node.excess.has(block));
    // One of an earlier generation is bad by now, whatever it was before.
    if (node.excess.has(block) && genStamp === stored) {
      violations.check(
        others.length >= wanted,
        'DL1',
        () => `blk_${id} is too many on ${node.id.hostName}, and ${others.length} of ${wanted} are known elsewhere`,
      );
    }
    if (namespace.blocks.state(block) !== BlockState.COMPLETE) return;
    const isGood = (replica: DiskReplica | undefined): boolean =>
      replica?.state === 'finalized' &&
      replica.meta?.genStamp === stored &&
      replica.bytes.length === namespace.blocks.numBytes(block);
    const good = this.cluster.dataNodes.some(
      ({ name, machine }) => name !== node.id.hostName && replicasOn(name, machine.disk, id).some(isGood),
    );
    violations.check(
      good || !isGood(this.replicaOn(node, id)),
      'DL1',
      () => `${node.id.hostName} is told to delete the last good replica of blk_${id}`,
    );
  }

  private checkCopies(
    { namespace, blockManager }: NameSystem,
    node: Datanode,
    tasks: readonly { readonly block: { readonly id: bigint; readonly genStamp: number } }[],
    inProgress: number,
  ): void {
    const { violations } = this.cluster;
    const cap = blockManager.options.maxReplicationStreams;
    violations.check(
      tasks.length + inProgress <= cap || tasks.length === 0,
      'RP3',
      () => `${node.id.hostName} is told to send ${tasks.length} blocks beside ${inProgress}, ${cap} may be`,
    );
    for (const { block } of tasks) {
      const handle = namespace.blocks.find(block.id as never);
      if (handle === 0) continue;
      const stored = namespace.blocks.genStamp(handle);
      const { storages: readable, corrupt } = blockManager.locations(handle);
      // No reader is sent to a node in maintenance; what it was told to copy before, it copies.
      const storages = node.inMaintenance ? holdersOf({ namespace, blockManager }, handle) : readable;
      violations.check(
        block.genStamp === stored && !corrupt && storages.some((storage) => storage.node === node),
        'RP2',
        () => `blk_${block.id}_${block.genStamp} is copied from ${node.id.hostName}, which has no good replica of ${stored}`,
      );
    }
  }

  /** LR3: what a recovery found is taken only from the recovery that runs, for the last block of a file that is there. */
  private watchRecoveries({ namespace, blockManager }: NameSystem): void {
    const { violations } = this.cluster;
    const running = new Map<bigint, number>();
    wrap(blockManager.recoveries, 'start', (call, block, recoveryId, truncation) => {
      running.set(namespace.blocks.id(block), recoveryId);
      return call(block, recoveryId, truncation);
    });
    wrap(namespace, 'apply', (call, op, txid, handles) => {
      const given = op.kind === 'CLOSE' || op.kind === 'UPDATE_BLOCKS' ? op.blocks : [];
      if (op.kind === 'UPDATE_BLOCKS') this.checkDropped(namespace, op, txid);
      for (const [index, { id, genStamp, numBytes }] of given.entries()) {
        const block = namespace.blocks.find(id);
        if (block === 0 || namespace.blocks.state(block) !== BlockState.UNDER_RECOVERY) continue;
        if (genStamp === namespace.blocks.genStamp(block)) continue;
        violations.check(
          genStamp === running.get(id) && index === given.length - 1,
          'LR3',
          () => `txid ${txid}: blk_${id} is recovered as ${genStamp}, the recovery that runs is ${running.get(id)}`,
        );
        this.checkRecovered(id, genStamp, numBytes);
      }
      call(op, txid, handles);
    });
  }

  /** LR5: a block that a file loses before its end holds nothing that was synced. */
  private checkDropped(ns: Namespace, op: Extract<EditOp, { kind: 'UPDATE_BLOCKS' }>, txid: number): void {
    const file = resolvePath(ns, SUPERUSER, op.path, 'read').last;
    const count = file === 0 ? 0 : ns.inodes.blockCount(file);
    if (count <= op.blocks.length) return;
    const id = ns.blocks.id(ns.inodes.blockAt(file, count - 1));
    const ghost = this.ghostOf(id);
    const synced = ghost === undefined ? 0 : ghost.file.synced - ghost.offset;
    this.cluster.violations.check(synced <= 0, 'LR5', () => `txid ${txid}: blk_${id} is dropped with ${synced} synced bytes`);
  }

  /** PR3: who was recovered has exactly the bytes of the file up to the length that was agreed upon, with their checksums. */
  private checkRecovered(id: bigint, genStamp: number, numBytes: number): void {
    const { violations } = this.cluster;
    const ghost = this.ghostOf(id);
    for (const replica of allReplicas(this.cluster, id)) {
      const { meta, bytes, dataNode, path, state } = replica;
      if (meta?.genStamp !== genStamp || state !== 'finalized') continue;
      // Nobody reads what is recovered: a scanner or a reader comes upon it.
      if (this.cluster.damaged.has(`${dataNode}${path}`)) continue;
      const what = `blk_${id}_${genStamp} was recovered on ${dataNode}`;
      violations.check(bytes.length === numBytes, 'PR3', () => `${what} with ${bytes.length} bytes, not ${numBytes}`);
      const fault = metaFault(replica);
      violations.check(fault === undefined, 'PR3', () => `${what}, and ${fault}`);
      const wrong = ghost === undefined ? -1 : ghost.file.firstWrongByte(ghost.offset, bytes);
      violations.check(wrong < 0, 'PR3', () => `${what} with a wrong byte at ${wrong - (ghost?.offset ?? 0)}`);
    }
  }

  /** A recovery or a writer is at work: the files may be as they should be, and nobody has been told that yet. */
  private isChanging(node: Datanode, id: BlockId): boolean {
    const running = this.cluster.dataNodes.find(({ name }) => name === node.id.hostName)?.running;
    // One that has just died may have changed files and told nobody; one that is about to start has no replicas yet.
    if (running?.isRunning !== true) return true;
    const { dataset } = running;
    return dataset.poolIds.some((pool) => dataset.locks.isHeld(dataset.key({ pool, id })));
  }

  /** A heartbeat is overdue: what the node has to tell may not come through either. */
  private isSilent({ lastUpdateMonotonicMs }: Datanode): boolean {
    const nowMs = this.cluster.nameNode.running?.system.now().monotonicMs ?? 0;
    return nowMs - lastUpdateMonotonicMs > OVERDUE_MS;
  }

  /** Whether the NameNode has not been told for sure what became of a change. A report may be under way: the next one tells. */
  private isOldNews(name: string, storage: Storage, id: BlockId): boolean {
    if (this.isChanging(storage.node, id) || this.isSilent(storage.node)) {
      this.changing.set(name, { storage, until: storage.reportCount + 2 });
    }
    const change = this.changing.get(name);
    return change?.storage === storage && storage.reportCount < change.until;
  }

  /**
   * BK7: a replica that the NameNode holds for bad is bad. To be called from time to time. `judged`: those that were looked at
   * already, and have not counted as good since. That a DataNode begins anew does not change that, and a recovery that gives the
   * replica a new generation does not either, as in Hadoop: another copy makes up for it.
   */
  checkCorrupt(judged: Map<string, BlockId>): void {
    const system = this.cluster.nameNode.running?.system;
    if (system === undefined) return;
    const { namespace } = system;
    forgetGood(system, judged);
    forgetGood(system, this.unreadable);
    namespace.blocks.scan(1, 1_000_000, (block) => {
      if (namespace.blocks.state(block) !== BlockState.COMPLETE) return;
      const id = namespace.blocks.id(block);
      const stamp = namespace.blocks.genStamp(block);
      for (const storage of heldForBad(system, block)) {
        const name = nameOf(storage, id);
        if (judged.has(name) || this.isOldNews(`${name}_${stamp}`, storage, id)) continue;
        judged.set(name, id);
        const replica = this.replicaOn(storage.node, id);
        const isGood =
          replica?.state === 'finalized' &&
          replica.meta?.genStamp === stamp &&
          replica.bytes.length === namespace.blocks.numBytes(block) &&
          metaFault(replica) === undefined &&
          !this.unreadable.has(name) &&
          !this.wasUnreadable(storage.node.id.hostName, id);
        this.cluster.violations.check(!isGood, 'BK7', () => `${name}_${stamp} counts as bad and is good`);
      }
    });
  }
}

/** All that are said to have a block, good or bad. */
const holdersOf = (
  { namespace, blockManager }: Pick<NameSystem, 'namespace' | 'blockManager'>,
  block: BlockHandle,
): Storage[] => storagesOf({ blocks: namespace.blocks, datanodes: blockManager.datanodes }, block);

/** The block's file of the replica that a DataNode serves. */
function servedPath(dataset: Dataset | undefined, id: bigint): string | undefined {
  for (const poolId of dataset?.poolIds ?? []) {
    const pool = dataset?.poolOrNone(poolId);
    const handle = pool?.replicas.find(blockId(id)) ?? 0;
    if (handle !== 0) return pool?.blockFile(handle);
  }
  return undefined;
}

const nameOf = ({ node }: { readonly node: Datanode }, id: BlockId): string => `${node.id.hostName} blk_${id}`;

/** Those that count as good now; of a block that is being written nothing is told yet. */
function forgetGood({ namespace, blockManager }: NameSystem, replicas: Map<string, BlockId>): void {
  for (const [name, id] of replicas) {
    const block = namespace.blocks.find(id);
    if (block === 0 || namespace.blocks.state(block) !== BlockState.COMPLETE) continue;
    const { storages, corrupt } = blockManager.locations(block);
    if (!corrupt && storages.some((storage) => nameOf(storage, id) === name)) replicas.delete(name);
  }
}

function heldForBad({ namespace, blockManager }: NameSystem, block: BlockHandle): Storage[] {
  const { storages, corrupt } = blockManager.locations(block);
  return holdersOf({ namespace, blockManager }, block).filter(
    (storage) => !storage.node.inMaintenance && storage.node.alive && (corrupt || !storages.includes(storage)),
  );
}
