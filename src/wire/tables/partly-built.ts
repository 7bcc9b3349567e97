// What is answered in part: methods that stand as built in these tables, or commands, of which one use is refused.

export interface PartlyBuilt {
  readonly what: string;
  readonly why: string;
}

export const PARTLY_BUILT: readonly PartlyBuilt[] = [
  {
    what: '`rollingUpgrade`, `dfsadmin -rollingUpgrade`: `PREPARE` is refused; `QUERY` and `FINALIZE` find no upgrade under way',
    why: 'upgrades of a running cluster are not built yet',
  },
  {
    what:
      '`getSnapshottableDirListing`, `getSnapshotListing`, `getSnapshotDiffReport`, `getSnapshotDiffReportListing`: the root alone ' +
      'counts as snapshottable, and has no snapshots; for all else Hadoop’s refusal',
    why: 'snapshots are not built yet',
  },
  { what: '`dfsadmin -allowSnapshot`, `-disallowSnapshot`', why: 'snapshots are not built yet' },
];
