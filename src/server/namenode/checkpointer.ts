// Checkpoints while serving: the log is rolled, the state as of its last transaction is frozen (the pages are shared, and
// copied when they change), and the image is written in slices. Apache leaves this to a second process; here the
// NameNode does it by itself, by the same keys, unless a secondary NameNode brings images in time.

import { HdfsError, messageOf } from '../../base/errors.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { SavedImage } from '../../format/fsimage/saver.ts';
import type { CarriedSection } from '../../format/fsimage/state.ts';
import type { Timer } from '../../host/host.ts';
import type { NamespaceIdentity } from './identity.ts';
import { filesBeingCut, imageCounters, requireSources } from './loading.ts';
import type { NameStorage } from './name-storage.ts';
import type { NameSystem } from './namesystem.ts';
import { ImagesUnderWay, publishImage, purge, type Retention } from './publishing.ts';

/** With a secondary NameNode at work, its image may be late by this factor before one is made here. */
const SECONDARY_PATIENCE = 1.5;

/** While a file is being cut inside a block, an image may be late by this factor. */
const TRUNCATION_PATIENCE = 2;

export interface CheckpointerOptions {
  readonly storage: NameStorage;
  readonly identity: NamespaceIdentity;
  readonly carried: readonly CarriedSection[];
  readonly retention: Retention;
  readonly periodMs: number;
  readonly transactions: number;
  readonly checkMs: number;
  /** Txid of the image that was loaded, and its age then in milliseconds. */
  readonly imageTxid: number;
  readonly imageAgeMs: number;
}

export class Checkpointer {
  /** Those made here, and those that are brought. */
  readonly imagesUnderWay = new ImagesUnderWay();
  private readonly system: NameSystem;
  private readonly options: CheckpointerOptions;
  private running: Promise<number> | undefined;
  private timer: Timer | undefined;
  private lastTxid: number;
  private lastAtMs: number;
  private lastWallMs: number;
  private secondaryAtMs: number | undefined;

  constructor(system: NameSystem, options: CheckpointerOptions) {
    this.system = system;
    this.options = options;
    this.lastTxid = options.imageTxid;
    this.lastAtMs = system.host.clock.monotonic() - options.imageAgeMs;
    this.lastWallMs = system.host.clock.now() - options.imageAgeMs;
  }

  /** Last transaction of the newest image. */
  get imageTxid(): number {
    return this.lastTxid;
  }

  /** Milliseconds since the newest image was made, whatever the wall clock did. */
  get sinceImageMs(): number {
    return this.system.host.clock.monotonic() - this.lastAtMs;
  }

  /** Somebody rolled the log to make a checkpoint: the work is left to it while it comes in time. */
  noteSecondary(): void {
    this.secondaryAtMs = this.system.host.clock.monotonic();
  }

  private get hasSecondary(): boolean {
    if (this.secondaryAtMs === undefined) return false;
    return this.system.host.clock.monotonic() - this.secondaryAtMs <= 2 * this.options.periodMs;
  }

  /** An image was brought and has its name: what it makes superfluous goes. */
  async taken(txid: number): Promise<void> {
    if (txid > this.lastTxid) this.noteImage(txid);
    await this.purge();
  }

  private noteImage(txid: number): void {
    this.lastTxid = txid;
    this.lastAtMs = this.system.host.clock.monotonic();
    this.lastWallMs = this.system.host.clock.now();
  }

  /** Wall clock of the newest image. */
  get imageTime(): number {
    return this.lastWallMs;
  }

  start(): void {
    this.timer = this.system.host.clock.setPeriodic(this.options.checkMs, () => {
      if (this.isDue() && this.running === undefined) {
        this.save().catch((error: unknown) => {
          this.system.host.log.log('error', 'checkpoint', `checkpoint failed: ${messageOf(error)}`);
        });
      }
    });
  }

  /** Stops beginning new ones and waits for one that runs. */
  async stop(): Promise<void> {
    this.timer?.cancel();
    await this.running?.catch(() => undefined);
  }

  private isDue(): boolean {
    if (this.options.storage.hasReturned) return true;
    const since = this.system.editLog.lastTxid - this.lastTxid;
    // What the log's own turning writes is not worth an image.
    if (since <= 2) return false;
    const { transactions, periodMs } = this.options;
    // An image does not hold that a file is being cut.
    const isCutting = this.system.namespace.truncations.size > 0;
    const patience = (this.hasSecondary ? SECONDARY_PATIENCE : 1) * (isCutting ? TRUNCATION_PATIENCE : 1);
    return since >= transactions * patience || this.sinceImageMs >= periodMs * patience;
  }

  /** Makes an image of everything up to now; answers its txid. One that runs already is waited for first. */
  async save(): Promise<number> {
    while (this.running !== undefined) await this.running.catch(() => undefined);
    const run = this.run();
    this.running = run;
    try {
      return await run;
    } finally {
      this.running = undefined;
    }
  }

  private async run(): Promise<number> {
    const { namespace: ns, editLog, host } = this.system;
    await editLog.requireRoom();
    // While that was asked a block may have begun to be cut.
    requireSources(ns);
    const first = editLog.rollNow();
    const txid = first - 1;
    // Frozen in the same turn in which the log was turned: the image is the state as of that transaction.
    const counters = imageCounters(ns, this.options.identity.namespaceId, txid);
    const inodes = ns.inodes.freeze();
    const blocks = ns.blocks.freeze();
    const cut = filesBeingCut(ns);
    const started = host.clock.monotonic();
    try {
      // An image holds durable transactions only.
      await editLog.sync();
      if (editLog.lowSpace !== undefined) throw new HdfsError('ENOSPC', editLog.lowSpace);
      const { storage, carried } = this.options;
      const { imagesUnderWay } = this;
      for (let end = imagesUnderWay.end(txid); end !== undefined; end = imagesUnderWay.end(txid)) await end;
      // One of just these transactions may have been brought while the log was synced.
      if (this.lastTxid === txid) return txid;
      const { hasReturned } = storage;
      storage.hasReturned = false;
      let saved: SavedImage;
      try {
        saved = await imagesUnderWay.during(txid, () =>
          publishImage(host, storage, txid, () => ({ inodes, blocks, counters, carried, cut })),
        );
      } catch (error) {
        storage.hasReturned ||= hasReturned;
        throw error;
      }
      if (editLog.lastTxid > first) sometimes('changes came while an image was written');
      this.noteImage(txid);
      host.log.log('info', 'checkpoint', `saved image of transaction ${txid}`, {
        bytes: saved.size,
        ms: Math.round(this.lastAtMs - started),
      });
    } finally {
      inodes.release();
      blocks.release();
    }
    await this.purge();
    return txid;
  }

  private async purge(): Promise<void> {
    try {
      await purge(this.system.host, this.options.storage.working, this.options.retention, this.imagesUnderWay);
    } catch (error) {
      // The image stands; what is too many goes at the next checkpoint.
      this.system.host.log.log('warn', 'checkpoint', `old images and edits stay: ${messageOf(error)}`);
    }
  }
}
