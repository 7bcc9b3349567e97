// What the retry cache keeps of a call that was carried out: of its op no more than its answer is made from again. A busy
// NameNode remembers a million calls, and most of an op are paths and names that nobody will ask for.
import { type InodeId, inodeId } from '../../base/ids.ts';
import type { EditOp } from '../edits/ops.ts';
import { putWide, wideAt } from '../pages/records.ts';
import type { AnswerPacking } from './retry-cache.ts';
import { Owners } from './table/owners.ts';

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

/** Kinds whose answers are put into words, by their numbers; the others are too rare. */
const PACKED: readonly (Plain | 'ADD')[] = ['ADD', 'DELETE', 'RENAME_OLD', 'RENAME', 'SET_XATTR', 'REMOVE_XATTR'];

/** Words of a packed answer: only that of a created file has more than the first. */
const KIND = 0;
const MODE = 1;
const REPLICATION = 2;
const POLICY_ACL = 3;
const OWNER = 4;
const INODE_ID = 5;
const MTIME = 7;
const ATIME = 9;
const BLOCK_SIZE = 11;
const WORDS = 13;
const ACL_SHIFT = 8;

/** Answers as rows of the retry cache have them. */
export class AnsweredOpPacking implements AnswerPacking<AnsweredOp> {
  readonly words = WORDS;
  readonly #owners = new Owners();

  pack(answer: AnsweredOp, page: Uint32Array, at: number): boolean {
    const kind = PACKED.indexOf(answer.kind as Plain | 'ADD');
    if (kind < 0) return false;
    page[at + KIND] = kind;
    if (answer.kind !== 'ADD') return true;
    page[at + MODE] = answer.mode;
    page[at + REPLICATION] = answer.replication;
    page[at + POLICY_ACL] = answer.storagePolicyId | (Number(answer.hasAcl) << ACL_SHIFT);
    page[at + OWNER] = this.#owners.number(answer.owner, answer.group);
    putWide(page, at + INODE_ID, answer.inodeId);
    putWide(page, at + MTIME, answer.mtime);
    putWide(page, at + ATIME, answer.atime);
    putWide(page, at + BLOCK_SIZE, answer.blockSize);
    return true;
  }

  unpack(page: Uint32Array, at: number): AnsweredOp {
    const kind = PACKED[page[at + KIND] as number] as Plain | 'ADD';
    if (kind !== 'ADD') return PLAIN[kind];
    const owner = page[at + OWNER] as number;
    const policyAcl = page[at + POLICY_ACL] as number;
    return {
      kind,
      inodeId: inodeId(wideAt(page, at + INODE_ID)),
      owner: this.#owners.user(owner),
      group: this.#owners.group(owner),
      mode: page[at + MODE] as number,
      mtime: wideAt(page, at + MTIME),
      atime: wideAt(page, at + ATIME),
      replication: (page[at + REPLICATION] as number) | 0,
      blockSize: wideAt(page, at + BLOCK_SIZE),
      storagePolicyId: policyAcl & ((1 << ACL_SHIFT) - 1),
      hasAcl: policyAcl >>> ACL_SHIFT !== 0,
    };
  }
}
