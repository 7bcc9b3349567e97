// WebHDFS' answers about snapshots. Field names and their order are those of Hadoop's JsonUtil. Our NameNode has no
// snapshots to tell of; HttpFS may stand before one that has.
import type {
  SnapshotDiffReportEntryProto,
  SnapshotDiffReportListingEntryProto,
  SnapshotDiffReportListingProto,
  SnapshotDiffReportProto,
  SnapshotStatusProto,
} from '../wire/messages/hdfs.ts';
import { type Json, type JsonObject, treeMap, wrapped } from './java-json.ts';
import { fileStatusFields, utf8 } from './json.ts';

/** Apache: SnapshotDiffReport.DiffType, by its labels. */
const DIFF_TYPES: Readonly<Record<string, string>> = { '+': 'CREATE', M: 'MODIFY', '-': 'DELETE', R: 'RENAME' };

function diffFields({ fullpath, modificationLabel, targetPath }: SnapshotDiffReportEntryProto): JsonObject {
  return treeMap({
    type: DIFF_TYPES[modificationLabel] ?? null,
    sourcePath: utf8(fullpath),
    targetPath: targetPath === undefined ? undefined : utf8(targetPath),
  });
}

/** The names are the caller's own: Hadoop shows one that was not given as null. */
export function snapshotDiffJson(
  report: SnapshotDiffReportProto,
  names: { readonly from: string | null; readonly to: string | null },
): string {
  return wrapped(
    'SnapshotDiffReport',
    treeMap({
      snapshotRoot: report.snapshotRoot,
      fromSnapshot: names.from,
      toSnapshot: names.to,
      diffList: report.diffReportEntries.map(diffFields),
    }),
  );
}

function listedDiffFields(entry: SnapshotDiffReportListingEntryProto): JsonObject {
  return treeMap({
    dirId: entry.dirId,
    fileId: entry.fileId ?? 0,
    sourcePath: utf8(entry.fullpath),
    targetPath: entry.targetPath === undefined ? undefined : utf8(entry.targetPath),
    isReference: entry.isReference,
  });
}

export function snapshotDiffListingJson(report: SnapshotDiffReportListingProto): string {
  return wrapped(
    'SnapshotDiffReportListing',
    treeMap({
      lastPath: utf8(report.cursor?.startPath ?? new Uint8Array(0)),
      lastIndex: report.cursor?.index ?? -1,
      isFromEarlier: report.isFromEarlier,
      modifyList: report.modifiedEntries.map(listedDiffFields),
      createList: report.createdEntries.map(listedDiffFields),
      deleteList: report.deletedEntries.map(listedDiffFields),
    }),
  );
}

function snapshotFields({ dirStatus, snapshotID, parent_fullpath, isDeleted }: SnapshotStatusProto): Json {
  const parent = utf8(parent_fullpath);
  return treeMap({
    snapshotID,
    deletionStatus: isDeleted ? 'DELETED' : 'ACTIVE',
    fullPath: `${parent.endsWith('/') ? parent : `${parent}/`}.snapshot/${utf8(dirStatus.path)}`,
    dirStatus: fileStatusFields(dirStatus),
  });
}

export const snapshotListJson = (snapshots: readonly SnapshotStatusProto[] | undefined): string =>
  wrapped('SnapshotList', snapshots === undefined ? null : snapshots.map(snapshotFields));
