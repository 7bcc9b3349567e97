// Removes files that were kept in memory and lost with it: those under LAZY_PERSIST with a block that no DataNode has. They
// could never be read again, and would be told of as missing for ever. Apache: FSNamesystem.LazyPersistFileScrubber.
import { HdfsError } from '../../base/errors.ts';
import type { BlockHandle } from '../../core/blocks/block-map.ts';
import { NO_RPC_IDS } from '../../core/edits/ops.ts';
import { effectivePolicy } from '../../core/namespace/inode-policy.ts';
import { LAZY_PERSIST } from '../../core/namespace/ops/append.ts';
import { checkDelete } from '../../core/namespace/ops/delete.ts';
import { pathOfInode } from '../../core/namespace/permissions.ts';
import type { Timer } from '../../host/host.ts';
import type { NameSystem } from './namesystem.ts';

/** Missing blocks looked at, and files removed, in one turn: some 30 µs each. */
const SLICE = 100;

export class LazyPersistScrubber {
  private readonly system: NameSystem;
  private readonly intervalMs: number;
  private timer: Timer | undefined;
  private running = false;

  constructor(system: NameSystem, intervalMs: number) {
    this.system = system;
    this.intervalMs = intervalMs;
  }

  start(): void {
    const { host } = this.system;
    if (this.intervalMs <= 0) {
      host.log.log(
        'warn',
        'namenode',
        'files that were lost with the memory they lay in are not looked for: the interval is 0',
      );
      return;
    }
    this.timer = host.clock.setPeriodic(this.intervalMs, () => {
      if (this.running) return;
      this.running = true;
      void this.round().finally(() => {
        this.running = false;
      });
    });
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private async round(): Promise<void> {
    const { host, blockManager } = this.system;
    for (let after: BlockHandle = 0; this.mayRemove; ) {
      const lost: BlockHandle[] = [];
      for (const block of blockManager.missingBlocks(after)) {
        lost.push(block);
        if (lost.length === SLICE) break;
      }
      if (lost.length === 0) return;
      // The next slice goes on behind the last one that stays.
      for (const block of lost) if (!this.remove(block)) after = block;
      await new Promise<void>((resolve) => host.clock.defer(resolve));
    }
  }

  private get mayRemove(): boolean {
    const { blockManager, editLog } = this.system;
    return this.timer !== undefined && !blockManager.safeMode.isOn && editLog.lowSpace === undefined;
  }

  /** Removes the block's file; false when it stays. */
  private remove(block: BlockHandle): boolean {
    const { namespace: ns, host, root } = this.system;
    const file = ns.blocks.owner(block);
    if (file === 0 || !ns.inodes.isReachable(file) || effectivePolicy(ns.inodes, file) !== LAZY_PERSIST) return false;
    const path = pathOfInode(ns.inodes, file);
    const now = this.system.now();
    try {
      const { ops, handles } = checkDelete(ns, root, { path, recursive: false, rpc: NO_RPC_IDS }, now.wallMs);
      this.system.commit(ops, now, handles);
    } catch (error) {
      if (!(error instanceof HdfsError)) throw error;
      host.log.log('warn', 'namenode', `cannot remove the lost file ${path}: ${error.message}`);
      return false;
    }
    host.log.log('warn', 'namenode', `Removing lazyPersist file ${path} with no replicas.`);
    return true;
  }
}
