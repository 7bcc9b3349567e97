// Closes files whose writers are gone: after the hard limit by itself, before that when another client asks. A last
// block that was being written is recovered by its DataNodes first, and one that is being cut as well; what they agree upon
// arrives as commitBlockSynchronization and closes the file. Apache: LeaseManager.Monitor,
// FSNamesystem.internalReleaseLease.

import { HdfsError, messageOf } from '../../base/errors.ts';
import { type BlockId, type GenStamp, genStamp } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import { type BlockHandle, BlockState } from '../../core/blocks/block-map.ts';
import type { Now, Storage } from '../../core/blocks/datanode.ts';
import { NO_RPC_IDS } from '../../core/edits/ops.ts';
import type { InodeHandle } from '../../core/namespace/inodes.ts';
import { NAMENODE_LEASE_HOLDER } from '../../core/namespace/leases.ts';
import { blockFromEnd, blockText, editBlocks } from '../../core/namespace/ops/block-values.ts';
import {
  beginRecovery,
  checkLeaseRelease,
  closeDeadFile,
  type LastBlockEnd,
  type ReplicaFacts,
  reassignLeaseOp,
} from '../../core/namespace/ops/lease-recovery.ts';
import { pathOfInode } from '../../core/namespace/permissions.ts';
import type { Timer } from '../../host/host.ts';
import type { NameSystem } from './namesystem.ts';

/** What one turn may cost, in looks: about a millisecond or two. A file that is closed or recovered is logged and ordered. */
const SLICE = 1024;
const LOOK = 1;
const RELEASE = 32;
/** A recovery that brought nothing is begun anew after this many heartbeats. Apache: BLOCK_RECOVERY_TIMEOUT_MULTIPLIER. */
const RECOVERY_TIMEOUT_HEARTBEATS = 30;

export interface SynchronizedBlock {
  /** The block that was recovered: for a copy the one that it was made from. */
  readonly id: BlockId;
  readonly oldGenStamp: GenStamp;
  readonly newGenStamp: GenStamp;
  readonly newLength: number;
  readonly closeFile: boolean;
  readonly deleteBlock: boolean;
  readonly targets: readonly Storage[];
}

export class LeaseMonitor {
  private readonly system: NameSystem;
  private readonly recheckMs: number;
  private readonly facts: ReplicaFacts;
  /** When the running recovery of a block began, by its id. */
  private readonly attempts = new Map<BlockId, number>();
  private readonly startedAtMs: number;
  private timer: Timer | undefined;
  /** A round is under way. */
  private running = false;

  constructor(system: NameSystem, recheckMs: number) {
    this.system = system;
    this.startedAtMs = system.host.clock.monotonic();
    this.recheckMs = recheckMs;
    const { blockManager } = system;
    this.facts = {
      hasMinReplication: (block) => blockManager.hasMinReplication(block),
      hasLocations: (block) => blockManager.recoveries.hasLocations(block),
    };
  }

  start(): void {
    this.timer = this.system.host.clock.setPeriodic(this.recheckMs, () => this.round());
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private round(): void {
    if (this.running) return;
    this.running = true;
    this.work(this.due());
  }

  /** A slice of the round; the rest in the next turn. */
  private work(due: Iterator<number>): void {
    const { blockManager, editLog, host } = this.system;
    for (let left = SLICE; left > 0; ) {
      const stopped = this.timer === undefined || blockManager.safeMode.isOn || editLog.lowSpace !== undefined;
      const cost = stopped ? undefined : due.next();
      if (cost === undefined || cost.done === true) {
        this.running = false;
        return;
      }
      left -= cost.value;
    }
    host.clock.defer(() => this.work(due));
  }

  /** Everything that a round looks at, one file after the other, with what each look cost. */
  private *due(): Generator<number, void> {
    const { namespace: ns } = this.system;
    const { monotonicMs } = this.system.now();
    for (const lease of ns.leases.expired(monotonicMs)) {
      sometimes('lease expired at its hard limit');
      // A file whose lease begins anew for the same holder stands at the end once more: it has had its turn.
      for (const id of firstOf(lease.files, lease.files.size)) {
        // The writer may have been heard of between two slices. The NameNode itself begins its time anew with each file.
        if (lease.holder !== NAMENODE_LEASE_HOLDER && !ns.leases.hardLimitExpired(lease, monotonicMs)) break;
        yield this.releaseQuietly(ns.inodes.find(id), NAMENODE_LEASE_HOLDER);
      }
    }
    yield* this.goOn();
  }

  /**
   * Recoveries that were not answered in time, and those of before a start: files that the NameNode was closing, and
   * truncations. Apache waits for the hard limit once more.
   */
  private *goOn(): Generator<number, void> {
    const { namespace: ns } = this.system;
    const now = this.system.now();
    for (const [id, begun] of firstOf(this.attempts, this.attempts.size)) {
      yield LOOK;
      if (!this.timedOut(begun, now)) continue;
      const block = ns.blocks.find(id);
      const file = block === 0 ? 0 : ns.blocks.owner(block);
      if (file === 0 || !this.isOpen(file) || blockFromEnd(ns, file, 0) !== block) this.attempts.delete(id);
      else yield this.releaseQuietly(file, undefined);
    }
    for (const block of [...ns.truncations.blocks()]) {
      yield LOOK;
      // The handle may be another block's since the last slice.
      if (ns.truncations.of(block) === undefined) continue;
      const file = ns.blocks.owner(block);
      if (this.attempts.has(ns.blocks.id(block)) || !this.isOpen(file)) continue;
      yield this.releaseQuietly(file, undefined);
    }
    // All of them: those in front may be such as nobody can close.
    const closing = ns.leases.ofHolder(NAMENODE_LEASE_HOLDER)?.files;
    for (const id of firstOf(closing ?? [], closing?.size ?? 0)) {
      yield LOOK;
      const file = ns.inodes.find(id);
      if (!this.isOpen(file)) continue;
      const last = blockFromEnd(ns, file, 0);
      if (last === 0 || !this.attempts.has(ns.blocks.id(last))) yield this.releaseQuietly(file, undefined);
    }
  }

  private isOpen(file: InodeHandle): boolean {
    const { inodes } = this.system.namespace;
    return file !== 0 && inodes.isReachable(file) && inodes.isUnderConstruction(file);
  }

  private timedOut(begun: number, now: Now): boolean {
    return now.monotonicMs - begun >= RECOVERY_TIMEOUT_HEARTBEATS * this.system.blockManager.datanodes.heartbeatIntervalMs;
  }

  /** Answers what it cost. */
  private releaseQuietly(file: InodeHandle, newHolder: string | undefined): number {
    const { namespace: ns, host } = this.system;
    // Files that were deleted with their directory leave the leases a little later.
    if (!this.isOpen(file)) return LOOK;
    try {
      this.release(file, newHolder);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      const holder = ns.inodes.underConstruction(file)?.clientName;
      host.log.log('warn', 'leases', `cannot close ${pathOfInode(ns.inodes, file)} of ${holder}: ${messageOf(error)}`);
    }
    return RELEASE;
  }

  /**
   * Closes the file of a writer that is gone, or begins what that takes. True when it is closed now. `newHolder` gets the
   * lease meanwhile; without one the old holder keeps it, and its time begins anew, so that nobody else takes the file over.
   */
  release(file: InodeHandle, newHolder: string | undefined): boolean {
    const { system } = this;
    const { namespace: ns } = system;
    const now = system.now();
    const release = checkLeaseRelease(ns, file, this.facts, now.wallMs);
    switch (release.kind) {
      case 'close': {
        const last = [blockFromEnd(ns, file, 1), blockFromEnd(ns, file, 0)].filter((block) => block !== 0);
        system.commit(release.ops, now);
        for (const block of last) system.blockManager.blockFinalised(block, now);
        system.fileClosed(file, now);
        return true;
      }
      case 'drop':
        // After a restart that only means that no holder has come yet: dropping the block then would throw away bytes that
        // were synced. A node that stays away for so long counts as dead everywhere else too.
        if (this.holdersMayCome()) {
          const path = pathOfInode(ns.inodes, file);
          system.host.log.log('info', 'leases', `no DataNode has told of the last block of ${path} yet: it is not closed`);
          this.handOver(file, newHolder, now);
          return false;
        }
        // Nobody was ever told to store it. Apache drops such a block as well, and at once.
        system.commit(closeDeadFile(ns, file, 'drop', now.wallMs), now);
        system.fileClosed(file, now);
        return true;
      case 'recover':
        this.recover(file, release.block, newHolder, now);
        return false;
    }
  }

  /** For so long after a start a DataNode may be on its way that no other node knows of. */
  private holdersMayCome(): boolean {
    const { host, blockManager } = this.system;
    return host.clock.monotonic() - this.startedAtMs < blockManager.datanodes.expiryMs;
  }

  /** Not all DataNodes of a block have reported since the start. */
  private lacksHolders(file: InodeHandle, block: BlockHandle): boolean {
    const { namespace: ns, blockManager } = this.system;
    return this.holdersMayCome() && blockManager.expectedStorages(block).length < ns.inodes.replication(file);
  }

  /** Those that have come may have lost with their power what one that kept it, and is on its way, has. */
  private flushedBytesMayCome(file: InodeHandle, block: BlockHandle): boolean {
    const { namespace: ns, blockManager } = this.system;
    // What is being cut was complete before, and so synced.
    if (ns.truncations.of(block) !== undefined) return false;
    return blockManager.recoveries.allCrashed(block) && this.lacksHolders(file, block);
  }

  /** Another holder of the lease, or more time for this one. */
  private handOver(file: InodeHandle, newHolder: string | undefined, now: Now): void {
    const { namespace: ns } = this.system;
    const reassign = reassignLeaseOp(ns, file, newHolder);
    if (reassign === undefined) this.renew(file, now);
    else this.system.commit([reassign], now);
  }

  private renew(file: InodeHandle, now: Now): void {
    const { namespace: ns } = this.system;
    ns.leases.renew(ns.leases.ofFile(ns.inodes.id(file))?.holder ?? '', now.monotonicMs);
  }

  private recover(file: InodeHandle, block: BlockHandle, newHolder: string | undefined, now: Now): void {
    const { system } = this;
    const { namespace: ns } = system;
    const begun = this.attempts.get(ns.blocks.id(block));
    if (begun !== undefined && !this.timedOut(begun, now)) {
      this.handOver(file, newHolder, now);
      return;
    }
    if (this.flushedBytesMayCome(file, block)) {
      const path = pathOfInode(ns.inodes, file);
      system.host.log.log('info', 'leases', `all DataNodes with the last block of ${path} have crashed, and another may come`);
      this.handOver(file, newHolder, now);
      return;
    }
    const { ops, recoveryId } = beginRecovery(ns, file, newHolder);
    system.commit(ops, now);
    if (newHolder === undefined) this.renew(file, now);
    this.order(block, recoveryId, now);
  }

  /** A file is cut inside this block, its last: the replicas are cut by a recovery. */
  truncationBegun(block: BlockHandle, recoveryId: GenStamp): void {
    this.order(block, recoveryId, this.system.now());
  }

  private order(block: BlockHandle, recoveryId: GenStamp, now: Now): void {
    const { namespace: ns, blockManager, host } = this.system;
    this.attempts.set(ns.blocks.id(block), now.monotonicMs);
    const primary = blockManager.recoveries.start(block, recoveryId, ns.truncations.of(block));
    const path = pathOfInode(ns.inodes, ns.blocks.owner(block));
    host.log.log('info', 'leases', `recovering ${blockText(ns, block)} of ${path} under generation stamp ${recoveryId}`, {
      primary: primary?.xferAddress ?? 'none',
    });
  }

  /** What the DataNodes agreed upon. Throws HdfsError when it does not belong to the running recovery. */
  synchronized(result: SynchronizedBlock): void {
    const { system } = this;
    const { namespace: ns, blockManager } = system;
    const named = `${ns.blockPoolId}:blk_${result.id}_${result.oldGenStamp}`;
    const stored = ns.blocks.find(result.id);
    if (stored === 0) {
      // Perhaps the answer to the first of two alike was lost.
      if (result.deleteBlock) return;
      throw new HdfsError('EIO', `Block (=${named}) not found`);
    }
    const file = this.fileOf(stored);
    const block = blockFromEnd(ns, file, 0);
    // The answer to an earlier, identical call was lost: nothing is left to do.
    if (!this.isOpen(file) || ns.blocks.state(block) === BlockState.COMPLETE) return;
    const truncation = ns.truncations.of(block);
    const isCopy = truncation?.kind === 'copy' && truncation.source === stored;
    if (block !== stored && !isCopy) {
      if (ns.blocks.state(stored) === BlockState.COMPLETE) return;
      throw new HdfsError('EIO', `blk_${result.id} is not the last block of ${pathOfInode(ns.inodes, file)}`);
    }
    const recoveryId = blockManager.recoveries.recoveryId(block);
    if (ns.blocks.state(block) !== BlockState.UNDER_RECOVERY || recoveryId !== result.newGenStamp) {
      sometimes('recovery answered after a newer one began');
      throw new HdfsError(
        'EIO',
        `The recovery id ${result.newGenStamp} does not match current recovery id ${recoveryId ?? 0} for block ${named}`,
      );
    }
    if (result.deleteBlock) this.checkNothingLost(file, block, result.id);
    this.checkBlocksBefore(file);
    this.attempts.delete(ns.blocks.id(block));
    this.takeResult(file, block, result);
  }

  private fileOf(block: BlockHandle): InodeHandle {
    const { namespace: ns } = this.system;
    const file = ns.blocks.owner(block);
    if (file === 0) {
      throw new HdfsError(
        'EIO',
        `The blockCollection of ${blockText(ns, block)} is null, likely because the file owning this block was deleted ` +
          'and the block removal is delayed',
      );
    }
    if (!ns.inodes.isReachable(file)) {
      const path = pathOfInode(ns.inodes, file);
      throw new HdfsError('ENOENT', `File not found: ${path}, likely due to delayed block removal`, { path });
    }
    return file;
  }

  /** No DataNode that was asked has a byte. That is no reason to give up what others may have, or what was closed before. */
  private checkNothingLost(file: InodeHandle, block: BlockHandle, id: BlockId): void {
    const { namespace: ns, blockManager } = this.system;
    if (ns.truncations.of(block) !== undefined) {
      throw new HdfsError('EIO', `blk_${id} is not given up: it is being cut, and was complete before`);
    }
    const [unasked] = blockManager.recoveries.unasked(block);
    if (unasked !== undefined) {
      throw new HdfsError('EIO', `blk_${id} is not given up yet: ${unasked.xferAddress} was not asked`);
    }
    if (this.lacksHolders(file, block)) {
      // Those that were asked have nothing; one that has not come yet may. The next attempt asks it too.
      throw new HdfsError('EIO', `blk_${id} is not given up yet: not all of its DataNodes have reported since the start`);
    }
  }

  /** A file is closed when all of its blocks have their replicas: the block before the last may still wait for one. */
  private checkBlocksBefore(file: InodeHandle): void {
    const { namespace: ns, blockManager } = this.system;
    for (let i = 0; i < ns.inodes.blockCount(file) - 1; i++) {
      const block = ns.inodes.blockAt(file, i);
      if (ns.blocks.state(block) === BlockState.COMPLETE || blockManager.hasMinReplication(block)) continue;
      throw new HdfsError(
        'EIO',
        `Failed to finalize INodeFile ${pathOfInode(ns.inodes, file)} since ${blockText(ns, block)} is not complete`,
      );
    }
  }

  private takeResult(file: InodeHandle, block: BlockHandle, result: SynchronizedBlock): void {
    const { system } = this;
    const { namespace: ns, blockManager } = system;
    const now = system.now();
    const before = { genStamp: ns.blocks.genStamp(block), numBytes: ns.blocks.numBytes(block) };
    const isCopy = ns.truncations.of(block)?.kind === 'copy';
    const numBytes = isCopy ? before.numBytes : result.newLength;
    const end: LastBlockEnd = result.deleteBlock ? 'drop' : { numBytes, genStamp: genStamp(result.newGenStamp) };
    if (result.closeFile) {
      system.commit(closeDeadFile(ns, file, end, now.wallMs), now);
    } else {
      const kept = editBlocks(ns, file).slice(0, -1);
      const blocks = end === 'drop' ? kept : [...kept, { id: ns.blocks.id(block), ...end }];
      system.commit([{ kind: 'UPDATE_BLOCKS', path: pathOfInode(ns.inodes, file), blocks, rpc: NO_RPC_IDS }], now);
      if (end !== 'drop') ns.blocks.setState(block, BlockState.UNDER_CONSTRUCTION);
    }
    if (end !== 'drop') blockManager.blockRecovered(block, before, result.targets, result.closeFile, now);
    if (result.closeFile) system.fileClosed(file, now);
  }
}

function* firstOf<T>(items: Iterable<T>, count: number): Generator<T, void> {
  let left = count;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}
