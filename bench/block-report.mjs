// Row 12: a full report of a million blocks from a DataNode that is none, until the NameNode has answered it: the first
// after its start, when every replica is news, and the next, when nothing is. What is compared is the NameNode's CPU time as well.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chosenSystems, measure, option, scratch } from './common.mjs';
import { BLOCK_BYTES, FIRST_BLOCK_ID, FIRST_STAMP } from './image.mjs';
import { bytes, Caller, number, processCpu, readField } from './load.mjs';
import { NameNode } from './namenode.mjs';

const blocks = option('blocks', 1_000_000);
const storages = option('storages', 10);
const PROTOCOL = 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol';
const DATANODE_LAYOUT = 0xffffffc7;
const CHUNK_BYTES = 64 * 1024;

const versionOf = (namenode, key) =>
  new RegExp(`^${key}=(.*)$`, 'm').exec(readFileSync(join(namenode.nameDirectory, 'current/VERSION'), 'utf8'))[1];

/** Appends varints of whole numbers below 2^53. */
class Varints {
  #buffer = Buffer.alloc(1 << 20);
  #length = 0;

  put(value) {
    if (this.#length + 10 > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
  }

  chunks() {
    const found = [];
    for (let at = 0; at < this.#length; at += CHUNK_BYTES) {
      found.push(Buffer.from(this.#buffer.subarray(at, Math.min(at + CHUNK_BYTES, this.#length))));
    }
    return found;
  }
}

/** The replicas of one storage, each as zig-zag id, length, stamp and state (FINALIZED is 0). */
function replicas(first, count) {
  const list = new Varints();
  for (let i = first; i < first + count; i++) {
    list.put(Number(FIRST_BLOCK_ID + BigInt(i)) * 2);
    list.put(BLOCK_BYTES);
    list.put(FIRST_STAMP + i);
    list.put(0);
  }
  return Buffer.concat([number(3, count), ...list.chunks().map((chunk) => bytes(4, chunk))]);
}

const storageIds = Array.from({ length: storages }, () => `DS-${randomUUID()}`);
const uuid = randomUUID();
const storage = (id) => Buffer.concat([bytes(1, id), number(2, 0), number(3, 1)]);
const each = Math.floor(blocks / storages);
const reports = storageIds.map((id, i) => bytes(3, Buffer.concat([bytes(1, storage(id)), replicas(i * each, each)])));

class FakeDataNode {
  static async register(namenode) {
    const node = new FakeDataNode();
    node.caller = await Caller.open(namenode.address, 'hdfs', PROTOCOL);
    node.pool = versionOf(namenode, 'blockpoolID');
    const id = [
      ...['127.0.0.1', 'localhost', uuid].map((text, i) => bytes(i + 1, text)),
      ...[9866, 9864, 9867].map((port, i) => number(i + 4, port)),
    ];
    const info = [
      number(1, DATANODE_LAYOUT),
      number(2, Number(versionOf(namenode, 'namespaceID'))),
      bytes(3, versionOf(namenode, 'clusterID')),
      number(4, BigInt(versionOf(namenode, 'cTime'))),
    ];
    const keys = [number(1, 0), number(2, 0), number(3, 0), bytes(4, Buffer.concat([number(1, 0), number(2, 0)]))];
    node.registration = Buffer.concat([
      bytes(1, Buffer.concat(id)),
      bytes(2, Buffer.concat(info)),
      bytes(3, Buffer.concat(keys)),
      bytes(4, '3.5.0'),
    ]);
    await node.caller.call('registerDatanode', bytes(1, node.registration));
    return node;
  }

  /** Answers a lease for a full report. */
  async heartbeat() {
    const figures = storageIds.map((id) =>
      bytes(2, Buffer.concat([bytes(1, id), number(3, 2n ** 40n), number(4, 0), number(5, 2n ** 40n), bytes(7, storage(id))])),
    );
    const request = Buffer.concat([bytes(1, this.registration), ...figures, number(10, 1)]);
    return readField(await this.caller.call('sendHeartbeat', request), 5) ?? 0n;
  }

  async report() {
    const lease = await this.heartbeat();
    const context = Buffer.concat([number(1, 1), number(2, 0), number(3, randomBytes(7).readUIntBE(0, 6)), number(4, lease)]);
    const request = Buffer.concat([bytes(1, this.registration), bytes(2, this.pool), ...reports, bytes(4, context)]);
    const began = performance.now();
    await this.caller.call('blockReport', request);
    return performance.now() - began;
  }
}

/** Reports while CPU time of the NameNode is looked at. */
async function timed(running, datanode) {
  const before = processCpu(running.pid);
  const ms = await datanode.report();
  return { ms, cpuMs: (processCpu(running.pid) - before) / 1000 };
}

const dir = scratch('block-report');
const nodes = chosenSystems(dir).map((system) => new NameNode(system, dir, { 'dfs.namenode.safemode.threshold-pct': '0' }));
for (const node of nodes) node.fill(blocks, 1);
const figures = (which) => [
  { row: 12, figure: `${which}: ms`, better: 'less', must: 0.2, aim: 0.05, of: (result) => result[which].ms },
  { row: 12, figure: `${which}: CPU, ms`, better: 'less', must: 0.2, aim: 0.05, of: (result) => result[which].cpuMs },
];
await measure(nodes, `report of ${blocks} blocks`, [...figures('first'), ...figures('next')], async (node) => {
  const running = await node.launch();
  try {
    const datanode = await FakeDataNode.register(node);
    const first = await timed(running, datanode);
    const next = await timed(running, datanode);
    datanode.caller.close();
    return { first, next };
  } finally {
    await running.stop();
  }
});
rmSync(dir, { recursive: true, force: true });
