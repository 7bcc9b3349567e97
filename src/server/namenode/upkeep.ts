// What the NameNode does without being asked: the block manager's periodic work, and taking deleted trees apart. Work
// that is left goes on in the next turn, so that nobody waits for it. Disks are looked after in resources.ts.
import type { Timer } from '../../host/host.ts';
import type { NameSystem } from './namesystem.ts';

const TICK_MS = 500;
/** Inodes and blocks of deleted trees taken apart in one turn: about a millisecond. */
const RECLAIM_SLICE = 500;

export class Upkeep {
  private readonly system: NameSystem;
  private timer: Timer | undefined;
  private working = false;
  private stopped = false;

  constructor(system: NameSystem) {
    this.system = system;
  }

  start(): void {
    this.timer = this.system.host.clock.setPeriodic(TICK_MS, () => this.work());
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private work(): void {
    if (this.working || this.stopped) return;
    const { blockManager, namespace: ns, host } = this.system;
    const tickLeft = blockManager.tick(this.system.now());
    const reclaimLeft = ns.reclaim(RECLAIM_SLICE, (block, txid) => blockManager.removeBlock(block, txid));
    if (!tickLeft && !reclaimLeft) return;
    this.working = true;
    host.clock.defer(() => {
      this.working = false;
      this.work();
    });
  }
}
