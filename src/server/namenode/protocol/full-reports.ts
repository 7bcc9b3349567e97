// The full reports of one call, one for each of a node's storages. Neighbouring blocks lie on different storages, and a node names
// those of each in one and the same order. So the reports are worked in beside each other, that one first which is furthest
// behind: what is known of a group of blocks comes into the processor's cache once, not once for each storage.
import { decodeBlockBuffers, decodeBlockLongs, type ReplicaCursor } from '../../../core/blocks/block-list.ts';
import type { DatanodeId } from '../../../core/blocks/datanode.ts';
import type { FullReport } from '../../../core/blocks/full-report.ts';
import type { Host } from '../../../host/host.ts';
import type { StorageBlockReportProto } from '../../../wire/messages/datanode.ts';
import type { NameSystem } from '../namesystem.ts';
import { storageOf } from '../wire/datanodes.ts';

/** Replicas that are worked in in one turn: about a millisecond. */
const TURN = 4096;
/** The same of the first, behind which each has twice as many: after a start, code is slow until it has run for a while. */
const FIRST_TURN = 512;
/** Replicas of one storage before another one's may come: as many as let each come once in a turn, between these bounds. */
const LEAST_STRIDE = 128;
const MOST_STRIDE = 512;

const cursorOf = (report: StorageBlockReportProto): ReplicaCursor =>
  report.blocksBuffers.length > 0 || report.numberOfBlocks !== undefined
    ? decodeBlockBuffers(report.numberOfBlocks ?? 0, report.blocksBuffers)
    : decodeBlockLongs(report.blocks);

/** Cuts them into groups of at most so many, none of which names a storage twice. */
function* groups(reports: readonly StorageBlockReportProto[], most: number): Generator<readonly StorageBlockReportProto[]> {
  let group: StorageBlockReportProto[] = [];
  const storages = new Set<string>();
  for (const report of reports) {
    const { storageUuid } = report.storage;
    if (group.length === most || storages.has(storageUuid)) {
      yield group;
      group = [];
      storages.clear();
    }
    group.push(report);
    storages.add(storageUuid);
  }
  if (group.length > 0) yield group;
}

function furthestBehind(reports: readonly FullReport[]): number {
  let found = 0;
  for (let i = 1; i < reports.length; i++) {
    if ((reports[i] as FullReport).progress < (reports[found] as FullReport).progress) found = i;
  }
  return found;
}

/** What a report needs of the NameNode. */
export type ReportReader = Pick<NameSystem, 'blockManager' | 'activity' | 'now'> & { readonly host: Pick<Host, 'clock'> };

/** Works them in, in slices between which others have their turn. */
async function workInGroup(system: ReportReader, id: DatanodeId, group: readonly StorageBlockReportProto[]): Promise<void> {
  const { blockManager, host } = system;
  const running: FullReport[] = [];
  try {
    for (const report of group) {
      const { storage } = report;
      const begun = blockManager.beginFullReport(id, storageOf(storage, storage.storageUuid), cursorOf(report), system.now());
      if (begun !== undefined) running.push(begun);
    }
    for (let turn = FIRST_TURN; running.length > 0; turn = Math.min(2 * turn, TURN)) {
      const stride = Math.min(Math.max(Math.floor(turn / running.length), LEAST_STRIDE), MOST_STRIDE);
      const now = system.now();
      blockManager.beginReportTurn(running.length);
      for (let left = turn; left >= stride && running.length > 0; left -= stride) {
        const next = furthestBehind(running);
        if (blockManager.stepFullReport(running[next] as FullReport, stride, now, true)) running.splice(next, 1);
      }
      if (running.length > 0) await new Promise<void>((resolve) => host.clock.defer(resolve));
    }
  } finally {
    // One that fails takes the others with it.
    for (const report of running) blockManager.abandonFullReport(report);
  }
}

/** Works in what a node says that its storages hold. */
export async function workIn(system: ReportReader, id: DatanodeId, reports: readonly StorageBlockReportProto[]): Promise<void> {
  for (const group of groups(reports, system.blockManager.fullReportsAtOnce)) {
    const began = system.now().monotonicMs;
    await workInGroup(system, id, group);
    system.activity.storageReports.addSeveral(group.length, system.now().monotonicMs - began);
  }
}
