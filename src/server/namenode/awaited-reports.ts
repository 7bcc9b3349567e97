// Calls that wait for a DataNode's word of a block. A writer's `complete` may overtake the report of its last block, which comes
// another way. Apache answers at once that the file cannot be closed yet, and its client asks again 400 ms later; here the call
// waits for the report instead, for a part of that time.
import type { BlockId } from '../../base/ids.ts';
import type { Clock } from '../../host/host.ts';

/** Less than after which clients ask again (dfs.client.block.write.locateFollowingBlock.initial.delay.ms). */
const PATIENCE_MS = 250;

export class AwaitedReports {
  private readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  private readonly waiting = new Map<BlockId, Set<() => void>>();

  constructor(clock: Pick<Clock, 'monotonic' | 'setTimer'>) {
    this.clock = clock;
  }

  /** A replica of the block was reported, and counts by now. */
  reported(block: BlockId): void {
    const waiting = this.waiting.get(block);
    if (waiting === undefined) return;
    this.waiting.delete(block);
    for (const wake of waiting) wake();
  }

  /**
   * Asks again with every report of the block, until the answer is a good one or the time is over; answers the last answer. What
   * `ask` throws ends it.
   */
  async until<Answer>(
    block: BlockId,
    ask: () => Answer | Promise<Answer>,
    isGood: (answer: Answer) => boolean,
  ): Promise<Answer> {
    const endMs = this.clock.monotonic() + PATIENCE_MS;
    for (;;) {
      const isReported = await this.next(block, endMs);
      const answer = await ask();
      if (!isReported || isGood(answer)) return answer;
    }
  }

  /** True with the next report, false at `endMs`. */
  private next(block: BlockId, endMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = this.waiting.get(block) ?? new Set();
      this.waiting.set(block, waiting);
      const reported = (): void => {
        timer.cancel();
        resolve(true);
      };
      const timer = this.clock.setTimer(Math.max(0, endMs - this.clock.monotonic()), () => {
        waiting.delete(reported);
        if (waiting.size === 0 && this.waiting.get(block) === waiting) this.waiting.delete(block);
        resolve(false);
      });
      waiting.add(reported);
    });
  }
}
