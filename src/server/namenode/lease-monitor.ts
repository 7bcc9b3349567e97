// Closes files whose writers are gone: after the hard limit by itself, before that when another client asks. A last
// block that was being written is recovered by its DataNodes first; what they agree upon arrives as
// commitBlockSynchronization and closes the file. Apache: LeaseManager.Monitor, FSNamesystem.internalReleaseLease.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { type BlockId, type GenStamp, genStamp } from '../../base/ids.ts';
import { type BlockHandle, BlockState } from '../../core/blocks/block-map.ts';
import type { Storage } from '../../core/blocks/datanode.ts';
import { type EditOp, NO_RPC_IDS } from '../../core/edits/ops.ts';
import type { InodeHandle } from '../../core/namespace/inodes.ts';
import { editBlocks } from '../../core/namespace/ops/block-values.ts';
import { checkLeaseRelease, closeDeadFile } from '../../core/namespace/ops/lease-recovery.ts';
import { nextGenStampOp } from '../../core/namespace/ops/open-file.ts';
import { pathOfInode } from '../../core/namespace/permissions.ts';
import type { Timer } from '../../host/host.ts';
import type { NameSystem } from './namesystem.ts';

/** Apache: HdfsServerConstants.NAMENODE_LEASE_HOLDER; it holds the leases of files that are being recovered. */
export const NAMENODE_LEASE_HOLDER = 'HDFS_NameNode';
/** Leases looked at in one round. */
const LEASES_PER_ROUND = 1000;
/** A recovery that brought nothing is begun anew after this many heartbeats. Apache: BLOCK_RECOVERY_TIMEOUT_MULTIPLIER. */
const RECOVERY_TIMEOUT_HEARTBEATS = 30;

export interface SynchronizedBlock {
  readonly id: BlockId;
  readonly newGenStamp: GenStamp;
  readonly newLength: number;
  readonly closeFile: boolean;
  readonly deleteBlock: boolean;
  readonly targets: readonly Storage[];
}

export class LeaseMonitor {
  private readonly system: NameSystem;
  private readonly recheckMs: number;
  /** When the running recovery of a block began, by its id. */
  private readonly attempts = new Map<BlockId, number>();
  private readonly startedAtMs: number;
  private timer: Timer | undefined;

  constructor(system: NameSystem, recheckMs: number) {
    this.system = system;
    this.startedAtMs = system.host.clock.monotonic();
    this.recheckMs = recheckMs;
  }

  start(): void {
    this.timer = this.system.host.clock.setPeriodic(this.recheckMs, () => this.round());
  }

  stop(): void {
    this.timer?.cancel();
  }

  private round(): void {
    const { system } = this;
    if (system.blockManager.safeMode.isOn || system.editLog.lowSpace !== undefined) return;
    const { namespace: ns } = system;
    for (const lease of ns.leases.expired(system.now().monotonicMs, LEASES_PER_ROUND)) {
      for (const id of [...lease.files]) {
        const file = ns.inodes.find(id);
        if (file === 0) continue;
        try {
          this.release(file);
        } catch (error) {
          if (!(error instanceof HdfsError)) throw error;
          system.host.log.log(
            'warn',
            'leases',
            `cannot close ${pathOfInode(ns.inodes, file)} of ${lease.holder}: ${messageOf(error)}`,
          );
        }
      }
    }
  }

  /** Closes the file of a writer that is gone, or begins what that takes. True when it is closed now. */
  release(file: InodeHandle): boolean {
    const { system } = this;
    const { namespace: ns } = system;
    const now = system.now();
    const release = checkLeaseRelease(ns, file, now.wallMs);
    switch (release.kind) {
      case 'close':
        system.commit(release.ops, now);
        return true;
      case 'wait':
        system.host.log.log('info', 'leases', release.reason);
        return false;
      case 'recover':
        return this.recover(file, release.block);
    }
  }

  /** For so long after a start a DataNode may be on its way that no other node knows of. */
  private holdersMayCome(): boolean {
    const { host, blockManager } = this.system;
    return host.clock.monotonic() - this.startedAtMs < blockManager.datanodes.expiryMs;
  }

  private recover(file: InodeHandle, block: BlockHandle): boolean {
    const { system } = this;
    const { namespace: ns, blockManager } = system;
    const now = system.now();
    if (ns.blocks.numBytes(block) === 0 && blockManager.expectedStorages(block).length === 0) {
      // After a restart that only means that no holder has come yet: dropping the block then would throw away bytes that were
      // synced. A node that stays away for so long counts as dead everywhere else too.
      if (this.holdersMayCome()) {
        const path = pathOfInode(ns.inodes, file);
        system.host.log.log('info', 'leases', `no DataNode has told of the last block of ${path} yet: it is not closed`);
        return false;
      }
      // Nobody was ever told to store it. Apache drops such a block as well, and at once.
      system.commit(closeDeadFile(ns, file, NAMENODE_LEASE_HOLDER, 'drop', now.wallMs), now);
      return true;
    }
    const id = ns.blocks.id(block);
    const begun = this.attempts.get(id);
    const timeoutMs = RECOVERY_TIMEOUT_HEARTBEATS * blockManager.datanodes.heartbeatIntervalMs;
    if (begun !== undefined && now.monotonicMs - begun < timeoutMs) return false;
    this.attempts.set(id, now.monotonicMs);
    const path = pathOfInode(ns.inodes, file);
    const holder = ns.inodes.underConstruction(file)?.clientName ?? '';
    const stamp = nextGenStampOp(ns, block);
    const ops: EditOp[] = [stamp];
    if (holder !== NAMENODE_LEASE_HOLDER) {
      ops.push({ kind: 'REASSIGN_LEASE', leaseHolder: holder, path, newHolder: NAMENODE_LEASE_HOLDER });
    }
    system.commit(ops, now);
    const primary = blockManager.recoveries.start(block, stamp.genStamp);
    system.host.log.log('info', 'leases', `recovering blk_${id} of ${path} under generation stamp ${stamp.genStamp}`, {
      primary: primary?.xferAddress ?? 'none',
    });
    return false;
  }

  /** What the DataNodes agreed upon. Throws HdfsError when it does not belong to the running recovery. */
  synchronized(result: SynchronizedBlock): void {
    const { system } = this;
    const { namespace: ns, blockManager } = system;
    const now = system.now();
    const block = ns.blocks.find(result.id);
    if (block === 0) {
      if (result.deleteBlock) return;
      throw new HdfsError('EIO', `Block (=blk_${result.id}) not found`);
    }
    const file = ns.blocks.owner(block);
    // The file was deleted, or the answer to an earlier, identical call was lost: nothing is left to do.
    if (file === 0 || !ns.inodes.isReachable(file) || ns.inodes.underConstruction(file) === undefined) return;
    if (ns.blocks.state(block) === BlockState.COMPLETE) return;
    const count = ns.inodes.blockCount(file);
    if (count === 0 || ns.inodes.blockAt(file, count - 1) !== block) {
      throw new HdfsError('EIO', `blk_${result.id} is not the last block of ${pathOfInode(ns.inodes, file)}`);
    }
    const recoveryId = blockManager.recoveries.recoveryId(block);
    if (ns.blocks.state(block) !== BlockState.UNDER_RECOVERY || recoveryId !== result.newGenStamp) {
      throw new HdfsError(
        'EIO',
        `The recovery id ${result.newGenStamp} does not match current recovery id ${recoveryId ?? 0} for block blk_${result.id}`,
      );
    }
    this.attempts.delete(result.id);
    if (
      result.deleteBlock &&
      this.holdersMayCome() &&
      blockManager.expectedStorages(block).length < ns.inodes.replication(file)
    ) {
      // Those that were asked have nothing; one that has not come yet may. The next attempt asks it too.
      throw new HdfsError(
        'EIO',
        `blk_${result.id} is not given up yet: not all of its DataNodes have reported since the start`,
      );
    }
    const end = { numBytes: result.newLength, genStamp: genStamp(result.newGenStamp) };
    if (result.closeFile) {
      system.commit(closeDeadFile(ns, file, NAMENODE_LEASE_HOLDER, result.deleteBlock ? 'drop' : end, now.wallMs), now);
    } else {
      const kept = editBlocks(ns, file).slice(0, -1);
      const blocks = result.deleteBlock ? kept : [...kept, { id: result.id, ...end }];
      system.commit([{ kind: 'UPDATE_BLOCKS', path: pathOfInode(ns.inodes, file), blocks, rpc: NO_RPC_IDS }], now);
      if (!result.deleteBlock) ns.blocks.setState(block, BlockState.UNDER_CONSTRUCTION);
    }
    if (result.deleteBlock) return;
    blockManager.pipelineUpdated(block, result.targets);
    if (result.closeFile) blockManager.blockFinalised(block, now);
  }
}
