// Safe mode: after a start nothing is changed, copied or deleted until enough blocks have enough replicas on enough
// DataNodes, for long enough. An operator, or a full disk, may switch it on as well. Mirrors BlockManagerSafeMode and the
// manual part of FSNamesystem. A block counts as safe by a bit of its own, so no report can count it twice.
import { sometimes } from '../../base/sometimes.ts';
import type { BlockGroup, BlockHandle } from './block-map.ts';
import { popCount } from './table/layout.ts';

/** Apache: BlockManagerSafeMode.reportStatus writes at most this often. */
const REPORT_INTERVAL_MS = 20_000;
const PAGE_BITS = 15;
const PAGE_WORDS = 1 << (PAGE_BITS - 5);

export interface SafeModeOptions {
  /** dfs.namenode.safemode.threshold-pct. */
  readonly threshold: number;
  /** dfs.namenode.safemode.min.datanodes. */
  readonly minDatanodes: number;
  /** dfs.namenode.safemode.replication.min. */
  readonly safeReplication: number;
  /** dfs.namenode.safemode.extension. */
  readonly extensionMs: number;
  /** dfs.namenode.replqueue.threshold-pct. */
  readonly replicationQueueThreshold: number;
}

export const DEFAULT_SAFE_MODE_OPTIONS: SafeModeOptions = {
  threshold: 0.999,
  minDatanodes: 0,
  safeReplication: 1,
  extensionMs: 30_000,
  replicationQueueThreshold: 0.999,
};

export interface SafeModeEvents {
  /** DataNodes that send heartbeats. */
  readonly liveDatanodes: () => number;
  /** What is safe is being counted down: replicas that went with their DataNode or disk are among those that are known. */
  readonly isForgetting: () => boolean;
  /** Enough is known to find under-replicated blocks, once. */
  readonly populateQueues: () => void;
  readonly left: (secondsInSafeMode: number) => void;
  readonly log: (message: string) => void;
}

type Automatic =
  | { readonly kind: 'off' }
  | { readonly kind: 'pendingThreshold' }
  | { readonly kind: 'extension'; readonly sinceMs: number };

/** Apache computes thresholds in 32-bit floats: the same number of blocks must come out. */
function blocksAt(total: number, threshold: number): number {
  return Math.trunc(Math.fround(Math.fround(total) * Math.fround(threshold)));
}

export class SafeMode {
  readonly #options: SafeModeOptions;
  readonly #events: SafeModeEvents;
  #automatic: Automatic = { kind: 'off' };
  #manual = false;
  #resourcesLow = false;
  #total = 0;
  #safe = 0;
  /** One bit for each safe block; only while the automatic safe mode is on. */
  readonly #bits: (Uint32Array | undefined)[] = [];
  #bytesInFuture = 0;
  #forced = false;
  #startedMs = 0;
  #nowMs = 0;
  #lastReportMs = 0;

  constructor(options: SafeModeOptions, events: SafeModeEvents) {
    this.#options = options;
    this.#events = events;
  }

  get isOn(): boolean {
    return this.#manual || this.#resourcesLow || this.#automatic.kind !== 'off';
  }

  /** The one of the start, not an operator's. */
  get isStartup(): boolean {
    return !this.#manual && !this.#resourcesLow && this.#automatic.kind !== 'off';
  }

  /** Safe blocks are being counted. */
  get counting(): boolean {
    return this.#automatic.kind !== 'off';
  }

  get total(): number {
    return this.#total;
  }

  get safe(): number {
    return this.#safe;
  }

  get bytesInFuture(): number {
    return this.#bytesInFuture;
  }

  /** An operator insisted, although replicas were found that this namespace cannot have written. */
  get forced(): boolean {
    return this.#forced;
  }

  get safeReplication(): number {
    return this.#options.safeReplication;
  }

  /** Begins with the number of complete blocks of the loaded namespace. */
  activate(nowMs: number, completeBlocks: number): void {
    this.#nowMs = nowMs;
    this.#startedMs = nowMs;
    this.#total = completeBlocks;
    this.#safe = 0;
    this.#automatic = { kind: 'pendingThreshold' };
    if (this.#thresholdsMet()) {
      this.#leaveAutomatic(false);
      return;
    }
    this.#populateIfReady();
    this.#report('STATE* Safe mode ON.', true);
  }

  /** A block is safe, or is not. */
  setSafe(block: BlockHandle, safe: boolean): void {
    if (this.#automatic.kind === 'off' || this.isSafe(block) === safe) return;
    this.#turn(block >>> 5, 1 << (block & 31));
    this.#safe += safe ? 1 : -1;
    this.check(this.#nowMs);
  }

  /** Blocks of a group, a bit for each place (table/layout.ts), are safe. */
  groupIsSafe(group: BlockGroup, bits: number): void {
    if (this.#automatic.kind === 'off') return;
    const more = bits & ~this.#safeOf(group);
    if (more === 0) return;
    this.#turn(group, more);
    this.#safe += popCount(more);
    this.check(this.#nowMs);
  }

  /** Which blocks of a group are safe. */
  #safeOf(group: BlockGroup): number {
    return this.#bits[group >>> (PAGE_BITS - 5)]?.[group & (PAGE_WORDS - 1)] ?? 0;
  }

  /** Turns bits of a group round. */
  #turn(group: BlockGroup, bits: number): void {
    const index = group >>> (PAGE_BITS - 5);
    let page = this.#bits[index];
    if (page === undefined) {
      page = new Uint32Array(PAGE_WORDS);
      while (this.#bits.length < index) this.#bits.push(undefined);
      this.#bits[index] = page;
    }
    const word = group & (PAGE_WORDS - 1);
    page[word] = (page[word] as number) ^ bits;
  }

  isSafe(block: BlockHandle): boolean {
    return (this.#safeOf(block >>> 5) & (1 << (block & 31))) !== 0;
  }

  /** A block became complete, or a complete one is no more. */
  adjustTotal(delta: number): void {
    if (this.#automatic.kind === 'off') return;
    this.#total += delta;
    this.check(this.#nowMs);
  }

  /** A replica with a generation stamp that this namespace never issued: the image may be an old one. */
  replicaFromFuture(numBytes: number): void {
    if (this.#automatic.kind !== 'off') this.#bytesInFuture += numBytes;
  }

  /** Moves on when thresholds are met and time has passed. */
  check(nowMs: number): void {
    this.#nowMs = nowMs;
    switch (this.#automatic.kind) {
      case 'off':
        return;
      case 'pendingThreshold':
        this.#populateIfReady();
        if (!this.#thresholdsMet()) {
          this.#report('STATE* Safe mode ON.', false);
        } else if (this.#total > 0 && this.#options.extensionMs > 0) {
          this.#automatic = { kind: 'extension', sinceMs: nowMs };
          this.#report('STATE* Safe mode extension entered.', true);
        } else {
          this.#leaveAutomatic(false);
        }
        return;
      case 'extension':
        if (this.#extensionLeftMs() > 0) this.#report('STATE* Safe mode ON, in safe mode extension.', false);
        else if (!this.#thresholdsMet()) this.#report('STATE* Safe mode ON, thresholds not met.', false);
        else this.#leaveAutomatic(false);
        return;
    }
  }

  enterManually(): void {
    this.#manual = true;
    this.#events.log(`STATE* Safe mode is ON.\n${this.tip()}`);
  }

  /** The disk of the edits is full, or has room again. */
  setResourcesLow(low: boolean): void {
    if (low && !this.#resourcesLow) {
      this.#resourcesLow = true;
      sometimes('safe mode entered for want of disk space');
      this.#events.log(`STATE* Safe mode is ON.\n${this.tip()}`);
    }
    if (!low) this.#resourcesLow = false;
  }

  /** An operator's leave, or force exit. False when replicas from the future hold it and no force is used. */
  leave(force: boolean): boolean {
    if (!this.isOn) return true;
    if (!this.#leaveAutomatic(force)) return false;
    this.#manual = false;
    this.#resourcesLow = false;
    return true;
  }

  /** Why it is on and what would end it, in Apache's words. */
  tip(): string {
    const command = 'Use "hdfs dfsadmin -safemode leave" to turn safe mode off.';
    if (this.#resourcesLow) {
      return (
        'Resources are low on NN. Please add or free up more resources. ' +
        'NOTE:  If you turn off safe mode before adding resources, the NN will immediately return to safe mode. '
      );
    }
    if (this.#manual) return `It was turned on manually. ${command}`;
    return this.#automaticTip();
  }

  #automaticTip(): string {
    const { threshold, minDatanodes } = this.#options;
    const needed = blocksAt(this.#total, threshold);
    const reached = this.#safe >= needed;
    const percent = Math.fround(threshold).toFixed(4);
    let tip = reached
      ? `The reported blocks ${this.#safe} has reached the threshold ${percent} of total blocks ${this.#total}. `
      : `The reported blocks ${this.#safe} needs additional ${needed - this.#safe} blocks to reach the threshold ` +
        `${percent} of total blocks ${this.#total}.\n`;
    if (minDatanodes <= 0) {
      tip += 'The minimum number of live datanodes is not required. ';
    } else if (!reached) {
      tip += "The number of live datanodes is not calculated since reported blocks hasn't reached the threshold. ";
    } else {
      const live = this.#events.liveDatanodes();
      tip +=
        live < minDatanodes
          ? `The number of live datanodes ${live} needs an additional ${minDatanodes - live} live datanodes to reach ` +
            `the minimum number ${minDatanodes}.\n`
          : `The number of live datanodes ${live} has reached the minimum number ${minDatanodes}. `;
    }
    if (this.#bytesInFuture > 0) {
      return (
        `${tip}Name node detected blocks with generation stamps in future. This means that Name node metadata is ` +
        'inconsistent. This can happen if Name node metadata files have been manually replaced. Exiting safe mode will ' +
        `cause loss of ${this.#bytesInFuture} byte(s). Please restart name node with right metadata or use "hdfs ` +
        'dfsadmin -safemode forceExit" if you are certain that the NameNode was started with the correct FsImage and ' +
        'edit logs. If you encountered this during a rollback, it is safe to exit with -safemode forceExit.'
      );
    }
    const off = 'Safe mode will be turned off automatically ';
    switch (this.#automatic.kind) {
      case 'pendingThreshold':
        return `${tip}${off}once the thresholds have been reached.`;
      case 'extension':
        return `${tip}In safe mode extension. ${off}in ${Math.trunc(this.#extensionLeftMs() / 1000)} seconds.`;
      case 'off':
        return `${tip}${off}soon.`;
    }
  }

  #extensionLeftMs(): number {
    if (this.#automatic.kind !== 'extension' || this.#total === 0) return 0;
    return this.#automatic.sinceMs + this.#options.extensionMs - this.#nowMs;
  }

  #thresholdsMet(): boolean {
    if (this.#safe < blocksAt(this.#total, this.#options.threshold)) return false;
    if (this.#events.isForgetting()) return false;
    return this.#options.minDatanodes <= 0 || this.#events.liveDatanodes() >= this.#options.minDatanodes;
  }

  #populateIfReady(): void {
    if (this.#safe >= blocksAt(this.#total, this.#options.replicationQueueThreshold)) this.#events.populateQueues();
  }

  #leaveAutomatic(force: boolean): boolean {
    if (this.#bytesInFuture > 0) {
      if (!force) {
        this.#report(
          `Refusing to leave safe mode without a force flag. Exiting safe mode will cause a deletion of ` +
            `${this.#bytesInFuture} byte(s). Please use -forceExit flag to exit safe mode forcefully if data loss is acceptable.`,
          false,
        );
        return false;
      }
      this.#events.log(`Leaving safe mode due to forceExit. This will cause a data loss of ${this.#bytesInFuture} byte(s).`);
      this.#bytesInFuture = 0;
      this.#forced = true;
    }
    if (this.#automatic.kind === 'off') return true;
    this.#automatic = { kind: 'off' };
    this.#bits.length = 0;
    this.#events.populateQueues();
    const seconds = Math.trunc((this.#nowMs - this.#startedMs) / 1000);
    this.#events.log('STATE* Safe mode is OFF');
    this.#events.log(`STATE* Leaving safe mode after ${seconds} secs`);
    this.#events.left(seconds);
    return true;
  }

  #report(message: string, now: boolean): void {
    if (!now && this.#nowMs - this.#lastReportMs < REPORT_INTERVAL_MS) return;
    this.#lastReportMs = this.#nowMs;
    this.#events.log(`${message} \n${this.tip()}`);
  }
}
