// getEditsFromTxid: the ops of the log since a transaction, as events, no more than are durable. Apache:
// NameNodeRpcServer.getEditsFromTxid.
import type { LoggedOp } from '../../../core/edits/ops.ts';
import { readEditLog } from '../../../format/edit-log/reader.ts';
import { diskErrorCode } from '../../../host/disk-error.ts';
import type { Handlers } from '../../../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import type { EventBatchProtoInit, EventsListProtoInit } from '../../../wire/messages/inotify.ts';
import { fileChunks, listSegments, type SegmentFile } from '../edits-recovery.ts';
import { eventBatch } from '../events.ts';
import type { NameStorage } from '../name-storage.ts';
import type { NameSystem } from '../namesystem.ts';

export interface EventMethodParts {
  readonly system: NameSystem;
  readonly storage: NameStorage;
  /** dfs.namenode.inotify.max.events.per.rpc. */
  readonly maxEvents: number;
  /** dfs.namenode.max.op.size. */
  readonly maxOpBytes: number;
}

const NO_TXID = -1;
/** Segments get another name when they are closed, and go when no image needs them: so often in a row they are looked for anew. */
const TRIES = 5;

export function eventMethods(parts: EventMethodParts): Handlers<typeof ClientNamenodeProtocol> {
  const { system } = parts;
  return {
    getEditsFromTxid: ({ txid }, call) =>
      system.as(call, async (caller) => {
        system.requireSuperuser(caller, 'getEditsFromTxid');
        return { eventsList: await eventsSince(parts, txid) };
      }),
  };
}

async function eventsSince(
  { system, storage, maxEvents, maxOpBytes }: EventMethodParts,
  from: number,
): Promise<EventsListProtoInit> {
  const syncTxid = system.editLog.durableTxid;
  const batch: EventBatchProtoInit[] = [];
  let events = 0;
  let firstTxid = NO_TXID;
  let lastTxid = NO_TXID;
  /** False: no more of it is wanted. */
  const take = (logged: LoggedOp): boolean => {
    if (logged.txid > syncTxid) return false;
    if (firstTxid === NO_TXID) firstTxid = logged.txid;
    lastTxid = logged.txid;
    const made = eventBatch(logged);
    if (made !== undefined) {
      batch.push(made);
      events += made.events?.length ?? 0;
    }
    return events < maxEvents && logged.txid < syncTxid;
  };
  let next = from;
  for (let tries = 0; events < maxEvents && next <= syncTxid && tries < TRIES; ) {
    const copies = copiesFor(
      await listSegments(
        system.host,
        storage.working.filter(({ edits }) => edits),
      ),
      next,
    );
    if (copies.length === 0) break;
    const before = next;
    let vanished = false;
    for (const copy of copies) {
      const read = await readSegment(system, copy, next, maxOpBytes, take);
      if (read === undefined) vanished = true;
      else next = read;
      // A copy that ends early is damaged, or belongs to a directory that failed: another one goes on.
      if (next > syncTxid || next > (copy.lastTxid ?? syncTxid) || events >= maxEvents) break;
    }
    if (next !== before) tries = 0;
    else if (vanished) tries++;
    else break;
  }
  return { batch, firstTxid, lastTxid, syncTxid };
}

/** Copies of the segment that holds a transaction, or, where that is gone, of the first one after it. */
function copiesFor(segments: readonly SegmentFile[], txid: number): SegmentFile[] {
  const later = segments.filter(({ lastTxid }) => (lastTxid ?? Number.POSITIVE_INFINITY) >= txid);
  const first = later[0]?.firstTxid;
  return later.filter(({ firstTxid }) => firstTxid === first);
}

/** Answers the transaction after the last that was taken. Undefined: the file has gone since it was listed. */
async function readSegment(
  system: NameSystem,
  { path, firstTxid, lastTxid }: SegmentFile,
  from: number,
  maxOpBytes: number,
  take: (logged: LoggedOp) => boolean,
): Promise<number | undefined> {
  let next = from;
  const reading = readEditLog(fileChunks(system.host, path), { firstTxid, lastTxid, maxOpBytes });
  try {
    for (let step = await reading.next(); !step.done; step = await reading.next()) {
      for (const record of step.value) {
        if (record.txid < next) continue;
        const more = take(record);
        next = record.txid + 1;
        if (!more) return next;
      }
    }
  } catch (error) {
    if (diskErrorCode(error) !== 'ENOENT') throw error;
    return undefined;
  } finally {
    await reading.return?.(undefined as never);
  }
  return next;
}
