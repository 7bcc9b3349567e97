// ClientProtocol's questions about snapshots, of which there are none.
import { checkSnapshotDiff, checkSnapshotListing } from '../../../core/namespace/queries/snapshots.ts';
import type { Handlers } from '../../../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import type { NameSystem } from '../namesystem.ts';

/** Where a listing of differences goes on that has come to its end. */
const END = { startPath: new Uint8Array(0), index: -1 };

export function snapshotMethods(system: NameSystem): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns } = system;
  return {
    getSnapshottableDirListing: () => ({}),

    getSnapshotListing: ({ snapshotRoot }, call) =>
      system.read(call, (caller) => {
        checkSnapshotListing(ns, caller, snapshotRoot);
        return { snapshotList: { snapshotListing: [] } };
      }),

    getSnapshotDiffReport: ({ snapshotRoot, fromSnapshot, toSnapshot }, call) =>
      system.ask(call, (caller) => ({
        path: checkSnapshotDiff(ns, caller, { path: snapshotRoot, from: fromSnapshot, to: toSnapshot }),
        value: { diffReport: { snapshotRoot, fromSnapshot, toSnapshot } },
      })),

    getSnapshotDiffReportListing: ({ snapshotRoot, fromSnapshot, toSnapshot }, call) =>
      system.ask(call, (caller) => ({
        path: checkSnapshotDiff(ns, caller, { path: snapshotRoot, from: fromSnapshot, to: toSnapshot }),
        value: { diffReport: { isFromEarlier: false, cursor: END } },
      })),
  };
}
