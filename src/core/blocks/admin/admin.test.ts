// If these fail, a DataNode is let go although blocks are only there, never gets to leave, or the wrong machines are let in.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockState } from '../block-map.ts';
import type { BlockManagerOptions } from '../state.ts';
import { AdminState } from '../storage-type.ts';
import { type FakeNode, TestCluster } from '../test-cluster.ts';
import { type AdminEvent, isSufficient, nextAdminState } from './admin-states.ts';
import {
  combinedHostLists,
  type HostProperties,
  NO_HOST_LISTS,
  parseCombinedHostsFile,
  parseHostEntry,
  parseHostsFile,
  plainHostLists,
} from './host-lists.ts';

const { NORMAL, DECOMMISSION_INPROGRESS, DECOMMISSIONED, ENTERING_MAINTENANCE, IN_MAINTENANCE } = AdminState;

function ready(
  nodes: number,
  racks = 1,
  options: Partial<BlockManagerOptions> = {},
): { cluster: TestCluster; nodes: FakeNode[] } {
  const cluster = new TestCluster(options);
  cluster.manager.activate(cluster.now, 0);
  return { cluster, nodes: cluster.addNodes(nodes, racks) };
}

const host = (node: FakeNode) => ({ address: node.id.ipAddr, hostName: node.id.hostName, port: 0 });

function exclude(cluster: TestCluster, ...nodes: FakeNode[]): void {
  cluster.manager.refreshNodes(plainHostLists([], nodes.map(host)), cluster.now);
}

function maintain(cluster: TestCluster, node: FakeNode, forMs: number): void {
  const lists = combinedHostLists([{ ...host(node), state: 'maintenance', maintenanceUntilMs: cluster.now.wallMs + forMs }]);
  cluster.manager.refreshNodes(lists, cluster.now);
}

const stateOf = (cluster: TestCluster, node: FakeNode): AdminState => cluster.datanode(node).adminState;

describe('states', () => {
  const live = { alive: true, minMaintenanceReplication: 1 };
  const dead = { alive: false, minMaintenanceReplication: 1 };
  it.each<[AdminState, AdminEvent, AdminState, AdminState]>([
    // from, event, to when alive, to when dead
    [NORMAL, 'startDecommission', DECOMMISSION_INPROGRESS, DECOMMISSIONED],
    [NORMAL, 'startMaintenance', ENTERING_MAINTENANCE, IN_MAINTENANCE],
    [NORMAL, 'replicated', NORMAL, NORMAL],
    [DECOMMISSION_INPROGRESS, 'startDecommission', DECOMMISSION_INPROGRESS, DECOMMISSION_INPROGRESS],
    [DECOMMISSION_INPROGRESS, 'stopDecommission', NORMAL, NORMAL],
    [DECOMMISSION_INPROGRESS, 'startMaintenance', ENTERING_MAINTENANCE, IN_MAINTENANCE],
    [DECOMMISSION_INPROGRESS, 'stopMaintenance', DECOMMISSION_INPROGRESS, DECOMMISSION_INPROGRESS],
    [DECOMMISSION_INPROGRESS, 'replicated', DECOMMISSIONED, DECOMMISSIONED],
    [DECOMMISSIONED, 'startMaintenance', IN_MAINTENANCE, IN_MAINTENANCE],
    [DECOMMISSIONED, 'stopDecommission', NORMAL, NORMAL],
    [ENTERING_MAINTENANCE, 'startDecommission', DECOMMISSION_INPROGRESS, DECOMMISSIONED],
    [ENTERING_MAINTENANCE, 'stopDecommission', ENTERING_MAINTENANCE, ENTERING_MAINTENANCE],
    [ENTERING_MAINTENANCE, 'stopMaintenance', NORMAL, NORMAL],
    [ENTERING_MAINTENANCE, 'replicated', IN_MAINTENANCE, IN_MAINTENANCE],
    [IN_MAINTENANCE, 'startMaintenance', IN_MAINTENANCE, IN_MAINTENANCE],
    [IN_MAINTENANCE, 'startDecommission', DECOMMISSION_INPROGRESS, DECOMMISSIONED],
    [IN_MAINTENANCE, 'stopMaintenance', NORMAL, NORMAL],
  ])('%i on %s', (from, event, whenAlive, whenDead) => {
    expect(nextAdminState(from, event, live)).toBe(whenAlive);
    expect(nextAdminState(from, event, dead)).toBe(whenDead);
  });

  it('maintenance begins at once where no replica has to stay', () => {
    expect(nextAdminState(NORMAL, 'startMaintenance', { alive: true, minMaintenanceReplication: 0 })).toBe(IN_MAINTENANCE);
  });

  it.each([
    // live, required, placed, last of open file, decommission, maintenance, default replication: sufficient
    [3, 3, true, false, true, false, 3, true],
    [2, 3, true, false, true, false, 3, false],
    [3, 5, true, false, true, false, 3, true],
    [3, 3, false, false, true, false, 3, false],
    [1, 3, true, true, true, false, 3, true],
    [0, 3, true, true, true, false, 3, false],
    [1, 3, true, false, false, true, 3, true],
    [0, 2, true, false, false, true, 3, false],
    [0, 1, true, false, true, false, 1, false],
    [1, 2, true, false, true, false, 1, true],
  ])('%i live of %i', (live, required, placementSatisfied, lastOfOpenFile, decommission, maintenance, standard, sufficient) => {
    const block = { live, required, placementSatisfied, lastOfOpenFile, decommission, maintenance };
    expect(isSufficient({ ...block, minReplication: 1, defaultReplication: standard, minMaintenanceReplication: 1 })).toBe(
      sufficient,
    );
  });
});

describe('host lists', () => {
  it('reads include and exclude files as Hadoop does', () => {
    expect(parseHostsFile('a b # c\n\n  #d\r\ne:9866\ta\n')).toEqual(['a', 'b', 'e:9866']);
    expect(parseHostEntry('host')).toEqual({ hostName: 'host', port: 0 });
    expect(parseHostEntry('10.0.0.1:9866')).toEqual({ hostName: '10.0.0.1', port: 9866 });
    expect(parseHostEntry('[::1]:1')).toEqual({ hostName: '::1', port: 1 });
    for (const bad of ['a:b', 'a:99999', 'a/b', 'u@h', '::1', '']) expect(parseHostEntry(bad)).toBeUndefined();
  });

  it('reads the JSON file, old and new, and refuses what it does not understand', () => {
    const node: HostProperties = { hostName: 'a', port: 0, state: 'normal', maintenanceUntilMs: Number.MAX_SAFE_INTEGER };
    expect(parseCombinedHostsFile('[{"hostName":"a"},{"hostName":"b","port":1,"adminState":"DECOMMISSIONED"}]')).toEqual([
      node,
      { ...node, hostName: 'b', port: 1, state: 'decommissioned' },
    ]);
    expect(
      parseCombinedHostsFile('{"hostName":"a"}\n{"hostName":"m","adminState":"IN_MAINTENANCE","maintenanceExpireTimeInMS":5}'),
    ).toEqual([node, { ...node, hostName: 'm', state: 'maintenance', maintenanceUntilMs: 5 }]);
    expect(parseCombinedHostsFile(' \n')).toEqual([]);
    expect(() => parseCombinedHostsFile('[{"hostName":"a"')).toThrow('host file');
    expect(() => parseCombinedHostsFile('[{"hostname":"a"}]')).toThrow('entry 1: unknown field hostname');
    expect(() => parseCombinedHostsFile('[{"hostName":"a","adminState":"GONE"}]')).toThrow('adminState GONE is unknown');
  });

  it('answers as a plain search does', () => {
    const entry = fc.record({
      address: fc.constantFrom('1', '2', '3'),
      hostName: fc.constant('h'),
      port: fc.constantFrom(0, 7, 8),
    });
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 4 }),
        fc.array(entry, { maxLength: 4 }),
        entry,
        (included, excluded, { address, port }) => {
          const node = { ipAddr: address, xferPort: port };
          const hit = (list: readonly (typeof included)[0][]) =>
            list.some((each) => each.address === address && (each.port === 0 || each.port === port));
          const lists = plainHostLists(included, excluded);
          expect(lists.isIncluded(node)).toBe(included.length === 0 || hit(included));
          expect(lists.isExcluded(node)).toBe(hit(excluded));
        },
      ),
    );
  });
});

describe('decommissioning', () => {
  it('copies what the node has, shows true progress, and lets it go', () => {
    const { cluster, nodes } = ready(4);
    const [leaving] = nodes as [FakeNode];
    const blocks = Array.from({ length: 30 }, () => cluster.addBlock(3));
    for (const block of blocks) cluster.write(block, nodes.slice(0, 3));
    exclude(cluster, leaving);
    const node = cluster.datanode(leaving);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSION_INPROGRESS);
    expect(cluster.manager.datanodes.totals.nodesInService).toBe(3);
    // Nothing is looked at before the interval is over; then each block is seen to lack a replica.
    cluster.nowMs += 1_000;
    cluster.tick();
    expect(node.leaving.lowRedundancy).toBe(0);
    cluster.nowMs += 31_000;
    cluster.tick();
    expect(node.leaving).toMatchObject({ lowRedundancy: 30, outOfServiceOnly: 0, inOpenFiles: 0 });
    expect(cluster.manager.statistics().lowRedundancy + cluster.manager.statistics().pendingReplication).toBeGreaterThan(0);
    cluster.run(120_000);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSIONED);
    for (const block of blocks) {
      expect(cluster.holders(block)).toHaveLength(4);
      expect(cluster.manager.liveReplicas(block)).toBe(3);
    }
    expect(cluster.manager.admin.list('decommissioning')).toEqual([]);
    expect(cluster.manager.admin.leaving.trackedCount).toBe(0);
    // Called back, it has one replica too many of each.
    cluster.manager.refreshNodes(NO_HOST_LISTS, cluster.now);
    cluster.run(30_000);
    for (const block of blocks) expect(cluster.holders(block)).toHaveLength(3);
    expect(cluster.manager.statistics()).toMatchObject({ lowRedundancy: 0, excess: 0 });
  });

  it('keeps a node that holds the only replica, and counts it so', () => {
    const { cluster, nodes } = ready(2);
    const [a, b] = nodes as [FakeNode, FakeNode];
    const block = cluster.addBlock(1);
    cluster.write(block, [a]);
    exclude(cluster, a, b);
    cluster.run(90_000);
    expect(stateOf(cluster, a)).toBe(DECOMMISSION_INPROGRESS);
    expect(cluster.datanode(a).leaving).toMatchObject({ lowRedundancy: 1, outOfServiceOnly: 1 });
    expect(stateOf(cluster, b)).toBe(DECOMMISSIONED);
    expect(cluster.manager.statistics().highestPriority).toBe(1);
    cluster.start(cluster.addNode());
    cluster.run(90_000);
    expect(stateOf(cluster, a)).toBe(DECOMMISSIONED);
    expect(cluster.manager.liveReplicas(block)).toBe(1);
  });

  it('waits for the blocks of open files, but not for more than the writer owes', () => {
    const { cluster, nodes } = ready(4);
    const [leaving, second] = nodes as [FakeNode, FakeNode];
    const full = cluster.addBlock(3);
    const last = cluster.addBlock(3, BlockState.COMMITTED);
    cluster.openFiles.set(full, { id: 77, isLast: false });
    cluster.openFiles.set(last, { id: 77, isLast: true });
    cluster.write(full, [leaving]);
    cluster.write(last, [leaving, second]);
    cluster.replication.set(full, 3);
    exclude(cluster, leaving);
    cluster.nowMs += 1_000;
    cluster.tick();
    cluster.nowMs += 31_000;
    cluster.tick();
    const { leaving: progress } = cluster.datanode(leaving);
    expect(progress).toMatchObject({ lowRedundancy: 1, inOpenFiles: 1, outOfServiceOnly: 1 });
    expect([...progress.openFiles]).toEqual([77]);
    cluster.run(120_000);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSIONED);
  });

  it('does not let a node go that died on its way, until nothing is short of replicas; it may come back', () => {
    const { cluster, nodes } = ready(5);
    const [leaving, gone] = nodes as [FakeNode, FakeNode];
    const blocks = Array.from({ length: 20 }, () => cluster.addBlock(2));
    for (const block of blocks) cluster.write(block, [leaving, gone]);
    exclude(cluster, leaving);
    const others = nodes.filter((node) => node !== leaving);
    cluster.nowMs += 700_000;
    for (const node of others) cluster.heartbeat(node);
    cluster.tick();
    expect(cluster.datanode(leaving).alive).toBe(false);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSION_INPROGRESS);
    cluster.run(30_000, []);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSION_INPROGRESS);
    cluster.run(120_000, others);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSIONED);
    cluster.start(leaving);
    cluster.run(30_000);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSIONED);
    for (const block of blocks) expect(cluster.manager.liveReplicas(block)).toBe(2);
  });

  it.each(['the writer', 'the node'])('finishes a block that was being written when its node left, %s telling last', (last) => {
    const { cluster, nodes } = ready(3);
    const [leaving] = nodes as [FakeNode];
    const block = cluster.addBlock(1, BlockState.UNDER_CONSTRUCTION, 0);
    cluster.openFiles.set(block, { id: 77, isLast: true });
    cluster.manager.blockAllocated(block, [...cluster.datanode(leaving).storages.values()]);
    exclude(cluster, leaving);
    cluster.run(90_000);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSIONED);
    const triple = { id: cluster.blocks.id(block), numBytes: 500, genStamp: cluster.blocks.genStamp(block) };
    const wrote = (): void => {
      cluster.put(block, leaving, { numBytes: 500 });
      cluster.received(leaving, cluster.replicaOf(block, { numBytes: 500 }));
    };
    if (last === 'the writer') wrote();
    cluster.manager.commitOrComplete(block, triple, cluster.now);
    if (last === 'the node') wrote();
    expect(cluster.manager.hasMinReplication(block)).toBe(true);
    expect(cluster.blocks.state(block)).toBe(BlockState.COMPLETE);
    cluster.manager.checkRedundancy([block], cluster.now);
    cluster.run(30_000);
    expect(cluster.manager.liveReplicas(block)).toBe(1);
  });

  it('does not let a node go that died before it is known what that leaves short of replicas', () => {
    const { cluster, nodes } = ready(4);
    const [leaving, second] = nodes as [FakeNode, FakeNode];
    const others = nodes.filter((node) => node !== leaving);
    // So many that its replicas, which come last, are not found in the first slices.
    for (let i = 0; i < 400_000; i++) cluster.addBlock(0);
    const block = cluster.addBlock(2);
    cluster.write(block, [leaving, second]);
    cluster.run(630_000, others);
    expect(cluster.datanode(leaving).alive).toBe(true);
    exclude(cluster, leaving);
    cluster.run(6_000, others.slice(0, 0));
    expect(cluster.datanode(leaving).alive).toBe(false);
    expect(cluster.manager.liveReplicas(block)).toBe(1);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSION_INPROGRESS);
    cluster.run(120_000, others);
    expect(cluster.manager.liveReplicas(block)).toBe(2);
    expect(stateOf(cluster, leaving)).toBe(DECOMMISSIONED);
  });

  it('looks after a bounded number of nodes at a time', () => {
    const { cluster, nodes } = ready(6, 1, { maxTrackedLeavingNodes: 2 });
    const block = cluster.addBlock(1);
    cluster.write(block, nodes.slice(0, 1));
    exclude(cluster, ...nodes.slice(0, 4));
    cluster.nowMs += 1_000;
    cluster.tick();
    cluster.nowMs += 31_000;
    for (const node of nodes) cluster.obey(node, cluster.heartbeat(node).commands);
    cluster.tick();
    const gone = (): number => nodes.filter((node) => stateOf(cluster, node) === DECOMMISSIONED).length;
    expect(cluster.manager.admin.leaving.trackedCount + gone()).toBe(2);
    expect(cluster.manager.admin.leaving.pendingCount).toBe(2);
    cluster.run(200_000);
    expect(gone()).toBe(4);
  });

  it('a round of many blocks is worked off in slices', () => {
    const { cluster, nodes } = ready(3);
    for (let i = 0; i < 40_000; i++) cluster.write(cluster.addBlock(3), []);
    const [leaving] = nodes as [FakeNode];
    const held = Array.from({ length: 3_000 }, () => cluster.addBlock(3));
    for (const block of held) cluster.write(block, nodes);
    exclude(cluster, leaving);
    cluster.nowMs += 1_000;
    cluster.tick();
    cluster.nowMs += 31_000;
    for (const node of nodes) cluster.obey(node, cluster.heartbeat(node).commands);
    let turns = 0;
    while (cluster.datanode(leaving).leaving.lowRedundancy === 0 && turns < 1_000) {
      cluster.manager.tick(cluster.now);
      turns++;
    }
    expect(cluster.datanode(leaving).leaving.lowRedundancy).toBe(3_000);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('maintenance', () => {
  it('needs one replica elsewhere, keeps its replicas in mind while it is down, and is over in time', () => {
    const { cluster, nodes } = ready(3);
    const [resting, second] = nodes as [FakeNode, FakeNode, FakeNode];
    const alone = cluster.addBlock(1);
    const twice = cluster.addBlock(2);
    cluster.write(alone, [resting]);
    cluster.write(twice, [resting, second]);
    maintain(cluster, resting, 2_000_000);
    expect(stateOf(cluster, resting)).toBe(ENTERING_MAINTENANCE);
    cluster.run(90_000);
    expect(stateOf(cluster, resting)).toBe(IN_MAINTENANCE);
    // One was copied, of the other one replica elsewhere is enough for now.
    expect(cluster.manager.liveReplicas(alone)).toBe(1);
    expect(cluster.manager.liveReplicas(twice)).toBe(1);
    expect(cluster.holders(alone)).not.toContain(resting.id.datanodeUuid);
    const others = nodes.filter((node) => node !== resting);
    cluster.run(700_000, others);
    expect(cluster.datanode(resting).alive).toBe(false);
    expect(cluster.datanode(resting).blockCount).toBe(2);
    expect(cluster.manager.statistics()).toMatchObject({ lowRedundancy: 0, missing: 0 });
    expect(cluster.manager.admin.list('inMaintenance')).toHaveLength(1);
    cluster.start(resting);
    expect(stateOf(cluster, resting)).toBe(IN_MAINTENANCE);
    cluster.run(1_300_000);
    expect(stateOf(cluster, resting)).toBe(NORMAL);
    expect(cluster.manager.liveReplicas(twice)).toBe(2);
    expect(cluster.manager.liveReplicas(alone)).toBe(1);
  });

  it('that ends while the node is down has its blocks copied', () => {
    const { cluster, nodes } = ready(3);
    const [resting, second] = nodes as [FakeNode, FakeNode];
    const block = cluster.addBlock(2);
    cluster.write(block, [resting, second]);
    maintain(cluster, resting, 10_000_000);
    const others = nodes.filter((node) => node !== resting);
    cluster.run(60_000);
    cluster.run(700_000, others);
    expect(cluster.datanode(resting).alive).toBe(false);
    expect(cluster.manager.statistics().lowRedundancy).toBe(0);
    cluster.manager.refreshNodes(NO_HOST_LISTS, cluster.now);
    cluster.run(30_000, others);
    expect(cluster.datanode(resting).blockCount).toBe(0);
    expect(cluster.manager.liveReplicas(block)).toBe(2);
    expect(cluster.holders(block)).not.toContain(resting.id.datanodeUuid);
  });
});

describe('who may be there', () => {
  it('a node that is not listed any more is turned away and counts as dead', () => {
    const { cluster, nodes } = ready(3);
    const [stays, goes] = nodes as [FakeNode, FakeNode];
    const block = cluster.addBlock(2);
    cluster.write(block, [stays, goes]);
    cluster.manager.refreshNodes(plainHostLists(nodes.filter((node) => node !== goes).map(host), []), cluster.now);
    expect(cluster.manager.admin.list('live')).toHaveLength(2);
    expect(cluster.manager.admin.list('dead')).toHaveLength(0);
    expect(() => cluster.heartbeat(goes)).toThrow(
      `Datanode denied communication with namenode because the host is not in the include-list: ${goes.id.ipAddr}:9866`,
    );
    expect(cluster.datanode(goes).alive).toBe(false);
    const others = nodes.filter((node) => node !== goes);
    cluster.run(30_000, others);
    expect(cluster.manager.liveReplicas(block)).toBe(2);
  });

  it('a host that is expected and never came is reported as dead', () => {
    const { cluster, nodes } = ready(1);
    const never = { address: '10.9.9.9', hostName: 'never', port: 0 };
    cluster.manager.refreshNodes(plainHostLists([host(nodes[0] as FakeNode), never], [never]), cluster.now);
    const [dead] = cluster.manager.admin.list('dead');
    expect(dead?.xferAddress).toBe('10.9.9.9:9866');
    expect(dead?.decommissioned).toBe(true);
    expect(cluster.manager.admin.list('all')).toHaveLength(2);
  });
});
