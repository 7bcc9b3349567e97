// What one NameNode has yet to hear of blocks received, being received and deleted. The newest word on a block replaces the
// older one; what could not be sent is kept unless something newer came. Apache: IncrementalBlockReportManager.
import type { BlockId } from '../../base/ids.ts';
import {
  ReceivedDeletedBlockInfoProto_BlockStatus,
  type StorageReceivedDeletedBlocksProtoInit,
} from '../../wire/messages/datanode.ts';
import { storageProto } from './block-reports.ts';
import type { BlockName } from './replica.ts';
import type { Volume } from './volume.ts';

/** Words that are kept for a NameNode that does not take them; beyond, it gets a full report instead. */
export const MAX_PENDING = 1_000_000;

export type BlockNews = 'receiving' | 'received' | 'deleted';

const STATUS = {
  receiving: ReceivedDeletedBlockInfoProto_BlockStatus.RECEIVING,
  received: ReceivedDeletedBlockInfoProto_BlockStatus.RECEIVED,
  deleted: ReceivedDeletedBlockInfoProto_BlockStatus.DELETED,
} as const;

interface Word {
  readonly block: BlockName;
  readonly news: BlockNews;
  readonly delHint: string;
  readonly volume: Volume;
}

export class IncrementalReports {
  /** How many words of each kind wait. */
  readonly waiting: Record<BlockNews, number> = { receiving: 0, received: 0, deleted: 0 };
  private words = new Map<BlockId, Word>();
  /** Something is to be sent without waiting for the next heartbeat. */
  private urgent = false;
  /** Too much was waiting and was dropped: only a full report tells the truth now. */
  overflowed = false;

  get pending(): number {
    return this.words.size;
  }

  get isUrgent(): boolean {
    return this.urgent;
  }

  add(block: BlockName, news: BlockNews, volume: Volume, delHint = ''): void {
    const before = this.words.get(block.id);
    if (before !== undefined) {
      this.words.delete(block.id);
      this.waiting[before.news]--;
    }
    if (this.words.size >= MAX_PENDING) {
      this.clear();
      this.overflowed = true;
      return;
    }
    this.words.set(block.id, { block, news, delHint, volume });
    this.waiting[news]++;
    // Of a block that is only begun the next heartbeat tells, as in Apache: its end would wait for that call's answer.
    if (news === 'received') this.urgent = true;
  }

  /** Sends at the next occasion, whatever waits. */
  hurry(): void {
    this.urgent = true;
  }

  /** Takes everything that waits, by storage; `undo` puts it back after a failure. */
  take(): { readonly reports: readonly StorageReceivedDeletedBlocksProtoInit[]; readonly undo: () => void } {
    const taken = this.words;
    this.words = new Map();
    this.recount();
    this.urgent = false;
    const byVolume = new Map<Volume, Word[]>();
    for (const word of taken.values()) {
      const list = byVolume.get(word.volume) ?? [];
      list.push(word);
      byVolume.set(word.volume, list);
    }
    const reports = [...byVolume].map(([volume, words]) => ({
      storageUuid: volume.storageId,
      storage: storageProto(volume),
      blocks: words.map(({ block, news, delHint }) => ({
        block: { blockId: block.id, genStamp: block.genStamp, numBytes: block.numBytes },
        status: STATUS[news],
        deleteHint: delHint === '' ? undefined : delHint,
      })),
    }));
    const undo = (): void => {
      for (const [id, word] of this.words) {
        taken.delete(id);
        taken.set(id, word);
      }
      this.words = taken;
      this.urgent = true;
      this.recount();
    };
    return { reports, undo };
  }

  clear(): void {
    this.words.clear();
    this.recount();
  }

  private recount(): void {
    const { waiting } = this;
    waiting.receiving = 0;
    waiting.received = 0;
    waiting.deleted = 0;
    for (const { news } of this.words.values()) waiting[news]++;
  }
}
