// What the NameNode does without being asked: the block manager's periodic work, taking deleted trees apart, ending long segments. Work
// that is left goes on in the next turn, so that nobody waits for it. Disks are looked after in resources.ts.
import type { Timer } from '../../host/host.ts';
import { EditLogRoller, type EditLogRollerOptions } from './edit-log-roller.ts';
import type { NameSystem } from './namesystem.ts';

const TICK_MS = 500;
/** Inodes and blocks of deleted trees taken apart in one turn: about a millisecond. */
const RECLAIM_SLICE = 500;

export class Upkeep {
  private readonly system: NameSystem;
  private readonly roller: EditLogRoller;
  private timer: Timer | undefined;
  private working = false;
  private stopped = false;

  constructor(system: NameSystem, rolling: EditLogRollerOptions) {
    this.system = system;
    this.roller = new EditLogRoller(system, rolling);
  }

  start(): void {
    this.roller.start();
    this.timer = this.system.host.clock.setPeriodic(TICK_MS, () => this.work());
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.roller.stop();
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
