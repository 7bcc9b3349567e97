// Begins a new segment of the edit log when the open one has grown long and nobody else, a checkpoint or a secondary, has done
// so. Apache: FSNamesystem.NameNodeEditLogRoller.
import { messageOf } from '../../base/errors.ts';
import type { Timer } from '../../host/host.ts';
import type { NameSystem } from './namesystem.ts';

export interface EditLogRollerOptions {
  /** Transactions of a segment beyond which it is ended. */
  readonly threshold: number;
  /** How often that is looked at; 0: never. */
  readonly intervalMs: number;
}

export class EditLogRoller {
  private readonly system: NameSystem;
  private readonly options: EditLogRollerOptions;
  private timer: Timer | undefined;
  private rolling = false;

  constructor(system: NameSystem, options: EditLogRollerOptions) {
    this.system = system;
    this.options = options;
  }

  start(): void {
    const { intervalMs } = this.options;
    if (intervalMs > 0) this.timer = this.system.host.clock.setPeriodic(intervalMs, () => this.look());
  }

  stop(): void {
    this.timer?.cancel();
  }

  private look(): void {
    const { editLog, blockManager, host } = this.system;
    const { threshold } = this.options;
    const transactions = editLog.lastTxid - editLog.segmentFirstTxid + 1;
    // In safe mode nothing is rolled; the segment does not grow either.
    if (transactions <= threshold || this.rolling || blockManager.safeMode.isOn) return;
    host.log.log(
      'info',
      'namenode',
      `rolling the edit log: its open segment has ${transactions} transactions, more than ${threshold}`,
    );
    this.rolling = true;
    editLog
      .roll()
      .catch((error: unknown) => host.log.log('error', 'namenode', `the edit log was not rolled: ${messageOf(error)}`))
      .finally(() => {
        this.rolling = false;
      });
  }
}
