// What the block scanner has done on one volume, and the page that tells of it (/blockScannerReport). Apache:
// VolumeScanner.Statistics and printStats, which scripts read by their labels.
import { type BlockName, describeBlock } from './replica.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MINUTES = 60;
/** Figures end in the same column. */
const WIDTH = 57;

export class ScanStatistics {
  /** Bytes of each minute of the last hour, by the minute modulo 60. */
  private readonly minutes = new Float64Array(MINUTES);
  private minute = 0;
  private bytesInHour = 0;
  private blocksInPeriod = 0;
  private blocks = 0;
  private passes = 0;
  private errors = 0;
  private last: BlockName | undefined;
  private nextPassMonotonicMs: number | undefined;
  private periodEndsWallMs: number | undefined;
  private moreToDo = false;

  private expire(monotonicMs: number): void {
    const now = Math.floor(monotonicMs / MINUTE_MS);
    const from = Math.max(this.minute + 1, now - MINUTES + 1);
    for (let minute = from; minute <= now; minute++) {
      this.bytesInHour -= this.minutes[minute % MINUTES] ?? 0;
      this.minutes[minute % MINUTES] = 0;
    }
    this.minute = Math.max(this.minute, now);
  }

  /** `bytes` undefined: it could not be verified. */
  scanned(block: BlockName, bytes: number | undefined, monotonicMs: number): void {
    this.last = block;
    if (bytes === undefined) {
      this.errors++;
      return;
    }
    this.expire(monotonicMs);
    this.bytesInHour += bytes;
    this.minutes[this.minute % MINUTES] = (this.minutes[this.minute % MINUTES] ?? 0) + bytes;
    this.blocksInPeriod++;
    this.blocks++;
  }

  /** The blocks of a pool are begun, or gone on with after a start; `endsWallMs`: when they may be begun again. */
  passBegins(endsWallMs: number): void {
    this.passes++;
    this.blocksInPeriod = 0;
    this.nextPassMonotonicMs = undefined;
    this.periodEndsWallMs = endsWallMs;
    this.moreToDo = true;
  }

  passEnds(): void {
    this.moreToDo = false;
  }

  /** No pool is due for so long. */
  waits(untilMonotonicMs: number): void {
    this.nextPassMonotonicMs = untilMonotonicMs;
  }

  /** Times of both clocks now. */
  report(volume: { readonly storageId: string; readonly path: string }, monotonicMs: number, wallMs: number): string {
    this.expire(monotonicMs);
    const line = (label: string, value: string): string => `${label.padEnd(34)}: ${value.padStart(WIDTH)}\n`;
    const hours = (ms: number): string => Math.floor(Math.max(0, ms) / HOUR_MS).toFixed(3);
    let text = `Block scanner information for volume ${volume.storageId} with base path ${volume.path}\n`;
    text += line('Bytes verified in last hour', String(this.bytesInHour));
    text += line('Blocks scanned in current period', String(this.blocksInPeriod));
    text += line('Blocks scanned since restart', String(this.blocks));
    text += line('Block pool scans since restart', String(this.passes));
    text += line('Block scan errors since restart', String(this.errors));
    if (this.nextPassMonotonicMs !== undefined) {
      text += line('Hours until next block pool scan', hours(this.nextPassMonotonicMs - monotonicMs));
    }
    if (this.periodEndsWallMs !== undefined) {
      text += line('Hours until possible pool rescan', hours(this.periodEndsWallMs - wallMs));
    }
    text += line('Last block scanned', this.last === undefined ? 'none' : describeBlock(this.last));
    return `${text}${line('More blocks to scan in period', String(this.moreToDo))}\n`;
  }
}
