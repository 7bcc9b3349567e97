// DataNodes that are none: they register, send heartbeats, full and incremental reports of the replicas that a population
// (population.mjs) gives them, and only count what they are told to do. Either NameNode takes them for real.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes, Caller, fields, number, readField } from './load.mjs';

const PROTOCOL = 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol';
const DATANODE_LAYOUT = 0xffffffc7;
const CHUNK_BYTES = 64 * 1024;
/** A report with more replicas goes in one call for each storage. Hadoop: dfs.blockreport.split.threshold. */
const SPLIT_THRESHOLD = 1_000_000;
const CAPACITY = 2n ** 50n;
const FIRST_PORT = 10_000;
/** Enum ReceivedDeletedBlockInfoProto.BlockStatus. */
export const RECEIVED = 2;
export const DELETED = 3;
/** Enum BlockCommandProto.Action. */
const TRANSFER = 1;
const REGISTER_COMMAND = 5;

/** Appends varints of whole numbers below 2^53. */
class Varints {
  #buffer;
  #length = 0;

  constructor(expected) {
    this.#buffer = Buffer.allocUnsafe(expected + 64);
  }

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
      found.push(this.#buffer.subarray(at, Math.min(at + CHUNK_BYTES, this.#length)));
    }
    return found;
  }
}

/** The replicas of one storage as a full report has them, each as zig-zag id, length, stamp and state (FINALIZED is 0). */
function replicas(population, blocks) {
  const list = new Varints(blocks.length * 14);
  for (const block of blocks) {
    list.put(population.id(block) * 2);
    list.put(population.length(block));
    list.put(population.stamp(block));
    list.put(0);
  }
  return Buffer.concat([number(3, blocks.length), ...list.chunks().map((chunk) => bytes(4, chunk))]);
}

const versionOf = (namenode, key) =>
  new RegExp(`^${key}=(.*)$`, 'm').exec(readFileSync(join(namenode.nameDirectory, 'current/VERSION'), 'utf8'))[1];

export class FakeDataNode {
  /** How many blocks it was told to copy somewhere. */
  transfers = 0;
  /** Called when it is told so. */
  onTransfer = () => undefined;
  #uuid = randomUUID();
  #storages;
  #pool;
  #registration;
  #heartbeat;
  #caller;

  /** The `index`-th of its kind, with that many storages. */
  static async register(namenode, index, storages, uuid) {
    const node = new FakeDataNode();
    if (uuid !== undefined) node.#uuid = uuid;
    node.#storages = Array.from({ length: storages }, () => `DS-${randomUUID()}`);
    node.#caller = await Caller.open(namenode.address, 'hdfs', PROTOCOL);
    node.#pool = versionOf(namenode, 'blockpoolID');
    const id = [
      ...['127.0.0.1', 'localhost', node.#uuid].map((text, i) => bytes(i + 1, text)),
      ...[0, 1, 2].map((i) => number(i + 4, FIRST_PORT + 3 * index + i)),
    ];
    const info = [
      number(1, DATANODE_LAYOUT),
      number(2, Number(versionOf(namenode, 'namespaceID'))),
      bytes(3, versionOf(namenode, 'clusterID')),
      number(4, BigInt(versionOf(namenode, 'cTime'))),
    ];
    const keys = [number(1, 0), number(2, 0), number(3, 0), bytes(4, Buffer.concat([number(1, 0), number(2, 0)]))];
    node.#registration = Buffer.concat([
      bytes(1, Buffer.concat(id)),
      bytes(2, Buffer.concat(info)),
      bytes(3, Buffer.concat(keys)),
      bytes(4, '3.5.0'),
    ]);
    const figures = node.#storages.map((id) => {
      const of = [bytes(1, id), number(3, CAPACITY), number(4, 0), number(5, CAPACITY), bytes(7, node.#storage(id))];
      return bytes(2, Buffer.concat(of));
    });
    node.#heartbeat = Buffer.concat([bytes(1, node.#registration), ...figures]);
    await node.#caller.call('registerDatanode', bytes(1, node.#registration));
    return node;
  }

  #storage(id) {
    return Buffer.concat([bytes(1, id), number(2, 0), number(3, 1)]);
  }

  /** Answers the lease for a full report, 0 where it asked for none. */
  async heartbeat(wantsLease = false) {
    const request = wantsLease ? Buffer.concat([this.#heartbeat, number(9, 1)]) : this.#heartbeat;
    const answer = await this.#caller.call('sendHeartbeat', request);
    for (const command of fields(answer, 1)) {
      if (readField(command, 1) === BigInt(REGISTER_COMMAND)) {
        await this.#caller.call('registerDatanode', bytes(1, this.#registration));
      }
      for (const blocks of fields(command, 3)) {
        if (readField(blocks, 1) !== BigInt(TRANSFER)) continue;
        this.transfers += [...fields(blocks, 3)].length;
        this.onTransfer();
      }
    }
    return readField(answer, 5) ?? 0n;
  }

  /** A full report, encoded: from `held` of the population, one list for each storage. */
  encode(population, lists) {
    const all = this.#storages.map((id, i) => {
      return bytes(3, Buffer.concat([bytes(1, this.#storage(id)), replicas(population, lists[i])]));
    });
    return { all, split: lists.reduce((sum, list) => sum + list.length, 0) > SPLIT_THRESHOLD };
  }

  /** Sends it; resolves with the milliseconds until it was answered. */
  async report({ all, split }) {
    const lease = await this.heartbeat(true);
    const id = number(3, randomBytes(7).readUIntBE(0, 6));
    const parts = split ? all.map((one) => [one]) : [all];
    const head = [bytes(1, this.#registration), bytes(2, this.#pool)];
    const requests = parts.map((part, i) => {
      const context = Buffer.concat([number(1, parts.length), number(2, i), id, number(4, lease)]);
      return Buffer.concat([...head, ...part, bytes(4, context)]);
    });
    const began = performance.now();
    for (const request of requests) await this.#caller.call('blockReport', request);
    return performance.now() - began;
  }

  /** An incremental report about blocks of one storage; `status` is RECEIVED or DELETED. */
  async tell(population, storage, blocks, status) {
    const infos = blocks.map((block) => {
      const of = [number(1, population.id(block)), number(2, population.stamp(block)), number(3, population.length(block))];
      return bytes(2, Buffer.concat([bytes(1, Buffer.concat(of)), number(3, status)]));
    });
    const id = this.#storages[storage];
    const report = bytes(3, Buffer.concat([bytes(1, id), ...infos, bytes(3, this.#storage(id))]));
    await this.#caller.call(
      'blockReceivedAndDeleted',
      Buffer.concat([bytes(1, this.#registration), bytes(2, this.#pool), report]),
    );
  }

  close() {
    this.#caller.close();
  }
}

/** Registers the population's nodes and sends a full report of each. `atOnce`: of how many nodes the replicas may be in memory (four bytes each). */
export async function registerAll(namenode, population, { atOnce = population.nodes, encoded } = {}) {
  const nodes = [];
  for (let from = 0; from < population.nodes; from += atOnce) {
    const to = Math.min(from + atOnce, population.nodes);
    const lists = population.held(from, to);
    for (let i = from; i < to; i++) {
      const node = await FakeDataNode.register(namenode, i, population.storages);
      const own = lists.slice((i - from) * population.storages, (i - from + 1) * population.storages);
      const report = node.encode(population, own);
      await node.report(report);
      encoded?.(i, report);
      nodes.push(node);
      // Those before it must not be taken for dead meanwhile.
      await Promise.all(nodes.map((each) => each.heartbeat()));
    }
  }
  return nodes;
}

/** Sends heartbeats of all nodes again and again, spread over `everyMs`, until told to stop. */
export function keepAlive(nodes, everyMs) {
  let at = 0;
  const alive = new Set(nodes);
  const failures = [];
  const step = Math.max(1, everyMs / Math.max(1, nodes.length));
  let due = performance.now();
  const timer = setInterval(
    () => {
      for (; due <= performance.now(); due += step) {
        const node = nodes[at++ % nodes.length];
        if (alive.has(node)) node.heartbeat().catch((error) => failures.push(error));
      }
    },
    Math.max(1, step),
  );
  return {
    silence: (node) => alive.delete(node),
    stop: () => {
      clearInterval(timer);
      if (failures.length > 0) throw failures[0];
    },
  };
}
