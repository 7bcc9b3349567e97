// EL3, at each start of a NameNode: what it takes up of its log is the longest intact beginning of what lay on its disks, no
// less than was durable and no more than could be read.
import { EditDecoder } from '../../src/format/edit-log/decoder.ts';
import { parseStorageFileName } from '../../src/format/storage/names.ts';
import type { DiskTree } from '../../src/host/sim/disk-tree.ts';
import type { SimCluster } from '../cluster.ts';
import type { Ledger } from '../ledger.ts';
import type { Witness } from '../witness.ts';

interface Names {
  /** Last transactions of finalized segments and of images. */
  readonly complete: readonly number[];
  readonly inProgress: readonly { readonly firstTxid: number; readonly bytes: () => Buffer }[];
}

/** Segments in all name directories, as a process sees them. */
function segmentsOn(disk: DiskTree): Names {
  const complete: number[] = [];
  const inProgress: { firstTxid: number; bytes: () => Buffer }[] = [];
  for (const [path, file] of disk.files('/')) {
    if (!path.includes('/current/')) continue;
    const parsed = parseStorageFileName(path.slice(path.lastIndexOf('/') + 1));
    if (parsed?.kind === 'edits') complete.push(parsed.lastTxid);
    if (parsed?.kind === 'image') complete.push(parsed.txid);
    if (parsed?.kind !== 'edits-in-progress') continue;
    inProgress.push({
      firstTxid: parsed.firstTxid,
      bytes: () => {
        const bytes = Buffer.alloc(file.size);
        file.read(bytes, 0, bytes.length, 0);
        return bytes;
      },
    });
  }
  return { complete, inProgress };
}

function lastReadable(disk: DiskTree): number {
  const { complete, inProgress } = segmentsOn(disk);
  let last = complete.reduce((most, txid) => Math.max(most, txid), 0);
  for (const { firstTxid, bytes } of inProgress) {
    const content = bytes();
    const decoder = new EditDecoder({ firstTxid, windowBytes: content.length + 1 });
    decoder.push(content);
    decoder.finish();
    while (decoder.next() !== undefined);
    last = Math.max(last, firstTxid - 1, decoder.lastTxid);
  }
  return last;
}

export function watchLogStarts(cluster: SimCluster, witness: Witness, ledger: Ledger): void {
  const { nameNode, violations } = cluster;
  const start = nameNode.start.bind(nameNode);
  nameNode.start = async () => {
    const { disk, host } = nameNode.machine;
    const durable = witness.read().at(-1)?.txid ?? 0;
    const readable = lastReadable(disk);
    await start();
    if (nameNode.running === undefined || nameNode.machine.host !== host) return;
    ledger.startedFrom(nameNode.running.checkpointer.imageTxid);
    // It goes on in a new segment behind what it took up.
    const taken = segmentsOn(disk).inProgress.reduce((most, { firstTxid }) => Math.max(most, firstTxid), 0) - 1;
    const detail = (): string => `a start takes up ${taken} transactions, ${durable} were durable and ${readable} readable`;
    violations.check(taken >= durable && taken <= Math.max(readable, durable), 'EL3', detail);
  };
}
