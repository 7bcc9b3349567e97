// If this failed, a client that lost a reply would get its block or its file twice, two clients would write one file, or
// a restart would forget bytes that were acknowledged.
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../../../base/errors.ts';
import { blockId, genStamp, UNKNOWN_INODE_ID } from '../../../base/ids.ts';
import { BlockState } from '../../blocks/block-map.ts';
import { accessTimeOp, blockLocations } from '../queries/block-locations.ts';
import { createdStatus, fileStatus } from '../queries/file-status.ts';
import { ALICE, createRequest, dump, firstBlockId, LoggedNamespace, rpcIds, SUPERUSER } from '../testing.ts';
import { checkAddBlock, newBlock } from './add-block.ts';
import { appended, checkAppend } from './append.ts';
import { blockFromEnd } from './block-values.ts';
import { checkClose, checkComplete } from './complete.ts';
import { type CreateRequest, checkCreate } from './create.ts';
import { checkDelete } from './delete.ts';
import { LeaseRecoveryWanted } from './lease-check.ts';
import { checkMkdirs } from './mkdirs.ts';
import { checkAbandonBlock, checkBumpGenStamp, checkFsync, checkUpdatePipeline } from './open-file.ts';
import { checkRename } from './rename.ts';

const create = (path: string, more: Partial<CreateRequest> = {}): CreateRequest =>
  createRequest(path, { clientName: 'DFSClient_1', clientMachine: '10.0.0.1', replication: 3, blockSize: 100, ...more });

function refusal(fn: () => unknown): HdfsError {
  try {
    fn();
  } catch (error) {
    if (error instanceof HdfsError) return error;
    throw error;
  }
  throw new Error('not refused');
}

/** A file with one open block. */
function writing() {
  const logged = new LoggedNamespace({ maxBlocksPerFile: 3 });
  const { ns } = logged;
  const status = logged.run(checkCreate(ns, SUPERUSER, create('/d/f'), 1000));
  const file = ns.inodes.find(status.fileId);
  const add = (previous?: { numBytes: number }) => {
    const last = blockFromEnd(ns, file, 0);
    const check = checkAddBlock(ns, SUPERUSER, {
      path: '/d/f',
      fileId: status.fileId,
      clientName: 'DFSClient_1',
      previous: previous && named(last, previous.numBytes),
    });
    if (check.kind !== 'new') throw new Error('unexpected retry');
    return logged.run(newBlock(ns, check)).block;
  };
  const named = (block: number, numBytes: number) => ({
    poolId: 'BP-1',
    id: blockId(ns.blocks.id(block)),
    genStamp: genStamp(ns.blocks.genStamp(block)),
    numBytes,
  });
  return { logged, ns, status, file, add, named };
}

describe('creating', () => {
  it('logs missing parents and then the file, with the numbers that Apache gives', () => {
    const { logged, status } = writing();
    expect(logged.log.map((op) => op.kind)).toEqual(['MKDIR', 'ADD']);
    expect(status).toMatchObject({ fileId: 16387, mode: 0o644, owner: 'hdfs', group: 'supergroup', length: 0 });
    expect(logged.log[1]).toMatchObject({ path: '/d/f', mtime: 1000, atime: 1000, inodeId: 16387 });
  });

  it('remembers the call, so that a retry is answered the same', () => {
    const { ns, status } = writing();
    const entry = ns.retryCache.find(rpcIds(1), 0);
    expect(entry?.txid).toBe(2);
    if (entry?.payload.kind !== 'ADD') throw new Error('no such call');
    expect(status).toMatchObject({ ...createdStatus(ns, entry.payload) });
    expect(ns.retryCache.find(rpcIds(1), 600_000)).toBeUndefined();
  });

  it('tells the second writer who the first is, and asks for recovery after the soft limit', () => {
    const { ns } = writing();
    const again = () => checkCreate(ns, SUPERUSER, create('/d/f', { clientName: 'DFSClient_2' }), 2000);
    expect(refusal(again)).toMatchObject({
      code: 'EBUSY',
      message:
        'Failed to CREATE_FILE /d/f for DFSClient_2 on 10.0.0.1 because this file lease is currently owned by ' +
        'DFSClient_1 on 10.0.0.1',
    });
    expect(refusal(() => checkCreate(ns, SUPERUSER, create('/d/f'), 2000)).message).toBe(
      'Failed to CREATE_FILE /d/f for DFSClient_1 on 10.0.0.1 because DFSClient_1 is already the current lease holder.',
    );
    ns.monotonicMs = 60_001;
    expect(refusal(again)).toBeInstanceOf(LeaseRecoveryWanted);
  });

  it('refuses sizes and names beyond the limits', () => {
    const { ns } = new LoggedNamespace({ minBlockSize: 50 });
    const message = (more: Partial<CreateRequest>, path = '/f') =>
      refusal(() => checkCreate(ns, SUPERUSER, create(path, more), 1)).message;
    expect(message({ blockSize: 49 })).toBe(
      'Specified block size 49 is less than configured minimum value dfs.namenode.fs-limits.min-block-size=50',
    );
    expect(message({ replication: 513 })).toBe(
      'Requested replication factor of 513 exceeds maximum of 512 for /f, clientName=10.0.0.1',
    );
    expect(message({}, `/${'x'.repeat(256)}`)).toBe(
      `The maximum path component name limit of ${'x'.repeat(256)} in directory / is exceeded: limit=255 length=256`,
    );
    expect(message({}, '/a:b')).toBe('Invalid path name /a:b');
    expect(message({}, '/.reserved/x')).toBe('Invalid path name /.reserved/x');
    expect(message({}, `/${'d/'.repeat(1000)}f`)).toBe('create: Pathname too long.  Limit 8000 characters, 1000 levels.');
    expect(message({ create: false })).toBe("Can't overwrite non-existent /f");
    expect(message({ createParent: false }, '/no/f')).toBe("Parent directory doesn't exist: /no");
    expect(message({ ecPolicyName: 'XOR-2-1-1024k' })).toContain(
      "Policy 'XOR-2-1-1024k' does not match any enabled erasure coding policies: [RS-6-3-1024k].",
    );
    expect(message({ ecPolicyName: 'RS-6-3-1024k' })).toBe('erasure coding is not built yet');
  });

  it('replaces a file in one op, and its blocks are freed after it', () => {
    const { logged, ns, add, status } = writing();
    add();
    const op = checkCreate(ns, SUPERUSER, create('/d/f', { overwrite: true, clientName: 'other' }), 2000);
    expect(op.ops.map((each) => each.kind)).toEqual(['ADD']);
    expect(logged.run(op).fileId).toBe(status.fileId + 1);
    expect(ns.leases.ofHolder('DFSClient_1')).toBeUndefined();
    const freed: bigint[] = [];
    while (ns.reclaim(10, (block) => freed.push(ns.blocks.id(block))));
    expect(freed).toEqual([firstBlockId]);
  });
});

describe('adding blocks', () => {
  it('logs three ops, each block with the next id and stamp', () => {
    const { logged, ns, add } = writing();
    const block = add();
    expect(logged.log.slice(2).map((op) => op.kind)).toEqual(['ALLOCATE_BLOCK_ID', 'SET_GENSTAMP_V2', 'ADD_BLOCK']);
    expect([ns.blocks.id(block), ns.blocks.genStamp(block)]).toEqual([firstBlockId, 1001]);
    expect(ns.blocks.state(block)).toBe(BlockState.UNDER_CONSTRUCTION);
  });

  it('gives a client that asks again the same block', () => {
    const { ns, status, add, named } = writing();
    const first = add();
    const second = add({ numBytes: 100 });
    const check = checkAddBlock(ns, SUPERUSER, {
      path: '/d/f',
      fileId: status.fileId,
      clientName: 'DFSClient_1',
      previous: named(first, 100),
    });
    expect(check).toMatchObject({ kind: 'retry', block: second, offset: 100 });
  });

  it('refuses a stranger, a wrong predecessor, a missing replica and too many blocks', () => {
    const { ns, status, file, add, named } = writing();
    const request = (clientName: string, previous?: ReturnType<typeof named>) => ({
      path: '/d/f',
      fileId: status.fileId,
      clientName,
      previous,
    });
    expect(refusal(() => checkAddBlock(ns, SUPERUSER, request('stranger'))).message).toBe(
      'Client (=stranger) is not the lease owner (=DFSClient_1: /d/f (inode 16387) Holder stranger does not have any open files.',
    );
    const first = add();
    expect(
      refusal(() => checkAddBlock(ns, SUPERUSER, request('DFSClient_1', { ...named(first, 1), id: blockId(9n) }))).message,
    ).toBe(
      "Cannot allocate block in /d/f: passed 'previous' block BP-1:blk_9_1001 does not match actual last block in file " +
        'blk_1073741825_1001',
    );
    ns.hasEnoughReplicas = () => false;
    const second = add({ numBytes: 100 });
    expect(ns.blocks.state(first)).toBe(BlockState.COMMITTED);
    expect(refusal(() => checkAddBlock(ns, SUPERUSER, request('DFSClient_1', named(second, 100))))).toMatchObject({
      code: 'ENOTREPLICATED',
      message: 'Not replicated yet: /d/f',
    });
    ns.blocks.setState(first, BlockState.COMPLETE);
    ns.hasEnoughReplicas = () => true;
    add({ numBytes: 100 });
    expect(refusal(() => add({ numBytes: 100 })).message).toBe(
      'File has reached the limit on maximum number of blocks (dfs.namenode.fs-limits.max-blocks-per-file): 3 >= 3',
    );
    expect(ns.inodes.blockCount(file)).toBe(3);
  });

  it('lets a block be abandoned, once', () => {
    const { logged, ns, status, file, add, named } = writing();
    const block = named(add(), 0);
    const request = { path: '/d/f', fileId: status.fileId, clientName: 'DFSClient_1', block };
    logged.run(checkAbandonBlock(ns, SUPERUSER, request));
    expect(ns.inodes.blockCount(file)).toBe(0);
    expect(checkAbandonBlock(ns, SUPERUSER, request).ops).toEqual([]);
    const freed: number[] = [];
    ns.reclaim(10, (_, txid) => freed.push(txid));
    expect(freed).toEqual([logged.log.length]);
    expect(ns.blocks.size).toBe(0);
  });
});

describe('flushing and failing pipelines', () => {
  it('keeps a flushed length, and takes a new stamp with a pipeline', () => {
    const { logged, ns, status, add, named } = writing();
    const block = add();
    const { fileId } = status;
    logged.run(checkFsync(ns, SUPERUSER, { path: '/d/f', fileId, clientName: 'DFSClient_1', lastBlockLength: 40 }));
    expect(ns.blocks.numBytes(block)).toBe(40);
    const bumped = logged.run(checkBumpGenStamp(ns, named(block, 40), 'DFSClient_1'));
    expect(bumped.genStamp).toBe(1002);
    expect(ns.blocks.genStamp(block)).toBe(1001);
    const update = (numBytes: number, stamp: number) => ({
      clientName: 'DFSClient_1',
      oldBlock: named(block, 40),
      newBlock: { ...named(block, numBytes), genStamp: genStamp(stamp) },
      rpc: rpcIds(9),
    });
    expect(refusal(() => checkUpdatePipeline(ns, update(39, 1002))).message).toContain('to a smaller size block');
    expect(refusal(() => checkUpdatePipeline(ns, update(50, 1001))).message).toContain(
      'does not have a larger generation stamp',
    );
    expect(refusal(() => checkUpdatePipeline(ns, update(50, 5000))).code).toBe('EIO');
    logged.run(checkUpdatePipeline(ns, update(50, 1002)));
    expect([ns.blocks.numBytes(block), ns.blocks.genStamp(block)]).toEqual([50, 1002]);
    expect(dump(logged.replay())).toEqual(dump(ns));
  });

  it('refuses a stranger the stamp', () => {
    const { ns, add, named } = writing();
    expect(refusal(() => checkBumpGenStamp(ns, named(add(), 0), 'stranger'))).toMatchObject({
      code: 'ELEASE',
      message: 'Lease mismatch: BP-1:blk_1073741825_1001 is accessed by a non lease holder stranger',
    });
  });
});

describe('closing', () => {
  it('waits for replicas, then logs the whole file; a repeated close succeeds', () => {
    const { logged, ns, status, add, named } = writing();
    ns.hasEnoughReplicas = () => false;
    const block = add();
    const request = { path: '/d/f', fileId: status.fileId, clientName: 'DFSClient_1', last: named(block, 77) };
    const check = checkComplete(ns, SUPERUSER, request);
    if (check.kind !== 'close' || check.commit === undefined) throw new Error('nothing to commit');
    ns.commitBlock(check.commit.block, check.commit.numBytes);
    expect(logged.run(checkClose(ns, check.file, 5000))).toBe(false);
    ns.blocks.setState(block, BlockState.COMPLETE);
    const again = checkComplete(ns, SUPERUSER, request);
    expect(again).toMatchObject({ kind: 'close', commit: undefined });
    expect(logged.run(checkClose(ns, check.file, 5000))).toBe(true);
    expect(logged.log.at(-1)).toMatchObject({ kind: 'CLOSE', inodeId: 0, mtime: 5000, atime: 1000 });
    expect(checkComplete(ns, SUPERUSER, request)).toEqual({ kind: 'closed already' });
    expect(fileStatus(ns, SUPERUSER, '/d/f', true)?.status).toMatchObject({ length: 77, mtime: 5000 });
    expect(ns.leases.fileCount).toBe(0);
    expect(dump(logged.replay())).toEqual(dump(ns));
  });

  it('follows the file where it was moved', () => {
    const { logged, ns, status, add, named } = writing();
    const block = add();
    logged.run(checkRename(ns, SUPERUSER, { source: '/d', destination: '/moved', rpc: rpcIds(5) }, 3000));
    const request = { path: '/d/f', fileId: status.fileId, clientName: 'DFSClient_1', last: named(block, 5) };
    const check = checkComplete(ns, SUPERUSER, request);
    if (check.kind !== 'close' || check.commit === undefined) throw new Error('nothing to commit');
    ns.commitBlock(check.commit.block, check.commit.numBytes);
    expect(logged.run(checkClose(ns, check.file, 5000))).toBe(true);
    expect(logged.log.at(-1)).toMatchObject({ kind: 'CLOSE', path: '/moved/f' });
  });

  it('says that the file is gone when it was deleted, and how many its writer still has', () => {
    const { logged, ns, status } = writing();
    const request = { path: '/d/f', fileId: status.fileId, clientName: 'DFSClient_1', last: undefined };
    const told = () => refusal(() => checkComplete(ns, SUPERUSER, request));
    logged.run(checkCreate(ns, SUPERUSER, create('/other'), 1000));
    logged.run(checkDelete(ns, SUPERUSER, { path: '/d', recursive: true, rpc: rpcIds(5) }, 3000));
    expect(told()).toMatchObject({
      code: 'ENOENT',
      message: 'File does not exist: /d/f (inode 16387) [Lease.  Holder: DFSClient_1, pending creates: 1]',
    });
    logged.run(checkDelete(ns, SUPERUSER, { path: '/other', recursive: true, rpc: rpcIds(6) }, 3000));
    const none = 'File does not exist: /d/f (inode 16387) Holder DFSClient_1 does not have any open files.';
    expect(told()).toMatchObject({ code: 'ENOENT', message: none });
    while (ns.reclaim(1, () => undefined));
    expect(ns.leases.fileCount).toBe(0);
  });
});

describe('taking deleted subtrees apart', () => {
  it('goes on when another one is deleted in the middle', () => {
    const logged = new LoggedNamespace();
    const { ns } = logged;
    for (const path of ['/a/x', '/a/y', '/b/x']) {
      logged.run(checkMkdirs(ns, SUPERUSER, { path, mode: { masked: 0o755 }, createParent: true }, 1000));
    }
    logged.run(checkDelete(ns, SUPERUSER, { path: '/a', recursive: true, rpc: rpcIds(1) }, 3000));
    expect(ns.reclaim(1, () => undefined)).toBe(true);
    logged.run(checkDelete(ns, SUPERUSER, { path: '/b', recursive: true, rpc: rpcIds(2) }, 3000));
    while (ns.reclaim(1, () => undefined));
    expect(ns.detached.isEmpty).toBe(true);
    expect(ns.inodes.size).toBe(1);
  });
});

describe('appending', () => {
  const closed = (bytes: number) => {
    const world = writing();
    const { logged, ns, file, add } = world;
    const block = add();
    ns.commitBlock(block, bytes);
    logged.run(checkClose(ns, file, 5000));
    return { ...world, block };
  };
  const append = { path: '/d/f', clientName: 'appender', clientMachine: 'm', newBlock: false, rpc: rpcIds(3) };

  it('opens the last block when it has room', () => {
    const { logged, ns, block, file } = closed(60);
    const answer = logged.run(checkAppend(ns, SUPERUSER, append, () => true));
    expect(answer).toMatchObject({ block, offset: 0 });
    expect(ns.blocks.state(block)).toBe(BlockState.UNDER_CONSTRUCTION);
    expect(ns.leases.ofHolder('appender')?.files.size).toBe(1);
    expect(appended(ns, file, false)).toEqual(answer);
    expect(dump(logged.replay())).toEqual(dump(ns));
  });

  it('begins a new block at the end of a full one', () => {
    const { logged, ns, status } = closed(100);
    expect(logged.run(checkAppend(ns, SUPERUSER, append, () => true)).block).toBe(0);
    const check = checkAddBlock(ns, SUPERUSER, {
      path: '/d/f',
      fileId: status.fileId,
      clientName: 'appender',
      previous: undefined,
    });
    if (check.kind !== 'new') throw new Error('unexpected retry');
    expect(logged.run(newBlock(ns, check)).offset).toBe(100);
  });

  it('refuses a block without its replicas', () => {
    const { ns } = closed(60);
    expect(refusal(() => checkAppend(ns, SUPERUSER, append, () => false)).message).toBe(
      'append: lastBlock=blk_1073741825_1001 of src=/d/f is not sufficiently replicated yet.',
    );
  });
});

describe('reading', () => {
  it('finds the blocks of a range, the open one last', () => {
    const { ns, add } = writing();
    add();
    add({ numBytes: 100 });
    const all = blockLocations(ns, SUPERUSER, '/d/f', 0, 1000).range;
    expect(all).toMatchObject({ fileLength: 100, underConstruction: true, isLastComplete: false, last: { offset: 100 } });
    expect(all.blocks.map((each) => each.offset)).toEqual([0, 100]);
    expect(blockLocations(ns, SUPERUSER, '/d/f', 0, 100).range.blocks).toHaveLength(1);
    expect(blockLocations(ns, SUPERUSER, '/d/f', 50, 0).range.blocks).toHaveLength(1);
    expect(blockLocations(ns, SUPERUSER, '/d/f', 100, 10).range.blocks).toHaveLength(0);
    expect(refusal(() => blockLocations(ns, ALICE, '/d', 0, 1)).message).toBe('Path is not a file: /d');
  });

  it('notes an access once an hour', () => {
    const { logged, ns, file } = writing();
    expect(accessTimeOp(ns, file, 1000 + 3_600_000)).toBeUndefined();
    const op = accessTimeOp(ns, file, 1001 + 3_600_000);
    expect(op).toEqual({ kind: 'TIMES', path: '/d/f', mtime: -1, atime: 3_601_001 });
    if (op !== undefined) logged.apply(op);
    expect(ns.inodes.atime(file)).toBe(3_601_001);
  });
});

describe('an op that contradicts the tree', () => {
  it('stops by its name and changes nothing', () => {
    const { ns, logged } = writing();
    const before = dump(ns);
    const bad = (op: Parameters<typeof ns.apply>[0]) => {
      let message = '';
      try {
        ns.apply(op, 77);
      } catch (error) {
        message = `${(error as Error).name}: ${(error as Error).message}`;
      }
      expect(dump(ns)).toEqual(before);
      return message;
    };
    expect(bad({ kind: 'DELETE', path: '/none', timestamp: 1, rpc: rpcIds(1) })).toBe(
      'EditLogCorruption: OP_DELETE at transaction 77 contradicts the namespace: /none does not exist',
    );
    const add = logged.log[1];
    if (add?.kind !== 'ADD') throw new Error('no ADD');
    expect(bad({ ...add, path: '/d/g' })).toContain('inode 16387 exists already');
    expect(bad({ ...add, overwrite: true })).toContain('inode 16387 exists already');
    expect(
      bad({
        kind: 'ADD_BLOCK',
        path: '/d/f',
        penultimate: { id: blockId(1n), numBytes: 1, genStamp: genStamp(1001) },
        last: { id: blockId(2n), numBytes: 0, genStamp: genStamp(1001) },
        rpc: rpcIds(1),
      }),
    ).toContain('is not the last of the file');
    expect(bad({ kind: 'OPAQUE', code: 26, body: new Uint8Array(0) })).toBe(
      'FeatureNotBuilt: transaction 77 needs the edit log operation OP_CREATE_SNAPSHOT, which this version does not have',
    );
    expect(
      bad({ ...add, inodeId: (add.inodeId + 5) as typeof add.inodeId, path: '/d/ec', erasureCodingPolicyId: 1 }),
    ).toContain('erasure-coded files');
    expect(UNKNOWN_INODE_ID).toBe(0);
  });
});
