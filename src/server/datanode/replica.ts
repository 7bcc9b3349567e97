// A replica as the parts of the DataNode hand it around: where its files are, how long it is, who writes it. Whatever is
// finalized and idle is a row in the replica map and no object.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import { InFlightLengths } from '../../core/replica/lengths.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { blockFileName, metaFileName } from '../../format/storage/block-files.ts';
import type { DataChecksum } from './data-checksum.ts';
import type { Volume } from './volume.ts';

export interface BlockName {
  readonly pool: string;
  readonly id: BlockId;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
}

export const describeBlock = (block: { readonly pool: string; readonly id: BlockId; readonly genStamp: GenStamp }): string =>
  `${block.pool}:blk_${block.id}_${block.genStamp}`;

/** Checksum of the last, partial chunk of a replica, with the length up to which it counts. */
export interface LastChunk {
  readonly length: number;
  readonly sum: Buffer;
}

/** A replica being written, or one whose writer went away and may come back. */
export class InFlightReplica {
  readonly pool: string;
  readonly id: BlockId;
  genStamp: GenStamp;
  state: ReplicaState;
  readonly volume: Volume;
  readonly lengths: InFlightLengths;
  /** Of its files; set when they were made or opened. */
  checksum: DataChecksum | undefined;
  /** Directory in which the two files are. */
  directory: string;
  lastChunk: LastChunk | undefined;
  /** Whether there is a file of synced-tail.ts, which goes when the replica is finalized or dropped. */
  hasTailFile = false;
  /** A write failed half way: its files may hold more than counts, and are cut before anything else is made of them. */
  isRagged = false;
  /** Ends whoever writes now and resolves when it has let go of the files. */
  stopWriter: (() => Promise<void>) | undefined;
  /** Tells a client's writer that this node restarts, waits at most so long until that has left, and ends the writer. */
  announceRestart: ((timeoutMs: number) => Promise<void>) | undefined;
  promised = 0;
  private watchers: (() => void)[] = [];

  constructor(block: BlockName, state: ReplicaState, volume: Volume, directory: string, bytes: number) {
    this.pool = block.pool;
    this.id = block.id;
    this.genStamp = block.genStamp;
    this.state = state;
    this.volume = volume;
    this.directory = directory;
    this.lengths = new InFlightLengths(bytes);
  }

  /** What a reader may see. Apache: getVisibleLength; a copy in the making shows nothing. */
  get visibleLength(): number {
    return this.state === ReplicaState.TEMPORARY ? -1 : this.lengths.acked;
  }

  /** Whether a sync of its files failed, so that a later one that succeeds says nothing; see rewrite.ts. */
  get syncFailed(): boolean {
    return this.volume.failedSyncs.has(`${this.pool}/${this.id}`);
  }

  set syncFailed(failed: boolean) {
    const name = `${this.pool}/${this.id}`;
    if (failed) this.volume.failedSyncs.add(name);
    else this.volume.failedSyncs.delete(name);
  }

  /** Keeps room on the volume for what is still to come. */
  promise(bytes: number): void {
    this.promised += bytes;
    this.volume.promisedBytes += bytes;
  }

  /** `bytes` have gone into the files. */
  settle(bytes: number): void {
    const part = Math.min(this.promised, bytes);
    this.promised -= part;
    this.volume.promisedBytes -= part;
    this.volume.addUsed(this.pool, bytes);
  }

  settleRest(): void {
    this.volume.promisedBytes -= this.promised;
    this.promised = 0;
  }

  /** Tells readers who wait for a length that there is more. */
  grown(): void {
    if (this.watchers.length === 0) return;
    const { watchers } = this;
    this.watchers = [];
    for (const wake of watchers) wake();
  }

  onGrown(fn: () => void): void {
    this.watchers.push(fn);
  }
}

/** Data and checksums. */
export type ReplicaPaths = readonly [block: string, meta: string];

export const pathsOf = ({ directory, id, genStamp }: Pick<InFlightReplica, 'directory' | 'id' | 'genStamp'>): ReplicaPaths => [
  `${directory}/${blockFileName(id)}`,
  `${directory}/${metaFileName(id, genStamp)}`,
];
