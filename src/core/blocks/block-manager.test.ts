// If these fail, data is lost or stays in danger: copies are not made, the last good replica is deleted, or the NameNode
// believes in replicas that are not there.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockId, genStamp, LONG_MAX } from '../../base/ids.ts';
import { cursorOf } from './block-list.ts';
import { BlockState } from './block-map.ts';
import { BlockStatus, whyCorrupt } from './reports.ts';
import { AdminState, ReplicaState } from './storage-type.ts';
import { type FakeNode, TestCluster } from './test-cluster.ts';

/** A cluster out of safe mode, with nodes. */
function ready(nodes: number, racks = 1, seed = 7): { cluster: TestCluster; nodes: FakeNode[] } {
  const cluster = new TestCluster({}, seed);
  cluster.manager.activate(cluster.now, 0);
  return { cluster, nodes: cluster.addNodes(nodes, racks) };
}

describe('a block’s life', () => {
  it('is written, committed, completed, and its pipeline is awaited rather than copied', () => {
    const { cluster, nodes } = ready(3);
    const { manager, blocks } = cluster;
    const request = {
      path: '/f',
      replication: 3,
      blockSize: 1_000,
      writer: undefined,
      excluded: [],
      favoured: [],
      storagePolicy: 0,
      noLocalWrite: false,
      noLocalRack: false,
      ignoreClientLocality: false,
    };
    const { targets } = manager.chooseTargets(request, cluster.now);
    const block = cluster.addBlock(3, BlockState.UNDER_CONSTRUCTION, 0);
    manager.blockAllocated(block, targets);
    expect(manager.locations(block).storages).toEqual(targets);
    const triple = { id: blocks.id(block), numBytes: 500, genStamp: blocks.genStamp(block) };
    expect(manager.commitOrComplete(block, triple, cluster.now)).toBe(true);
    expect(blocks.state(block)).toBe(BlockState.COMMITTED);
    expect(manager.hasMinReplication(block)).toBe(false);
    const first = nodes.find((node) => node.id.datanodeUuid === targets[0]?.node.uuid) as FakeNode;
    cluster.write(block, [first]);
    expect(blocks.state(block)).toBe(BlockState.COMPLETE);
    manager.checkRedundancy([block], cluster.now);
    expect(manager.statistics()).toMatchObject({ underReplicated: 0, pendingReplication: 1 });
    cluster.write(
      block,
      nodes.filter((node) => node !== first),
    );
    expect(manager.statistics()).toMatchObject({ underReplicated: 0, pendingReplication: 0 });
    expect(cluster.holders(block)).toHaveLength(3);
  });

  it('refuses a commit that contradicts what is known', () => {
    const { cluster } = ready(1);
    const { blocks, manager } = cluster;
    const block = cluster.addBlock(1, BlockState.UNDER_CONSTRUCTION, 700);
    const id = blocks.id(block);
    const commit = (stamp: number, numBytes: number) => () =>
      manager.commitOrComplete(block, { id, numBytes, genStamp: genStamp(stamp) }, cluster.now);
    expect(commit(1_002, 800)).toThrow(
      `Commit block with mismatching GS. NN has blk_${id}_1001, client submits blk_${id}_1002`,
    );
    expect(commit(1_001, 600)).toThrow('commitBlock length is less than the stored one');
    blocks.setState(block, BlockState.UNDER_RECOVERY);
    expect(commit(1_001, 800)).toThrow(`Commit or complete block blk_${id}_1001, whereas it is under recovery.`);
  });

  it('is deleted on DataNodes only after the delete is durable, naming its generation stamp (DL2, DL3)', () => {
    const { cluster, nodes } = ready(3);
    const { blocks, manager } = cluster;
    const block = cluster.addBlock(3);
    cluster.write(block, nodes);
    const id = blocks.id(block);
    cluster.replication.delete(block);
    manager.removeBlock(block, 42);
    blocks.remove(block);
    expect(manager.statistics().pendingDeletion).toBe(3);
    const [node] = nodes as [FakeNode];
    // A third of the nodes, rounded up, may be told in each round.
    for (let round = 0; round < 3; round++) {
      cluster.nowMs += 3_000;
      cluster.tick();
    }
    expect(cluster.heartbeat(node, 41).commands).toEqual([]);
    expect(cluster.heartbeat(node, 42).commands).toEqual([
      { kind: 'invalidate', blocks: [{ id, genStamp: 1_001, numBytes: LONG_MAX, afterTxid: 42 }], afterTxid: 42 },
    ]);
    // Registering anew ends what was ordered in the life before.
    cluster.start(nodes[1] as FakeNode);
    expect(manager.statistics().pendingDeletion).toBe(2);
  });
});

describe('redundancy', () => {
  it('copies to a new node when one dies, and the dead one’s replicas are gone from the map', () => {
    const { cluster, nodes } = ready(4);
    const handles = Array.from({ length: 20 }, () => cluster.addBlock(3));
    for (const block of handles) cluster.write(block, nodes.slice(0, 3));
    const dead = nodes[0] as FakeNode;
    const alive = nodes.slice(1);
    cluster.run(629_000, alive);
    expect(cluster.datanode(dead).alive).toBe(true);
    cluster.run(3_000, alive);
    expect(cluster.datanode(dead).alive).toBe(false);
    cluster.run(120_000, alive);
    for (const block of handles) expect(cluster.holders(block)).toEqual(['uuid-2', 'uuid-3', 'uuid-4']);
    expect(cluster.manager.statistics().underReplicated).toBe(0);
    for (const block of handles) expect(cluster.blocks.replicaCount(block)).toBe(3);
    // It comes back with everything on its disk: the extra replicas go, one for each block, and no more.
    cluster.start(dead);
    cluster.run(60_000);
    for (const block of handles) expect(cluster.holders(block)).toHaveLength(3);
    for (const block of handles) {
      const id = cluster.blocks.id(block);
      expect(nodes.filter((node) => node.replicas.has(id))).toHaveLength(3);
    }
  });

  it('serves single copies first and keeps to the stream limits (RP3)', () => {
    const { cluster, nodes } = ready(5);
    const low = Array.from({ length: 10 }, () => cluster.addBlock(3));
    const urgent = Array.from({ length: 10 }, () => cluster.addBlock(3));
    const [source, other] = nodes as [FakeNode, FakeNode];
    for (const block of low) cluster.write(block, [source, other]);
    for (const block of urgent) cluster.write(block, [source]);
    cluster.tick();
    const node = cluster.datanode(source);
    expect(node.transfers.length).toBeGreaterThan(0);
    expect(node.transfers.length).toBeLessThanOrEqual(4);
    for (const task of node.transfers) expect(urgent).toContain(task.handle);
    const [command] = cluster.heartbeat(source, undefined, { xmitsInProgress: 1 }).commands;
    expect(command?.kind === 'transfer' && command.blocks).toHaveLength(1);
  });

  it('orders a copy again when it does not come', () => {
    const { cluster, nodes } = ready(3);
    const block = cluster.addBlock(2);
    cluster.write(block, [nodes[0] as FakeNode]);
    cluster.tick();
    expect(cluster.heartbeat(nodes[0] as FakeNode).commands).toHaveLength(1);
    expect(cluster.manager.statistics()).toMatchObject({ pendingReplication: 1, underReplicated: 0 });
    // The target never reports; everyone lives on.
    for (let i = 0; i < 305; i += 3) {
      cluster.nowMs += 3_000;
      for (const node of nodes) cluster.heartbeat(node);
      cluster.tick();
    }
    expect(cluster.manager.statistics().timedOutReplications).toBe(1);
    cluster.run(10_000);
    expect(cluster.holders(block)).toHaveLength(2);
  });

  it('never copies from a bad replica, and replaces it (RP2)', () => {
    const { cluster, nodes } = ready(4);
    const block = cluster.addBlock(3);
    cluster.write(block, nodes.slice(0, 3));
    const bad = nodes[1] as FakeNode;
    const triple = cluster.replicaOf(block);
    expect(cluster.manager.reportBadReplica({ ...triple, genStamp: genStamp(999) }, cluster.datanode(bad), cluster.now)).toBe(
      false,
    );
    expect(cluster.manager.reportBadReplica(triple, cluster.datanode(bad), cluster.now)).toBe(true);
    expect(cluster.holders(block)).not.toContain('uuid-2');
    expect(cluster.manager.statistics()).toMatchObject({ corruptReplicaBlocks: 1, underReplicated: 1 });
    cluster.tick();
    expect(cluster.datanode(bad).transfers).toEqual([]);
    cluster.run(30_000);
    expect(cluster.holders(block)).toEqual(['uuid-1', 'uuid-3', 'uuid-4']);
    expect(bad.replicas.size).toBe(0);
    expect(cluster.manager.statistics()).toMatchObject({ corruptReplicaBlocks: 0, underReplicated: 0 });
  });

  it('remembers a bad replica although its node restarts, or dies and comes back, before it deletes it', () => {
    for (const dies of [false, true]) {
      const { cluster, nodes } = ready(3);
      const [node] = nodes as [FakeNode];
      const block = cluster.addBlock(2);
      cluster.write(block, nodes);
      cluster.run(9_000);
      const holders = nodes.filter((each) => each.replicas.has(cluster.blocks.id(block)));
      const bad = holders[0] ?? node;
      cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(bad), cluster.now);
      if (dies)
        cluster.run(
          700_000,
          nodes.filter((each) => each !== bad),
        );
      cluster.start(bad);
      expect(cluster.holders(block)).not.toContain(bad.id.datanodeUuid);
      cluster.run(60_000);
      expect(cluster.holders(block)).toHaveLength(2);
      const onDisk = nodes.filter((each) => each.replicas.has(cluster.blocks.id(block))).map((each) => each.id.datanodeUuid);
      expect(onDisk).toEqual(cluster.holders(block));
    }
  });

  it('asks nobody for a copy of what it deleted meanwhile, and asks another at once (RP2)', () => {
    const { cluster, nodes } = ready(4);
    const block = cluster.addBlock(3);
    cluster.write(block, nodes.slice(0, 2));
    cluster.tick();
    const source = nodes.find((node) => cluster.datanode(node).transfers.length > 0) as FakeNode;
    cluster.deleted(source, cluster.blocks.id(block));
    source.replicas.delete(cluster.blocks.id(block));
    expect(cluster.heartbeat(source).commands).toEqual([]);
    expect(cluster.manager.statistics()).toMatchObject({ pendingReplication: 0, underReplicated: 1 });
    cluster.run(30_000);
    expect(cluster.holders(block)).toHaveLength(3);
    expect(cluster.manager.statistics().timedOutReplications).toBe(0);
  });

  it('keeps and shows the only replica even when it is bad', () => {
    const { cluster, nodes } = ready(2);
    const block = cluster.addBlock(1);
    cluster.write(block, [nodes[0] as FakeNode]);
    cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(nodes[0] as FakeNode), cluster.now);
    cluster.run(60_000);
    expect(cluster.manager.locations(block)).toMatchObject({ corrupt: true, storages: [{ id: 'DS-1' }] });
    expect(nodes[0]?.replicas.size).toBe(1);
    expect(cluster.manager.statistics()).toMatchObject({ missing: 1, missingWithReplicationOne: 1 });
    expect([...cluster.manager.missingBlocks()]).toEqual([block]);
  });

  it('spreads a block over racks when all its replicas are in one (RP1)', () => {
    const { cluster, nodes } = ready(6, 2);
    const sameRack = [nodes[0], nodes[2], nodes[4]] as FakeNode[];
    const block = cluster.addBlock(3);
    cluster.write(block, sameRack);
    expect(cluster.manager.statistics().badlyDistributed).toBe(1);
    cluster.run(60_000);
    const racks = new Set(cluster.manager.locations(block).storages.map((storage) => storage.node.location));
    expect(racks.size).toBe(2);
    expect(cluster.holders(block)).toHaveLength(3);
  });

  it('follows a changed replication both ways', () => {
    const { cluster, nodes } = ready(5);
    const block = cluster.addBlock(3);
    cluster.write(block, nodes.slice(0, 3));
    for (const wanted of [5, 2, 4, 1]) {
      cluster.replication.set(block, wanted);
      cluster.manager.replicationChanged(block, cluster.now);
      cluster.run(30_000);
      expect(cluster.holders(block)).toHaveLength(wanted);
    }
  });
});

describe('deleting what is too much', () => {
  it('waits until the others have reported (ST1)', () => {
    const { cluster, nodes } = ready(4);
    const block = cluster.addBlock(3);
    for (const node of nodes) cluster.put(block, node);
    cluster.manager.datanodes.markAllStale();
    for (const node of nodes) cluster.received(node, cluster.replicaOf(block));
    expect(cluster.manager.statistics()).toMatchObject({ excess: 0, postponed: 1 });
    // A report before a heartbeat proves nothing.
    for (const node of nodes) cluster.report(node);
    cluster.tick();
    expect(cluster.manager.statistics().excess).toBe(0);
    for (const node of nodes) cluster.heartbeat(node);
    for (const node of nodes.slice(0, 3)) cluster.report(node);
    cluster.run(6_000, []);
    expect(cluster.manager.statistics().excess).toBe(0);
    cluster.report(nodes[3] as FakeNode);
    cluster.run(6_000, []);
    expect(cluster.manager.statistics()).toMatchObject({ excess: 1, pendingDeletion: 1 });
  });

  it('looks again before the order leaves: a replica chosen as extra stays when others were lost meanwhile (DL1)', () => {
    const { cluster, nodes } = ready(3);
    const block = cluster.addBlock(2);
    cluster.write(block, nodes);
    const extra = nodes.find((node) => cluster.datanode(node).excess.has(block)) as FakeNode;
    const [survivor] = nodes.filter((node) => node !== extra) as [FakeNode];
    cluster.nowMs += 3_000;
    cluster.tick();
    cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(survivor), cluster.now);
    const { commands } = cluster.heartbeat(extra);
    expect(commands.filter((command) => command.kind === 'invalidate')).toEqual([]);
    expect(cluster.manager.liveReplicas(block)).toBe(2);
  });

  it('prefers the node that a balancer names', () => {
    const { cluster, nodes } = ready(4);
    const block = cluster.addBlock(3);
    cluster.write(block, nodes.slice(0, 3));
    const [source, , , target] = nodes as [FakeNode, FakeNode, FakeNode, FakeNode];
    cluster.put(block, target);
    cluster.received(target, cluster.replicaOf(block), source.id.datanodeUuid);
    expect(cluster.datanode(source).excess.has(block)).toBe(true);
  });

  it('keeps at least the wanted good replicas on disks, whatever happens in whatever order', () => {
    const step = fc.record({
      kind: fc.constantFrom('setrep', 'silent', 'restart', 'bad', 'run', 'report', 'lost'),
      node: fc.nat(5),
      value: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(1_000), (steps, seed) => {
        const { cluster, nodes } = ready(6, 3, seed + 1);
        const block = cluster.addBlock(3);
        const id = cluster.blocks.id(block);
        cluster.write(block, nodes.slice(0, 3));
        const silent = new Set<FakeNode>();
        const bad = new Set<FakeNode>();
        for (const { kind, node: index, value } of steps) {
          const node = nodes[index] as FakeNode;
          switch (kind) {
            case 'setrep':
              cluster.replication.set(block, value);
              cluster.manager.replicationChanged(block, cluster.now);
              break;
            case 'silent':
              silent.add(node);
              break;
            case 'restart':
              silent.delete(node);
              cluster.start(node);
              break;
            case 'bad':
              // One disk fault at a time, and never the last good copy: a fault that no policy could survive is not ours.
              if (node.replicas.has(id) && nodes.filter((each) => each.replicas.has(id) && !bad.has(each)).length > 1) {
                bad.add(node);
                cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(node), cluster.now);
              }
              break;
            case 'run':
              cluster.run(
                value * 60_000,
                nodes.filter((each) => !silent.has(each)),
              );
              break;
            case 'report':
              if (!silent.has(node) && cluster.datanode(node).registered) cluster.report(node);
              break;
            case 'lost': {
              // A loss that nobody is told of, on the one survivor of a deletion, is beyond what any policy can survive.
              const survivors = nodes.filter(
                (each) => each !== node && each.replicas.has(id) && !bad.has(each) && !cluster.datanode(each).excess.has(block),
              );
              if (survivors.length === 0 || silent.has(node) || !cluster.datanode(node).registered) break;
              node.replicas.delete(id);
              cluster.report(node);
              break;
            }
          }
          for (const each of bad) if (!each.replicas.has(id)) bad.delete(each);
          expect(nodes.some((each) => each.replicas.has(id) && !bad.has(each))).toBe(true);
        }
        for (const node of nodes) cluster.start(node);
        cluster.run(700_000);
        for (const node of nodes) cluster.report(node);
        cluster.run(700_000);
        const good = nodes.filter((each) => each.replicas.has(id) && !bad.has(each)).map((each) => each.id.datanodeUuid);
        const wanted = cluster.replication.get(block) as number;
        // A restart makes a node forget nothing of its badness here, so only undeclared bad ones may blur the count.
        expect(good.length).toBeGreaterThanOrEqual(Math.min(wanted, 1));
        if (bad.size === 0) expect(good.sort()).toEqual(cluster.holders(block));
        if (bad.size === 0) expect(good).toHaveLength(wanted);
      }),
      { numRuns: 60 },
    );
  });
});

describe('block reports', () => {
  it('are judged as Apache judges each replica', () => {
    const stored = (state: BlockState, stamp = 10) => ({ state, genStamp: genStamp(stamp), numBytes: 100 });
    const reported = (state: ReplicaState, stamp = 10, numBytes = 100) => ({ state, genStamp: genStamp(stamp), numBytes });
    const { COMPLETE, COMMITTED, UNDER_CONSTRUCTION, UNDER_RECOVERY } = BlockState;
    const { FINALIZED, RBW, RWR, RUR, TEMPORARY } = ReplicaState;
    const good = undefined;
    const [stamp, size, invalid] = [1, 2, 3];
    const table: [ReturnType<typeof reported>, ReturnType<typeof stored>, number | undefined][] = [
      [reported(FINALIZED), stored(COMPLETE), good],
      [reported(FINALIZED, 9), stored(COMPLETE), stamp],
      [reported(FINALIZED, 11), stored(COMMITTED), stamp],
      [reported(FINALIZED, 10, 99), stored(COMPLETE), size],
      [reported(FINALIZED, 9), stored(UNDER_CONSTRUCTION), stamp],
      [reported(FINALIZED, 11, 5), stored(UNDER_CONSTRUCTION), good],
      [reported(FINALIZED, 9), stored(UNDER_RECOVERY), good],
      [reported(RBW, 10, 5), stored(UNDER_CONSTRUCTION), good],
      [reported(RBW, 9), stored(COMMITTED), stamp],
      [reported(RBW, 10), stored(COMPLETE), good],
      [reported(RBW, 9), stored(COMPLETE), stamp],
      [reported(RWR, 10), stored(COMPLETE), invalid],
      [reported(RUR), stored(COMPLETE), invalid],
      [reported(TEMPORARY), stored(UNDER_CONSTRUCTION), invalid],
    ];
    for (const [replica, block, reason] of table) expect(whyCorrupt(replica, block)).toBe(reason);
  });

  it('bring the map in step with the disk, in slices of any size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ known: fc.boolean(), onDisk: fc.boolean() }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (cases, slice) => {
          const { cluster, nodes } = ready(2);
          const [node, other] = nodes as [FakeNode, FakeNode];
          const handles = cases.map(({ known, onDisk }) => {
            const block = cluster.addBlock(2);
            cluster.write(block, known ? [node, other] : [other]);
            node.replicas.delete(cluster.blocks.id(block));
            if (onDisk) cluster.put(block, node);
            return block;
          });
          cluster.report(node, slice);
          for (const [i, { onDisk }] of cases.entries()) {
            expect(cluster.holders(handles[i] as number).includes('uuid-1')).toBe(onDisk);
          }
          expect(cluster.datanode(node).blockCount).toBe(node.replicas.size);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lose against newer incremental reports while they are worked off (ST3)', () => {
    const { cluster, nodes } = ready(2);
    const [node] = nodes as [FakeNode];
    const handles = Array.from({ length: 10 }, () => cluster.addBlock(1));
    for (const block of handles.slice(0, 9)) cluster.write(block, [node]);
    const report = cluster.manager.beginFullReport(node.id, node.storage, cursorOf([...node.replicas.values()]), cluster.now);
    if (report === undefined) throw new Error('the report was passed over');
    expect(cluster.manager.stepFullReport(report, 3, cluster.now)).toBe(false);
    const [seen, later] = [handles[0] as number, handles[8] as number];
    const arrived = handles[9] as number;
    cluster.deleted(node, cluster.blocks.id(seen));
    cluster.deleted(node, cluster.blocks.id(later));
    cluster.write(arrived, [node]);
    const brandNew = cluster.addBlock(1);
    cluster.write(brandNew, [node]);
    while (!cluster.manager.stepFullReport(report, 3, cluster.now));
    expect(cluster.holders(seen)).toEqual([]);
    expect(cluster.holders(later)).toEqual([]);
    expect(cluster.holders(arrived)).toEqual(['uuid-1']);
    expect(cluster.holders(brandNew)).toEqual(['uuid-1']);
    expect(cluster.datanode(node).blockCount).toBe(9);
  });

  it('count for nothing when the node leaves in between', () => {
    const { cluster, nodes } = ready(2);
    const [node] = nodes as [FakeNode];
    const block = cluster.addBlock(1);
    cluster.put(block, node);
    cluster.manager.datanodes.markAllStale();
    cluster.heartbeat(node);
    const report = cluster.manager.beginFullReport(node.id, node.storage, cursorOf([...node.replicas.values()]), cluster.now);
    if (report === undefined) throw new Error('the report was passed over');
    cluster.manager.registerDatanode({ id: node.id, location: node.location, softwareVersion: '3.5.0' }, cluster.now);
    expect(() => cluster.manager.stepFullReport(report, 10, cluster.now)).toThrow('replaced by a newer one');
    expect(cluster.datanode(node).hasStaleStorages()).toBe(true);
  });

  it('have replicas of no block deleted, but only once the node’s first report is past, and never those from the future (SM3)', () => {
    const { cluster } = ready(0);
    const node = cluster.addNode();
    const stray = { id: blockId(99n), numBytes: 5, genStamp: genStamp(1_000), state: ReplicaState.FINALIZED };
    const future = { id: blockId(98n), numBytes: 5, genStamp: genStamp(9_000), state: ReplicaState.FINALIZED };
    node.replicas.set(stray.id, stray);
    node.replicas.set(future.id, future);
    cluster.start(node);
    expect(cluster.manager.statistics().pendingDeletion).toBe(0);
    cluster.report(node);
    expect(cluster.manager.statistics().pendingDeletion).toBe(1);
    cluster.run(9_000);
    expect([...node.replicas.keys()]).toEqual([98n]);
  });

  it('are let in a few at a time (ST4)', () => {
    const { cluster, nodes } = ready(8);
    const lease = (node: FakeNode) =>
      cluster.heartbeat(node, undefined, { requestFullBlockReportLease: true }).fullBlockReportLeaseId;
    const ids = nodes.map(lease);
    expect(ids.filter((id) => id !== 0n)).toHaveLength(6);
    const [first] = nodes as [FakeNode];
    const node = cluster.datanode(first);
    cluster.manager.checkReportLease(node, 1n, ids[0] as bigint, cluster.now);
    cluster.manager.checkReportLease(node, 1n, 0n, cluster.now);
    expect(() => cluster.manager.checkReportLease(node, 0xabn, 0xcn, cluster.now)).toThrow(
      'Block report 0xab was rejected as lease 0xc is invalid',
    );
    cluster.manager.fullReportEnded(node, cluster.now);
    expect(lease(nodes[7] as FakeNode)).not.toBe(0n);
    cluster.nowMs += 300_000;
    expect(() =>
      cluster.manager.checkReportLease(cluster.datanode(nodes[1] as FakeNode), 1n, ids[1] as bigint, cluster.now),
    ).toThrow();
  });

  it('are refused from nodes that are dead or unknown', () => {
    const { cluster } = ready(0);
    const node = cluster.addNode();
    expect(() => cluster.report(node)).toThrow('ProcessReport from dead or unregistered node');
    expect(() =>
      cluster.manager.incrementalReport(
        node.id,
        node.storage,
        [{ id: blockId(1n), numBytes: 1, genStamp: genStamp(1), status: BlockStatus.RECEIVED }],
        cluster.now,
      ),
    ).toThrow('Got incremental block report from unregistered or dead node');
    expect(cluster.heartbeat(node).commands).toEqual([{ kind: 'register' }]);
  });
});

describe('registration', () => {
  it('moves a known node to its new address and drops who had it', () => {
    const { cluster, nodes } = ready(3);
    const [first, second] = nodes as [FakeNode, FakeNode];
    const block = cluster.addBlock(2);
    cluster.write(block, [first, second]);
    const moved = { ...first, id: { ...first.id, ipAddr: second.id.ipAddr } };
    const node = cluster.manager.registerDatanode({ id: moved.id, location: '/rack9', softwareVersion: '3.5.0' }, cluster.now);
    expect(node.uuid).toBe('uuid-1');
    expect(cluster.manager.datanodes.byUuid('uuid-2')).toBeUndefined();
    expect(cluster.manager.datanodes.topology.nodeCount).toBe(2);
    expect(cluster.manager.datanodes.onHost(second.id.ipAddr, () => 0)).toBe(node);
    expect(cluster.manager.datanodes.onHost(first.id.ipAddr, () => 0)).toBeUndefined();
    expect(cluster.holders(block)).toEqual(['uuid-1']);
    cluster.tick();
    expect(cluster.blocks.replicaCount(block)).toBe(1);
    // The old address is told to register; nobody else may speak for that uuid.
    expect(cluster.heartbeat(first).commands).toEqual([{ kind: 'register' }]);
  });

  it('refuses a rack at another depth and forgets the node', () => {
    const { cluster } = ready(1);
    const node = cluster.addNode('/dc/rack');
    expect(() => cluster.start(node)).toThrow('You cannot have a rack and a non-rack node');
    expect(cluster.manager.datanodes.byUuid(node.id.datanodeUuid)).toBeUndefined();
    expect(cluster.manager.datanodes.totals.nodesInService).toBe(1);
  });

  it('keeps exact totals through heartbeats, deaths and returns', () => {
    const { cluster, nodes } = ready(3);
    const { totals } = cluster.manager.datanodes;
    const capacity = totals.capacityTotal;
    expect(totals).toMatchObject({ nodesInService: 3, xceiverCount: 3 });
    cluster.run(700_000, nodes.slice(1));
    expect(totals).toMatchObject({ nodesInService: 2, expiredHeartbeats: 1, capacityTotal: (capacity / 3) * 2 });
    cluster.start(nodes[0] as FakeNode);
    expect(totals).toMatchObject({ nodesInService: 3, capacityTotal: capacity });
    expect(totals.byType.get(1)?.nodesInService).toBe(3);
  });

  it('does not call nodes dead because the NameNode itself stood still', () => {
    const { cluster, nodes } = ready(2);
    cluster.run(9_000);
    cluster.nowMs += 3_600_000;
    cluster.tick();
    cluster.run(60_000);
    for (const node of nodes) expect(cluster.datanode(node).alive).toBe(true);
    expect(cluster.manager.datanodes.totals.expiredHeartbeats).toBe(0);
  });

  it('copies away from a node that is leaving', () => {
    const { cluster, nodes } = ready(4);
    const block = cluster.addBlock(3);
    cluster.write(block, nodes.slice(0, 3));
    cluster.datanode(nodes[0] as FakeNode).adminState = AdminState.DECOMMISSION_INPROGRESS;
    cluster.manager.checkRedundancy([block], cluster.now);
    cluster.run(30_000);
    expect(cluster.holders(block)).toEqual(['uuid-1', 'uuid-2', 'uuid-3', 'uuid-4']);
    expect(cluster.manager.liveReplicas(block)).toBe(3);
  });
});
