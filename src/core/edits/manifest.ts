// Which finalized segments lead from one transaction onwards, for whoever fetches them: of the copies of a segment the one
// that reaches furthest; before a gap nothing is listed, since it would lead nowhere. Apache: JournalSet.getEditLogManifest.

export interface SegmentRange {
  readonly firstTxid: number;
  readonly lastTxid: number;
}

export interface EditLogManifest {
  readonly segments: readonly SegmentRange[];
  /** Last transaction that the segments hold; the one before `fromTxid` when there are none. */
  readonly lastTxid: number;
}

/** Segments that hold only what is before `fromTxid`, or begin before it, are not listed. */
export function editLogManifest(ranges: readonly SegmentRange[], fromTxid: number): EditLogManifest {
  const furthest = new Map<number, number>();
  for (const { firstTxid, lastTxid } of ranges) {
    if (firstTxid >= fromTxid) furthest.set(firstTxid, Math.max(lastTxid, furthest.get(firstTxid) ?? 0));
  }
  let segments: SegmentRange[] = [];
  let next = fromTxid;
  for (const firstTxid of [...furthest.keys()].sort((a, b) => a - b)) {
    // Within what was listed already.
    if (firstTxid < next) continue;
    if (firstTxid > next) segments = [];
    const lastTxid = furthest.get(firstTxid) as number;
    segments.push({ firstTxid, lastTxid });
    next = lastTxid + 1;
  }
  return { segments, lastTxid: next - 1 };
}
