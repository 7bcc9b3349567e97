// If these fail, one writer that died with many open files, or one DataNode that deleted much, keeps all others waiting: what
// comes in bulk is worked off in slices of a fixed number, however much it is.
import { expect, test, vi } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { BlockState } from '../../core/blocks/block-map.ts';
import { NO_RPC_IDS } from '../../core/edits/ops.ts';
import { NAMENODE_LEASE_HOLDER } from '../../core/namespace/leases.ts';
import { ReceivedDeletedBlockInfoProto_BlockStatus } from '../../wire/messages/datanode.ts';
import { registerDataNode } from './test-datanode.ts';
import { createFile, TestNameNode } from './test-namenode.ts';

/** The number of the turn that runs now: it grows with everything that is put off to a later one. */
function countTurns(nn: TestNameNode): () => number {
  let turn = 0;
  const { clock } = nn.machine.host;
  const { defer } = clock;
  vi.spyOn(clock, 'defer').mockImplementation((fn) =>
    defer(() => {
      turn++;
      fn();
    }),
  );
  return () => turn;
}

const mostAlike = (values: readonly number[]): number =>
  Math.max(...[...new Set(values)].map((value) => values.filter((each) => each === value).length));

test('the files of a writer that is gone are closed some at a time', async () => {
  const FILES = 150;
  const nn = new TestNameNode();
  await nn.format();
  const api = await nn.start();
  for (let i = 0; i < FILES; i++) await createFile(api, `/left-open-${i}`);
  const turn = countTurns(nn);
  const turns: number[] = [];
  const { system } = nn.running;
  const commit = system.commit.bind(system);
  vi.spyOn(system, 'commit').mockImplementation((...args) => {
    turns.push(turn());
    return commit(...args);
  });
  await nn.simulation.advance(1_300_000);
  expect(system.namespace.leases.fileCount).toBe(0);
  expect(turns).toHaveLength(FILES);
  expect(mostAlike(turns)).toBeLessThanOrEqual(32);
});

test('a long incremental report is worked in some blocks at a time', async () => {
  const BLOCKS = 2_500;
  const nn = new TestNameNode();
  await nn.format();
  await nn.start();
  const { calls, registration, blockPoolId } = await registerDataNode(nn, 'one', 'uuid');
  const turn = countTurns(nn);
  const told: { readonly turn: number; readonly ids: readonly bigint[] }[] = [];
  const { blockManager } = nn.running.system;
  const report = blockManager.incrementalReport.bind(blockManager);
  vi.spyOn(blockManager, 'incrementalReport').mockImplementation((id, storage, entries, now) => {
    told.push({ turn: turn(), ids: entries.map((entry) => entry.id) });
    report(id, storage, entries, now);
  });
  const ids = Array.from({ length: BLOCKS }, (_, i) => BigInt(2 ** 30 + 1 + i));
  await nn.within(
    calls.blockReceivedAndDeleted({
      registration,
      blockPoolId,
      blocks: [
        {
          storageUuid: 'DS-1',
          storage: { storageUuid: 'DS-1' },
          blocks: ids.map((blockId) => ({
            block: { blockId, genStamp: 1001, numBytes: 1 },
            status: ReceivedDeletedBlockInfoProto_BlockStatus.DELETED,
          })),
        },
      ],
    }),
  );
  expect(told.flatMap((slice) => slice.ids)).toEqual(ids);
  expect(told.map((slice) => slice.ids.length)).toEqual([1000, 1000, 500]);
  expect(new Set(told.map((slice) => slice.turn)).size).toBe(3);
});

test('however many files nobody can close, the NameNode goes on with those behind them', async () => {
  const FILES = 1_001;
  const nn = new TestNameNode();
  await nn.format();
  const api = await nn.start();
  const { system } = nn.running;
  const { namespace: ns } = system;
  for (let i = 0; i < FILES; i++) {
    const path = `/left-open-${i}`;
    await createFile(api, path);
    // Their DataNodes have not come since a start.
    const block = { id: blockId(ns.lastBlockId + 1n), numBytes: 0, genStamp: genStamp(ns.genStamp + 1) };
    system.commit(
      [
        { kind: 'ALLOCATE_BLOCK_ID', blockId: block.id },
        { kind: 'ADD_BLOCK', path, penultimate: undefined, last: block, rpc: NO_RPC_IDS },
        { kind: 'UPDATE_BLOCKS', path, blocks: [{ ...block, numBytes: 100 }], rpc: NO_RPC_IDS },
        { kind: 'REASSIGN_LEASE', leaseHolder: 'writer', path, newHolder: NAMENODE_LEASE_HOLDER },
      ],
      system.now(),
    );
  }
  await nn.simulation.advance(10_000);
  const last = ns.blocks.find(ns.lastBlockId);
  expect(ns.blocks.state(last)).toBe(BlockState.UNDER_RECOVERY);
});
