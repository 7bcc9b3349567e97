// If these fail, the file of a dead writer stays open for ever, or is closed without bytes that the writer was told are
// safe, or a restart closes it otherwise.
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../../../base/errors.ts';
import { blockId, genStamp, type InodeId, inodeId } from '../../../base/ids.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import type { InodeHandle } from '../inodes.ts';
import { fileStatus } from '../queries/file-status.ts';
import { ALICE, dump, LoggedNamespace, rpcIds, SUPERUSER } from '../testing.ts';
import { beginRecovery, checkLeaseRelease, checkRecoverLease, closeDeadFile, reassignLeaseOp } from './lease-recovery.ts';
import { checkRename } from './rename.ts';

const { COMPLETE, COMMITTED, UNDER_CONSTRUCTION: OPEN, UNDER_RECOVERY: RECOVERING } = BlockState;
type State = (typeof BlockState)[keyof typeof BlockState];

interface World {
  readonly logged: LoggedNamespace;
  readonly file: InodeHandle;
  readonly blocks: readonly BlockHandle[];
}

/** /d/f, held by `writer`, with blocks of 10 bytes in these states. */
function openFile(states: readonly State[], lastBytes = 10): World {
  const logged = new LoggedNamespace();
  const { ns } = logged;
  const permissions = { user: 'hdfs', group: 'supergroup', mode: 0o755 };
  const made = { aclEntries: [], xAttrs: [] };
  logged.apply({ kind: 'MKDIR', inodeId: inodeId(16386), path: '/d', timestamp: 1, permissions, ...made });
  logged.apply({
    kind: 'ADD',
    inodeId: inodeId(16387) as InodeId,
    path: '/d/f',
    replication: 3,
    mtime: 1,
    atime: 1,
    blockSize: 100,
    blocks: [],
    permissions,
    ...made,
    storagePolicyId: 0,
    erasureCodingPolicyId: 0,
    clientName: 'writer',
    clientMachine: 'm',
    overwrite: false,
    rpc: rpcIds(1),
  });
  const file = ns.inodes.find(inodeId(16387));
  const idOf = (i: number) => ({ id: blockId(BigInt(2 ** 30 + 1 + i)), genStamp: genStamp(1001 + i), numBytes: 10 });
  states.forEach((_, i) => {
    const penultimate = i === 0 ? undefined : idOf(i - 1);
    const numBytes = i === states.length - 1 ? lastBytes : 10;
    logged.apply({ kind: 'ADD_BLOCK', path: '/d/f', penultimate, last: { ...idOf(i), numBytes }, rpc: rpcIds(-2) });
  });
  const blocks = states.map((state, i) => {
    const block = ns.inodes.blockAt(file, i);
    ns.blocks.setState(block, state);
    return block;
  });
  return { logged, file, blocks };
}

type Outcome = 'close' | 'drop' | 'recover' | 'already closed' | 'wait';

/** States, oldest block first; positions (from the end) of those with replicas enough; bytes of the last; what follows. */
const ROWS: readonly (readonly [string, readonly State[], readonly number[], number, Outcome])[] = [
  ['no block', [], [], 0, 'close'],
  ['one, complete', [COMPLETE], [0], 10, 'close'],
  ['all complete', [COMPLETE, COMPLETE, COMPLETE], [], 10, 'close'],
  ['committed with replicas', [COMMITTED], [0], 10, 'close'],
  ['committed with replicas behind a complete one', [COMPLETE, COMMITTED], [0, 1], 10, 'close'],
  ['both committed with replicas', [COMMITTED, COMMITTED], [0, 1], 10, 'close'],
  ['committed without replicas', [COMMITTED], [], 10, 'recover'],
  ['committed without replicas behind a complete one', [COMPLETE, COMMITTED], [1], 10, 'recover'],
  ['both committed, the first without replicas', [COMMITTED, COMMITTED], [0], 10, 'wait'],
  ['both committed, without replicas', [COMMITTED, COMMITTED], [], 10, 'wait'],
  ['open', [OPEN], [0], 10, 'recover'],
  ['open behind a complete one', [COMPLETE, OPEN], [1], 10, 'recover'],
  ['open behind a committed one', [COMMITTED, OPEN], [], 10, 'recover'],
  ['under recovery', [COMPLETE, RECOVERING], [1], 10, 'recover'],
  ['open and empty, with locations', [COMPLETE, OPEN], [0, 1], 0, 'recover'],
  ['open and empty, without locations', [COMPLETE, OPEN], [], 0, 'drop'],
  ['under recovery and empty, without locations', [RECOVERING], [], 0, 'drop'],
  ['open without locations, but with bytes', [OPEN], [], 10, 'recover'],
  ['open behind an open one', [OPEN, OPEN], [0, 1], 10, 'already closed'],
  ['complete behind an open one', [OPEN, COMPLETE], [0, 1], 10, 'already closed'],
  ['an open one before the last two', [OPEN, COMPLETE, OPEN], [0, 1], 10, 'already closed'],
  ['a committed one before the last two', [COMMITTED, COMPLETE, COMMITTED], [0, 1, 2], 10, 'already closed'],
];

describe('releasing a lease', () => {
  it.each(ROWS)('%s', (_name, states, withReplicas, lastBytes, outcome) => {
    const { logged, file, blocks } = openFile(states, lastBytes);
    const has = (block: BlockHandle) => withReplicas.includes(blocks.length - 1 - blocks.indexOf(block));
    const release = () => checkLeaseRelease(logged.ns, file, { hasMinReplication: has, hasLocations: has }, 9000);
    switch (outcome) {
      case 'already closed':
        expect(release).toThrow(/^DIR\* NameSystem.internalReleaseLease: attempt to release a create lock on \/d\/f but file/);
        return;
      case 'wait':
        expect(release).toThrow(
          new HdfsError(
            'EBUSY',
            'DIR* NameSystem.internalReleaseLease: Failed to release lease for file /d/f. Committed blocks are waiting to ' +
              'be minimally replicated.',
          ),
        );
        return;
      default:
        expect(release().kind).toBe(outcome);
    }
    const found = release();
    if (found.kind !== 'close') {
      expect(found.block).toBe(blocks.at(-1));
      return;
    }
    for (const op of found.ops) logged.apply(op);
    expect(logged.ns.openFiles()).toEqual([]);
    expect(dump(logged.replay())).toEqual(dump(logged.ns));
  });

  it('takes a file that was moved with a directory above it where it is now', () => {
    const { logged, file } = openFile([OPEN]);
    const { ns } = logged;
    logged.run(checkRename(ns, SUPERUSER, { source: '/d', destination: '/moved', rpc: rpcIds(5) }, 3000));
    const { ops, recoveryId } = beginRecovery(ns, file, 'HDFS_NameNode');
    expect(recoveryId).toBe(1002);
    expect(ops).toEqual([
      { kind: 'SET_GENSTAMP_V2', genStamp: 1002 },
      { kind: 'REASSIGN_LEASE', leaseHolder: 'writer', path: '/moved/f', newHolder: 'HDFS_NameNode' },
    ]);
    for (const op of ops) logged.apply(op);
    expect(ns.leases.ofHolder('writer')).toBeUndefined();
    expect(ns.leases.ofHolder('HDFS_NameNode')?.files.size).toBe(1);
    expect(reassignLeaseOp(ns, file, undefined)).toBeUndefined();
    expect(dump(logged.replay())).toEqual(dump(ns));
  });

  it('closes at the length that the replicas show, or without a block that nobody had', () => {
    for (const [end, length] of [
      [{ numBytes: 33, genStamp: genStamp(1002) }, 33],
      ['drop', 0],
    ] as const) {
      const { logged, file } = openFile([OPEN]);
      for (const op of closeDeadFile(logged.ns, file, end, 9000)) logged.apply(op);
      expect(fileStatus(logged.ns, SUPERUSER, '/d/f', true)?.status).toMatchObject({ length, mtime: 9000 });
      expect(logged.ns.leases.fileCount).toBe(0);
      expect(dump(logged.replay())).toEqual(dump(logged.ns));
    }
  });

  it('happens after the hard limit, for the longest silent first', () => {
    const { ns } = openFile([OPEN]).logged;
    expect([...ns.leases.expired(20 * 60_000)]).toEqual([]);
    expect([...ns.leases.expired(20 * 60_000 + 1)].map((lease) => lease.holder)).toEqual(['writer']);
  });
});

describe('recoverLease', () => {
  const ask = (logged: LoggedNamespace, caller = SUPERUSER) => checkRecoverLease(logged.ns, caller, '/d/f', 'other', 'm2');

  it('answers that a closed file is closed, and else which file is to be released', () => {
    const { logged, file } = openFile([OPEN]);
    expect(ask(logged)).toBe(file);
    for (const op of closeDeadFile(logged.ns, file, 'drop', 9000)) logged.apply(op);
    expect(ask(logged)).toBe(true);
  });

  it('wants leave to write', () => {
    expect(() => ask(openFile([OPEN]).logged, ALICE)).toThrow(/^Permission denied: user=alice, access=WRITE, inode="\/d\/f"/);
  });

  it('refuses an open file without a lease', () => {
    const { logged } = openFile([OPEN]);
    logged.ns.leases.remove(inodeId(16387));
    expect(() => ask(logged)).toThrow(
      'Failed to RECOVER_LEASE /d/f for other on m2 because the file is under construction but no leases found.',
    );
  });
});
