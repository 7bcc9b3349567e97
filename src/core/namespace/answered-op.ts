// What the retry cache keeps of a call that was carried out: of its op no more than its answer is made from again. A busy
// NameNode remembers a million calls, and most of an op are paths and names that nobody will ask for.
import type { InodeId } from '../../base/ids.ts';
import type { EditOp } from '../edits/ops.ts';

/** A file that was created. */
export interface CreatedFile {
  readonly kind: 'ADD';
  readonly inodeId: InodeId;
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  readonly mtime: number;
  readonly atime: number;
  readonly replication: number;
  readonly blockSize: number;
  readonly storagePolicyId: number;
  readonly hasAcl: boolean;
}

/** A file that was opened again. */
export interface AppendedFile {
  readonly kind: 'APPEND';
  readonly inodeId: InodeId;
  readonly newBlock: boolean;
}

/** Frequent calls that are answered the same whatever they were about. */
type Plain = 'DELETE' | 'RENAME_OLD' | 'RENAME' | 'SET_XATTR' | 'REMOVE_XATTR';

export type AnsweredOp =
  | CreatedFile
  | AppendedFile
  | { readonly kind: Plain }
  | Exclude<EditOp, { readonly kind: 'ADD' | 'APPEND' | Plain }>;

const PLAIN: Readonly<Record<Plain, AnsweredOp>> = {
  DELETE: { kind: 'DELETE' },
  RENAME_OLD: { kind: 'RENAME_OLD' },
  RENAME: { kind: 'RENAME' },
  SET_XATTR: { kind: 'SET_XATTR' },
  REMOVE_XATTR: { kind: 'REMOVE_XATTR' },
};

/** `file`: the inode that the op was about. */
export function answeredOp(op: EditOp, file: InodeId): AnsweredOp {
  switch (op.kind) {
    case 'DELETE':
    case 'RENAME_OLD':
    case 'RENAME':
    case 'SET_XATTR':
    case 'REMOVE_XATTR':
      return PLAIN[op.kind];
    case 'ADD':
      return {
        kind: 'ADD',
        inodeId: op.inodeId,
        owner: op.permissions.user,
        group: op.permissions.group,
        mode: op.permissions.mode,
        mtime: op.mtime,
        atime: op.atime,
        replication: op.replication,
        blockSize: op.blockSize,
        storagePolicyId: op.storagePolicyId,
        hasAcl: op.aclEntries.length > 0,
      };
    case 'APPEND':
      return { kind: 'APPEND', inodeId: file, newBlock: op.newBlock };
    default:
      return op;
  }
}
