// If this failed, one odd request of a client would stop the NameNode, or be answered otherwise than Apache answers it:
// values at the edge of what the tables hold, reserved paths, empty names.
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { blockId, genStamp, UNKNOWN_INODE_ID } from '../../base/ids.ts';
import { spaceConsumed } from './file-length.ts';
import { checkAddBlock, newBlock } from './ops/add-block.ts';
import { checkSetOwner, checkSetPermission, checkSetStoragePolicy } from './ops/attributes.ts';
import { blockFromEnd } from './ops/block-values.ts';
import { checkComplete } from './ops/complete.ts';
import { type CreateRequest, checkCreate, checkCreatePath } from './ops/create.ts';
import { checkDelete } from './ops/delete.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkBumpGenStamp, checkFsync, checkUpdatePipeline } from './ops/open-file.ts';
import { checkRename } from './ops/rename.ts';
import { readablePath } from './queries/access.ts';
import { fileStatus, StatusFlag } from './queries/file-status.ts';
import { listing } from './queries/listing.ts';
import { ALICE, createRequest, LoggedNamespace, rpcIds, SUPERUSER } from './testing.ts';

const CLIENT = 'c';
const HUGE = Number(2n ** 63n - 1n);

const create = (path: string, more: Partial<CreateRequest> = {}): CreateRequest =>
  createRequest(path, { clientName: CLIENT, replication: 2, blockSize: 100, ...more });

function refusal(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof HdfsError) return `${error.javaClass.replace(/.*\./, '')}: ${error.message}`;
    throw error;
  }
  return 'allowed';
}

/** The file /d/f with one block, and the block as its client names it. */
function writing() {
  const logged = new LoggedNamespace();
  const { ns } = logged;
  const { fileId } = logged.run(checkCreate(ns, SUPERUSER, create('/d/f'), 1));
  const request = { path: '/d/f', fileId, clientName: CLIENT };
  const add = (numBytes?: number) => {
    const check = checkAddBlock(ns, SUPERUSER, { ...request, previous: numBytes === undefined ? undefined : named(numBytes) });
    if (check.kind === 'new') logged.run(newBlock(ns, check));
  };
  const named = (numBytes: number) => {
    const last = blockFromEnd(ns, ns.inodes.find(fileId), 0);
    return { poolId: 'BP-1', id: blockId(ns.blocks.id(last)), genStamp: genStamp(ns.blocks.genStamp(last)), numBytes };
  };
  add();
  return { logged, ns, request, add, named, file: ns.inodes.find(fileId) };
}

describe('lengths that no block can have', () => {
  it('are refused wherever a client states one', () => {
    const { ns, logged, request, named } = writing();
    const block = named(0);
    const tooLong = `blk_${block.id}_${block.genStamp} cannot have ${HUGE} bytes: a block has at most 281474976710655`;
    expect(refusal(() => checkFsync(ns, SUPERUSER, { ...request, lastBlockLength: HUGE }))).toBe(`IOException: ${tooLong}`);
    expect(refusal(() => checkComplete(ns, SUPERUSER, { ...request, last: named(HUGE) }))).toBe(`IOException: ${tooLong}`);
    expect(refusal(() => checkAddBlock(ns, SUPERUSER, { ...request, previous: named(HUGE) }))).toBe(`IOException: ${tooLong}`);
    const { genStamp: next } = logged.run(checkBumpGenStamp(ns, block, CLIENT));
    const newBlockOfClient = { ...block, genStamp: next, numBytes: HUGE };
    const update = { clientName: CLIENT, oldBlock: block, newBlock: newBlockOfClient, rpc: rpcIds(2) };
    expect(refusal(() => checkUpdatePipeline(ns, update))).toContain(`cannot have ${HUGE} bytes`);
  });

  it('nor a block size that the header of a file does not hold', () => {
    const { ns } = new LoggedNamespace();
    expect(refusal(() => checkCreate(ns, SUPERUSER, create('/f', { blockSize: 2 ** 48 }), 1))).toBe(
      'IllegalArgumentException: Illagal value: PREFERRED_BLOCK_SIZE = 281474976710656 > MAX = 281474976710655',
    );
    expect(refusal(() => checkCreate(ns, SUPERUSER, create('/f', { blockSize: 2 ** 48 - 1 }), 1))).toBe('allowed');
  });
});

describe('blocks', () => {
  it('of a deleted file do not exist any more, though they are taken apart later', () => {
    const { ns, logged, named } = writing();
    const block = named(0);
    logged.run(checkDelete(ns, SUPERUSER, { path: '/d', recursive: true, rpc: rpcIds(2) }, 1));
    expect(refusal(() => checkBumpGenStamp(ns, block, CLIENT))).toBe(
      `IOException: BP-1:blk_${block.id}_${block.genStamp} does not exist.`,
    );
  });

  it('that are not complete take the space of full ones', () => {
    const { ns, add, file } = writing();
    expect(spaceConsumed(ns, file)).toBe(200);
    ns.hasEnoughReplicas = () => false;
    add(40);
    expect(spaceConsumed(ns, file)).toBe(400);
  });
});

describe('reserved paths', () => {
  const world = () => {
    const logged = new LoggedNamespace();
    const mkdir = (path: string) => checkMkdirs(logged.ns, SUPERUSER, { path, mode: { masked: 0o755 }, createParent: true }, 1);
    logged.run(mkdir('/d'));
    return { ns: logged.ns, mkdir };
  };

  it('show an empty directory of snapshots below the root, and no other', () => {
    const { ns, mkdir } = world();
    const names = (path: string) => {
      const found: string[] = [];
      listing(ns, ALICE, { path, startAfter: new Uint8Array(0), limit: 10 })?.walk(({ name }) => {
        found.push(Buffer.from(name).toString());
        return true;
      });
      return found;
    };
    expect(names('/.snapshot')).toEqual([]);
    expect(fileStatus(ns, ALICE, '/.snapshot', true)?.status).toMatchObject({ mode: 0o777, fileId: -1 });
    expect(fileStatus(ns, ALICE, '/', true)?.status?.flags).toBe(StatusFlag.SNAPSHOT_ENABLED);
    expect(fileStatus(ns, ALICE, '/d', true)?.status?.flags).toBe(0);
    expect(fileStatus(ns, ALICE, '/d/.snapshot', true)?.status).toBeUndefined();
    expect(refusal(() => names('/d/.snapshot'))).toBe('SnapshotException: Directory is not a snapshottable directory: /d');
    expect(refusal(() => names('/no/.snapshot'))).toBe('FileNotFoundException: Directory does not exist: /no');
    const readOnly = 'SnapshotAccessControlException: Modification on a read-only snapshot is disallowed';
    expect(refusal(() => mkdir('/.snapshot/x'))).toBe(readOnly);
    expect(refusal(() => checkDelete(ns, SUPERUSER, { path: '/.snapshot', recursive: true, rpc: rpcIds(1) }, 1))).toBe(
      readOnly,
    );
  });

  it('have the time of the file system and no inode', () => {
    const { ns } = world();
    ns.createdMs = 77;
    const times: number[] = [];
    listing(ns, ALICE, { path: '/.reserved', startAfter: new Uint8Array(0), limit: 10 })?.walk(({ mtime, fileId }) => {
      times.push(mtime, fileId);
      return true;
    });
    expect(times).toEqual([77, -1, 77, -1]);
  });

  it('are refused under the name of the request', () => {
    const { ns } = world();
    const superuserFor = (operation: string) =>
      `AccessControlException: Access denied for user alice. Superuser privilege is required for operation ${operation}`;
    expect(refusal(() => checkSetPermission(ns, ALICE, '/.reserved/raw/d', 0o700))).toBe(superuserFor('setPermission'));
    const writing = { path: '/.reserved/raw/d', fileId: UNKNOWN_INODE_ID, clientName: 'c', last: undefined };
    expect(refusal(() => checkComplete(ns, ALICE, writing))).toBe(superuserFor('completeFile'));
    expect(refusal(() => checkFsync(ns, ALICE, { ...writing, lastBlockLength: 0 }))).toBe(superuserFor('fsync'));
    const rename = { source: '/.reserved/raw/d', destination: '/x', rpc: rpcIds(1) };
    expect(refusal(() => checkRename(ns, ALICE, rename, 1))).toBe(superuserFor('rename'));
    // The old rename answers false to nearly everything, but not to this.
    expect(refusal(() => checkRename(ns, SUPERUSER, { ...rename, source: '/d', destination: '/.reserved' }, 1))).toBe(
      'InvalidPathException: Invalid path name Cannot rename to or from /.reserved',
    );
  });

  it('name inodes by numbers that Java can read', () => {
    const { ns } = world();
    const look = (id: string) => refusal(() => readablePath(ns, SUPERUSER, `/.reserved/.inodes/${id}`));
    expect(look('9223372036854775807')).toBe(
      'FileNotFoundException: File for given inode path does not exist: /.reserved/.inodes/9223372036854775807',
    );
    expect(look('9223372036854775808')).toBe(
      'FileNotFoundException: Invalid inode path: /.reserved/.inodes/9223372036854775808',
    );
    expect(look('00000000000000000000000000016385')).toBe('allowed');
  });
});

describe('words', () => {
  it('for empty paths and names, and for policies, are those of Apache', () => {
    const { ns, logged } = writing();
    const emptyPath = 'IllegalArgumentException: Can not create a Path from an empty string';
    expect(refusal(() => checkCreatePath(''))).toBe(emptyPath);
    logged.run(checkSetOwner(ns, SUPERUSER, '/d/f', 'alice', undefined));
    expect(refusal(() => checkSetOwner(ns, ALICE, '/d/f', '', undefined))).toBe(
      'AccessControlException: User alice is not a super user (non-super user cannot change owner).',
    );
    expect(checkSetOwner(ns, SUPERUSER, '/d/f', '', '').ops).toEqual([]);
    expect(refusal(() => checkSetStoragePolicy(ns, ALICE, '/d/f', 'LAZY_PERSIST'))).toBe(
      'HadoopIllegalArgumentException: Policy BlockStoragePolicy{LAZY_PERSIST:15, storageTypes=[RAM_DISK, DISK], ' +
        'creationFallbacks=[DISK], replicationFallbacks=[DISK]} cannot be set after file creation.',
    );
  });
});
