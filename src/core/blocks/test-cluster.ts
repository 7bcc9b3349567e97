// A cluster of DataNodes that exist only as values, around a real block manager and block map: for the tests here.
import { blockId, type GenStamp, genStamp } from '../../base/ids.ts';
import { RackPlacement } from '../placement/policies.ts';
import type { PlacementPolicy } from '../placement/policy.ts';
import { cursorOf, type ReportedReplica } from './block-list.ts';
import { BlockManager, type HeartbeatRequest } from './block-manager.ts';
import { type BlockHandle, BlockMap, BlockState } from './block-map.ts';
import type { DatanodeCommand, HeartbeatAnswer } from './commands.ts';
import type { Datanode, DatanodeId, Now, StorageIdentity } from './datanode.ts';
import { BlockStatus } from './reports.ts';
import type { BlockManagerOptions } from './state.ts';
import { ReplicaState, StorageState, StorageType } from './storage-type.ts';

export const GIB = 2 ** 30;

/** A small generator of numbers in [0, 1), the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface FakeNode {
  readonly id: DatanodeId;
  readonly location: string;
  readonly storage: StorageIdentity;
  remaining: number;
  xceiverCount: number;
  /** What is on its disk. */
  readonly replicas: Map<bigint, ReportedReplica>;
}

export class TestCluster {
  readonly blocks = new BlockMap();
  readonly replication = new Map<BlockHandle, number>();
  /** Blocks of files that are being written. */
  readonly openFiles = new Map<BlockHandle, { readonly id: number; readonly isLast: boolean }>();
  readonly log: string[] = [];
  readonly manager: BlockManager;
  readonly nodes: FakeNode[] = [];
  nowMs = 1_000_000;
  highestGenStamp: GenStamp = genStamp(5_000);
  #nextBlock = 2n ** 30n + 1n;

  constructor(options: Partial<BlockManagerOptions> = {}, seed = 7, policy: PlacementPolicy = new RackPlacement()) {
    this.manager = new BlockManager(
      {
        blocks: this.blocks,
        owner: {
          replication: (block) => this.replication.get(block) ?? 0,
          replications: (blocks, count, into) => {
            for (let i = 0; i < count; i++) into[i] = this.replication.get(blocks[i] as BlockHandle) ?? 0;
          },
          storagePolicy: () => 0,
          openFile: (block) => this.openFiles.get(block),
          highestGenStamp: () => this.highestGenStamp,
          completed: () => undefined,
        },
        policy: policy,
        random: seeded(seed),
        log: (message) => this.log.push(message),
      },
      options,
    );
  }

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: 1_700_000_000_000 + this.nowMs };
  }

  addNode(location = '/default-rack', ipAddr = `10.0.0.${this.nodes.length + 1}`): FakeNode {
    const index = this.nodes.length + 1;
    const node: FakeNode = {
      id: {
        ipAddr,
        hostName: `host${index}`,
        datanodeUuid: `uuid-${index}`,
        xferPort: 9866,
        infoPort: 9864,
        infoSecurePort: 0,
        ipcPort: 9867,
      },
      location,
      storage: { storageId: `DS-${index}`, type: StorageType.DISK, state: StorageState.NORMAL },
      remaining: 100 * GIB,
      xceiverCount: 1,
      replicas: new Map(),
    };
    this.nodes.push(node);
    return node;
  }

  /** Registers, sends a heartbeat and a full report: as a DataNode does when it starts. */
  start(node: FakeNode): Datanode {
    const datanode = this.manager.registerDatanode(
      { id: node.id, location: node.location, softwareVersion: '3.5.0' },
      this.now,
    );
    this.heartbeat(node);
    this.report(node);
    return datanode;
  }

  addNodes(count: number, racks = 1): FakeNode[] {
    return Array.from({ length: count }, (_, i) => {
      const node = this.addNode(racks === 1 ? '/default-rack' : `/rack${i % racks}`);
      this.start(node);
      return node;
    });
  }

  datanode(node: FakeNode): Datanode {
    const found = this.manager.datanodes.byUuid(node.id.datanodeUuid);
    if (found === undefined) throw new Error(`${node.id.datanodeUuid} is not registered`);
    return found;
  }

  heartbeat(node: FakeNode, durableTxid?: number, more: Partial<HeartbeatRequest> = {}): HeartbeatAnswer {
    const report = {
      storage: node.storage,
      capacity: 200 * GIB,
      dfsUsed: 0,
      remaining: node.remaining,
      blockPoolUsed: 0,
      nonDfsUsed: 0,
    };
    const answer = this.manager.heartbeat(
      node.id,
      {
        reports: [report],
        cacheCapacity: 0,
        cacheUsed: 0,
        xceiverCount: node.xceiverCount,
        failedVolumes: 0,
        xmitsInProgress: 0,
        requestFullBlockReportLease: false,
        ...more,
      },
      this.now,
      durableTxid,
    );
    return answer;
  }

  /** A full report of all that is on the node's disk, in slices of `slice`. False when it was passed over. */
  report(node: FakeNode, slice = 1_000): boolean {
    const report = this.manager.beginFullReport(node.id, node.storage, cursorOf([...node.replicas.values()]), this.now);
    if (report === undefined) return false;
    while (!this.manager.stepFullReport(report, slice, this.now));
    return true;
  }

  /** A block of a file; its replicas are put on disks by `write`. */
  addBlock(replication: number, state: BlockState = BlockState.COMPLETE, numBytes = 1_000): BlockHandle {
    const id = blockId(this.#nextBlock++);
    const block = this.blocks.add(id, genStamp(1_001), numBytes, 1, state);
    this.replication.set(block, replication);
    return block;
  }

  replicaOf(block: BlockHandle, change: Partial<ReportedReplica> = {}): ReportedReplica {
    return {
      id: this.blocks.id(block),
      numBytes: this.blocks.numBytes(block),
      genStamp: this.blocks.genStamp(block),
      state: ReplicaState.FINALIZED,
      ...change,
    };
  }

  /** Puts a replica on the node's disk without a word. */
  put(block: BlockHandle, node: FakeNode, change: Partial<ReportedReplica> = {}): void {
    const replica = this.replicaOf(block, change);
    node.replicas.set(replica.id, replica);
  }

  /** Puts replicas on disks and tells of them. */
  write(block: BlockHandle, nodes: readonly FakeNode[]): void {
    for (const node of nodes) {
      this.put(block, node);
      this.received(node, this.replicaOf(block));
    }
  }

  received(node: FakeNode, replica: ReportedReplica, deleteHint?: string): void {
    this.manager.incrementalReport(node.id, node.storage, [{ ...replica, status: BlockStatus.RECEIVED, deleteHint }], this.now);
  }

  deleted(node: FakeNode, block: bigint): void {
    const replica = { id: blockId(block), numBytes: 0, genStamp: genStamp(0) };
    this.manager.incrementalReport(node.id, node.storage, [{ ...replica, status: BlockStatus.DELETED }], this.now);
  }

  /** Carries commands out as the node would. */
  obey(node: FakeNode, commands: readonly DatanodeCommand[]): void {
    for (const command of commands) {
      if (command.kind === 'invalidate') {
        for (const block of command.blocks) {
          const replica = node.replicas.get(block.id);
          if (replica === undefined || replica.genStamp !== block.genStamp) continue;
          node.replicas.delete(block.id);
          this.deleted(node, block.id);
        }
      } else if (command.kind === 'transfer') {
        for (const task of command.blocks) {
          for (const target of task.targets) {
            const to = this.nodes.find((each) => each.id.datanodeUuid === target.node.uuid);
            const replica = node.replicas.get(task.block.id);
            if (to === undefined || replica === undefined) continue;
            to.replicas.set(replica.id, replica);
            this.received(to, replica);
          }
        }
      }
    }
  }

  tick(): void {
    for (let i = 0; i < 1_000 && this.manager.tick(this.now); i++);
  }

  /** Time passes: living nodes send heartbeats and do as they are told. */
  run(ms: number, alive: readonly FakeNode[] = this.nodes): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += 1_000;
      this.tick();
      if (this.nowMs % 3_000 !== 0) continue;
      for (const node of alive) this.obey(node, this.heartbeat(node).commands);
    }
  }

  /** Nodes that hold the block, as the block manager believes. */
  holders(block: BlockHandle): string[] {
    return this.manager
      .locations(block)
      .storages.map((storage) => storage.node.uuid)
      .sort();
  }
}
