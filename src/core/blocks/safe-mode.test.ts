// If these fail, a NameNode that has not heard enough yet copies or deletes data, or never begins to work.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import type { BlockHandle } from './block-map.ts';
import { DEFAULT_SAFE_MODE_OPTIONS } from './safe-mode.ts';
import { ReplicaState } from './storage-type.ts';
import { type FakeNode, TestCluster } from './test-cluster.ts';

function starting(blocks: number, nodes: number, change: Partial<typeof DEFAULT_SAFE_MODE_OPTIONS> = {}) {
  const cluster = new TestCluster({ safeMode: { ...DEFAULT_SAFE_MODE_OPTIONS, ...change } });
  const handles: BlockHandle[] = Array.from({ length: blocks }, () => cluster.addBlock(2));
  const fakes = Array.from({ length: nodes }, () => cluster.addNode());
  cluster.manager.activate(cluster.now, blocks);
  return { cluster, handles, nodes: fakes };
}

describe('safe mode', () => {
  it('ends at once for an empty namespace', () => {
    const { cluster } = starting(0, 0);
    expect(cluster.manager.safeMode.isOn).toBe(false);
  });

  it('waits for blocks, then for the extension, in the words of Apache (SM2, SM4)', () => {
    const { cluster, handles, nodes } = starting(10, 2, { threshold: 1 });
    const { safeMode } = cluster.manager;
    const [first, second] = nodes as [FakeNode, FakeNode];
    for (const block of handles.slice(0, 6)) cluster.put(block, first);
    for (const block of handles.slice(4)) cluster.put(block, second);
    cluster.start(first);
    expect(safeMode.tip()).toBe(
      'The reported blocks 6 needs additional 4 blocks to reach the threshold 1.0000 of total blocks 10.\n' +
        'The minimum number of live datanodes is not required. ' +
        'Safe mode will be turned off automatically once the thresholds have been reached.',
    );
    cluster.start(second);
    expect(safeMode.safe).toBe(10);
    cluster.nowMs += 10_500;
    cluster.tick();
    expect(safeMode.tip()).toBe(
      'The reported blocks 10 has reached the threshold 1.0000 of total blocks 10. ' +
        'The minimum number of live datanodes is not required. ' +
        'In safe mode extension. Safe mode will be turned off automatically in 19 seconds.',
    );
    cluster.nowMs += 19_000;
    cluster.tick();
    expect(safeMode.isOn).toBe(true);
    cluster.nowMs += 1_000;
    cluster.tick();
    expect(safeMode.isOn).toBe(false);
    expect(cluster.log).toContain('STATE* Safe mode is OFF');
  });

  it('does not end with what a DataNode had that has ended meanwhile (SM2)', () => {
    const { cluster, handles, nodes } = starting(10, 2, { threshold: 1 });
    const { safeMode } = cluster.manager;
    const [first, second] = nodes as [FakeNode, FakeNode];
    for (const block of handles.slice(0, 6)) cluster.put(block, first);
    for (const block of handles.slice(6)) cluster.put(block, second);
    cluster.start(first);
    cluster.start(second);
    cluster.nowMs += 30_500;
    // Its blocks are counted down in slices, and the time that safe mode lasts is over.
    cluster.manager.nodeEnds(second.id, cluster.now);
    expect(safeMode.isOn).toBe(true);
    cluster.tick();
    expect([safeMode.isOn, safeMode.safe]).toEqual([true, 6]);
    cluster.start(second);
    cluster.tick();
    expect([safeMode.isOn, safeMode.safe]).toEqual([false, 10]);
  });

  it('needs its DataNodes (SM2)', () => {
    const { cluster, handles, nodes } = starting(4, 3, { minDatanodes: 3, extensionMs: 0 });
    for (const node of nodes) for (const block of handles) cluster.put(block, node);
    cluster.start(nodes[0] as FakeNode);
    cluster.start(nodes[1] as FakeNode);
    expect(cluster.manager.safeMode.tip()).toContain(
      'The number of live datanodes 2 needs an additional 1 live datanodes to reach the minimum number 3.\n',
    );
    cluster.start(nodes[2] as FakeNode);
    expect(cluster.manager.safeMode.isOn).toBe(false);
  });

  it('counts each safe block once, whatever is reported how often (SM2)', () => {
    const event = fc.record({
      kind: fc.constantFrom('received', 'deleted', 'report', 'again'),
      node: fc.nat(2),
      block: fc.nat(7),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { cluster, handles, nodes } = starting(8, 3, { safeReplication: 2, threshold: 1, extensionMs: 1e9 });
        for (const node of nodes) cluster.start(node);
        for (const { kind, node: index, block: which } of events) {
          const node = nodes[index] as FakeNode;
          const block = handles[which] as number;
          if (kind === 'received') cluster.write(block, [node]);
          if (kind === 'deleted') {
            node.replicas.delete(cluster.blocks.id(block));
            cluster.deleted(node, cluster.blocks.id(block));
          }
          if (kind === 'report') cluster.report(node);
          if (kind === 'again') cluster.start(node);
          const safe = handles.filter((each) => nodes.filter((held) => held.replicas.has(cluster.blocks.id(each))).length >= 2);
          expect(cluster.manager.safeMode.safe).toBe(safe.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('copies and deletes nothing while it lasts, and starts no clock of dead nodes (SM1)', () => {
    const { cluster, handles, nodes } = starting(10, 4);
    for (const block of handles.slice(0, 5)) for (const node of nodes.slice(0, 3)) cluster.put(block, node);
    for (const node of nodes) cluster.start(node);
    const remove = (block: BlockHandle, txid: number): void => {
      cluster.replication.delete(block);
      cluster.manager.removeBlock(block, txid);
      cluster.blocks.remove(block);
    };
    remove(handles[0] as number, 1);
    for (let i = 0; i < 10; i++) {
      cluster.nowMs += 100_000;
      cluster.tick();
      expect(cluster.heartbeat(nodes[0] as FakeNode).commands).toEqual([]);
    }
    expect(cluster.datanode(nodes[1] as FakeNode).alive).toBe(true);
    expect(cluster.manager.safeMode.leave(false)).toBe(true);
    remove(handles[1] as number, 2);
    for (let round = 0; round < 3; round++) {
      cluster.nowMs += 3_000;
      cluster.tick();
    }
    expect(cluster.heartbeat(nodes[0] as FakeNode).commands).toHaveLength(1);
  });

  it('is held by replicas from the future until it is forced (SM3)', () => {
    const { cluster, handles, nodes } = starting(1, 1, { extensionMs: 0, threshold: 1 });
    const [node] = nodes as [FakeNode];
    const future = { id: blockId(7n), numBytes: 123, genStamp: genStamp(9_999), state: ReplicaState.FINALIZED };
    node.replicas.set(future.id, future);
    cluster.start(node);
    const { safeMode } = cluster.manager;
    cluster.write(handles[0] as number, [node]);
    expect(safeMode.isOn).toBe(true);
    expect(safeMode.bytesInFuture).toBe(123);
    expect(safeMode.tip()).toContain('Exiting safe mode will cause loss of 123 byte(s).');
    expect(safeMode.leave(false)).toBe(false);
    expect(safeMode.isOn).toBe(true);
    expect(safeMode.leave(true)).toBe(true);
    expect(safeMode.isOn).toBe(false);
  });

  it('is entered and left by hand, and by a full disk', () => {
    const { cluster } = starting(0, 0);
    const { safeMode } = cluster.manager;
    safeMode.enterManually();
    expect(safeMode.isStartup).toBe(false);
    expect(safeMode.tip()).toBe('It was turned on manually. Use "hdfs dfsadmin -safemode leave" to turn safe mode off.');
    safeMode.setResourcesLow(true);
    expect(safeMode.tip()).toContain('Resources are low on NN.');
    expect(safeMode.leave(false)).toBe(true);
    expect(safeMode.isOn).toBe(false);
  });
});
