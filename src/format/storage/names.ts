// Names of the files in a NameNode's `current` directory: made and parsed. Apache: NNStorage.NameNodeFile.
import { BEING_WRITTEN } from '../../base/being-written.ts';

const TXID_DIGITS = 19;

/** What a file of a `current` directory is, by its name. */
export type StorageFileName =
  | { readonly kind: 'image'; readonly txid: number }
  | { readonly kind: 'image-digest'; readonly txid: number }
  /** An image that was being written; never loaded. */
  | { readonly kind: 'image-checkpoint'; readonly txid: number }
  | { readonly kind: 'image-rollback'; readonly txid: number }
  /** An image, or its digest, of another state of the NameNode. */
  | { readonly kind: 'image-aside'; readonly txid: number }
  | { readonly kind: 'edits'; readonly firstTxid: number; readonly lastTxid: number }
  | { readonly kind: 'edits-in-progress'; readonly firstTxid: number }
  /** Put aside: nothing usable was in it, or it was cut. `marker` is what stands after the txids, such as .empty or .corrupt. */
  | { readonly kind: 'edits-aside'; readonly firstTxid: number; readonly marker: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'seen-txid' };

export const VERSION_FILE = 'VERSION';
export const SEEN_TXID_FILE = 'seen_txid';
export const LOCK_FILE = 'in_use.lock';
export const CURRENT_DIRECTORY = 'current';

const pad = (txid: number): string => String(txid).padStart(TXID_DIGITS, '0');

export const imageName = (txid: number): string => `fsimage_${pad(txid)}`;
export const imageDigestName = (txid: number): string => `${imageName(txid)}.md5`;
/** Name of an image while it is written, before its digest is known. */
export const imageCheckpointName = (txid: number): string => `fsimage.ckpt_${pad(txid)}`;
export const imageRollbackName = (txid: number): string => `fsimage_rollback_${pad(txid)}`;
export const editsName = (firstTxid: number, lastTxid: number): string => `edits_${pad(firstTxid)}-${pad(lastTxid)}`;
export const editsInProgressName = (firstTxid: number): string => `edits_inprogress_${pad(firstTxid)}`;

/** Behind the name of what a secondary has of another state of the NameNode, such as one beyond the end of its log. */
export const AHEAD = '.ahead';

const PATTERNS: readonly (readonly [RegExp, (groups: readonly string[]) => StorageFileName | undefined])[] = [
  [/^fsimage_(\d+)$/, ([txid]) => withTxid(txid, (value) => ({ kind: 'image', txid: value }))],
  [/^fsimage_(\d+)\.md5$/, ([txid]) => withTxid(txid, (value) => ({ kind: 'image-digest', txid: value }))],
  [/^fsimage\.ckpt_(\d+)$/, ([txid]) => withTxid(txid, (value) => ({ kind: 'image-checkpoint', txid: value }))],
  [/^fsimage_rollback_(\d+)$/, ([txid]) => withTxid(txid, (value) => ({ kind: 'image-rollback', txid: value }))],
  [/^fsimage_(\d+)(?:\.md5)?\.ahead$/, ([txid]) => withTxid(txid, (value) => ({ kind: 'image-aside', txid: value }))],
  [/^edits_inprogress_(\d+)$/, ([txid]) => withTxid(txid, (value) => ({ kind: 'edits-in-progress', firstTxid: value }))],
  [
    /^edits_inprogress_(\d+)(\.\D.*)$/,
    ([txid, marker]) => withTxid(txid, (firstTxid) => ({ kind: 'edits-aside', firstTxid, marker: marker ?? '' })),
  ],
  [
    /^edits_(\d+)-\d+(\.(?!tmp$)\D.*)$/,
    ([txid, marker]) => withTxid(txid, (firstTxid) => ({ kind: 'edits-aside', firstTxid, marker: marker ?? '' })),
  ],
  [
    /^edits_(\d+)-(\d+)$/,
    ([first, last]) =>
      withTxid(first, (firstTxid) =>
        withTxid(last, (lastTxid) => (lastTxid < firstTxid ? undefined : { kind: 'edits', firstTxid, lastTxid })),
      ),
  ],
];

function withTxid(
  digits: string | undefined,
  make: (txid: number) => StorageFileName | undefined,
): StorageFileName | undefined {
  const txid = Number(digits);
  return Number.isSafeInteger(txid) ? make(txid) : undefined;
}

/** Whether it is what a crash left of a file of a `current` directory that was being written. */
export function isHalfWritten(name: string): boolean {
  return name.endsWith(BEING_WRITTEN) && parseStorageFileName(name.slice(0, -BEING_WRITTEN.length)) !== undefined;
}

/** Undefined for every name that is none of ours. */
export function parseStorageFileName(name: string): StorageFileName | undefined {
  if (name === VERSION_FILE) return { kind: 'version' };
  if (name === SEEN_TXID_FILE) return { kind: 'seen-txid' };
  for (const [pattern, make] of PATTERNS) {
    const match = pattern.exec(name);
    if (match !== null) return make(match.slice(1));
  }
  return undefined;
}

/** Content of seen_txid: a txid that the edit log reached at least. */
export function formatSeenTxid(txid: number): string {
  return `${txid}\n`;
}

/** Undefined when it is not one number. Apache: PersistentLongFile. */
export function parseSeenTxid(content: string): number | undefined {
  const match = /^(\d{1,19})\r?\n?$/.exec(content);
  const txid = match === null ? Number.NaN : Number(match[1]);
  return Number.isSafeInteger(txid) ? txid : undefined;
}
