// What the tests of the namespace share: a namespace that logs what it applies, and a text of a whole tree to compare.
// Not part of any server.
import { HdfsError } from '../../base/errors.ts';
import { blockId, inodeId } from '../../base/ids.ts';
import type { EditOp, RpcIds } from '../edits/ops.ts';
import { blocksOf } from './apply/blocks.ts';
import { type InodeHandle, InodeType } from './inodes.ts';
import { type Checked, Namespace, type NamespaceOptions, type OpHandles } from './namespace.ts';
import type { CreateRequest } from './ops/create.ts';
import { nameText } from './paths.ts';
import type { Caller } from './permissions.ts';

export const SUPERUSER: Caller = { user: 'hdfs', groups: ['supergroup'], superuser: true };
export const ALICE: Caller = { user: 'alice', groups: ['staff'], superuser: false };
export const BOB: Caller = { user: 'bob', groups: ['staff'], superuser: false };

export const rpcIds = (callId: number): RpcIds => ({ clientId: new Uint8Array(16).fill(7), callId });

/** A new file of ten-byte blocks and one replica. */
export const createRequest = (path: string, more: Partial<CreateRequest> = {}): CreateRequest => ({
  path,
  mode: { masked: 0o644 },
  clientName: 'c',
  clientMachine: 'm',
  create: true,
  overwrite: false,
  lazyPersist: false,
  shouldReplicate: false,
  createParent: true,
  replication: 1,
  blockSize: 10,
  rpc: rpcIds(1),
  ...more,
});

/** Code and words with which something is refused. Throws when it is not. */
export function refusal(fn: () => unknown): readonly [code: string, message: string] {
  try {
    fn();
  } catch (error) {
    if (error instanceof HdfsError) return [error.code, error.message];
    throw error;
  }
  throw new Error('not refused');
}

/** A namespace as a server drives it: check, apply, remember the op. */
export class LoggedNamespace {
  readonly ns: Namespace;
  readonly log: EditOp[] = [];
  readonly #options: Partial<NamespaceOptions>;

  constructor(options: Partial<NamespaceOptions> = {}) {
    this.#options = { minBlockSize: 1, ...options };
    this.ns = new Namespace(this.#options);
    this.ns.blockPoolId = 'BP-1';
    this.ns.space.start();
  }

  run<R>(checked: Checked<R>): R {
    checked.ops.forEach((op, i) => {
      this.apply(op, checked.handles?.[i]);
    });
    return checked.result();
  }

  apply(op: EditOp, handles?: OpHandles): void {
    this.log.push(op);
    this.ns.apply(op, this.log.length, handles);
  }

  /** A fresh namespace from the log alone. */
  replay(): Namespace {
    const fresh = new Namespace(this.#options);
    this.log.forEach((op, i) => {
      fresh.apply(op, i + 1);
    });
    return fresh;
  }
}

/** Everything an image would hold, one line for each inode, in the order of paths. */
export function dump(ns: Namespace): string[] {
  const lines = [
    `ids ${ns.lastInodeId} ${ns.lastBlockId} ${ns.genStamp} inodes=${ns.inodeCount} blocks=${ns.blockCount}`,
    `leases ${ns
      .openFiles()
      .map((f) => ns.inodes.id(f))
      .sort((a, b) => a - b)
      .join()}`,
  ];
  const visit = (inode: InodeHandle, path: string): void => {
    lines.push(`${path === '' ? '/' : path} ${describe(ns, inode)}`);
    if (ns.inodes.type(inode) !== InodeType.DIRECTORY) return;
    ns.inodes.forEachChild(inode, undefined, (child) => {
      visit(child, `${path}/${nameText(ns.inodes.name(child))}`);
      return true;
    });
  };
  visit(ns.inodes.root, '');
  return lines;
}

function describe(ns: Namespace, inode: InodeHandle): string {
  const { inodes, blocks } = ns;
  const parts: unknown[] = [
    inodes.type(inode),
    inodes.id(inode),
    inodes.user(inode),
    inodes.group(inode),
    inodes.mode(inode).toString(8),
    inodes.mtime(inode),
    inodes.atime(inode),
    inodes.acl(inode),
    inodes.xattrs(inode)?.map((x) => ({ ...x, value: Array.from(x.value ?? []) })),
    inodes.quota(inode),
    inodes.symlinkTarget(inode),
    inodes.type(inode) === InodeType.SYMLINK ? 0 : inodes.storagePolicy(inode),
  ];
  if (inodes.type(inode) === InodeType.FILE) {
    parts.push(inodes.replication(inode), inodes.preferredBlockSize(inode));
    parts.push(inodes.underConstruction(inode));
    for (const block of blocksOf(ns, inode)) {
      parts.push(`${blocks.id(block)}_${blocks.genStamp(block)}:${blocks.numBytes(block)} of ${blocks.owner(block) === inode}`);
    }
  }
  return parts.map((part) => (typeof part === 'object' ? JSON.stringify(part) : String(part))).join(' ');
}

export const firstBlockId = blockId(2n ** 30n + 1n);
export const firstInodeId = inodeId(16386);
