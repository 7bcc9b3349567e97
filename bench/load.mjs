// A small load generator of our own, for machines without the comparison tools and for calls that nnload does not make: a closed
// loop of ClientProtocol calls over Hadoop RPC, spoken by hand so that the server is what takes the time. Each of `conns`
// connections keeps `depth` calls in flight; every answer's status is looked at, and any failure ends the run.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { quantile } from './statistics.mjs';

const PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
const HOLDER = 'tuskfs-bench';
const FILES_PER_DIRECTORY = 100;
/** A longer body is not copied into its frame. */
const LONG_BYTES = 64 * 1024;
const BLOCK_SIZE = 1 << 20;

// ------------------------------------------------------------------------------------------------------------- protobuf

const varint = (value) => {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
};
export const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
export const bytes = (field, value) => {
  const content = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
};
const delimited = (message) => Buffer.concat([varint(message.length), message]);
const zigzag = (value) => (value << 1) ^ (value >> 31);

function readVarint(buffer, at) {
  let value = 0;
  let scale = 1;
  for (let i = at; ; i++) {
    const byte = buffer[i];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: i + 1 };
    scale *= 128;
  }
}

/** A number of a message, as a bigint; undefined when the field is not there. */
export function readField(message, wanted) {
  for (let at = 0; at < message.length; ) {
    const tag = readVarint(message, at);
    const field = Math.floor(tag.value / 8);
    if (tag.value % 8 === 2) {
      const length = readVarint(message, tag.next);
      at = length.next + length.value;
      continue;
    }
    if (tag.value % 8 !== 0) throw new Error(`field ${field} is neither a number nor bytes`);
    let value = 0n;
    let shift = 0n;
    at = tag.next;
    for (; message[at] > 0x7f; at++, shift += 7n) value |= BigInt(message[at] & 0x7f) << shift;
    value |= BigInt(message[at++]) << shift;
    if (field === wanted) return value;
  }
  return undefined;
}

/** The strings and messages that a message has in one field, as bytes. */
export function* fields(message, wanted) {
  for (let at = 0; at < message.length; ) {
    const tag = readVarint(message, at);
    const field = Math.floor(tag.value / 8);
    if (tag.value % 8 === 0) {
      at = readVarint(message, tag.next).next;
      continue;
    }
    if (tag.value % 8 !== 2) throw new Error(`field ${field} is neither a number nor bytes`);
    const length = readVarint(message, tag.next);
    at = length.next + length.value;
    if (field === wanted) yield message.subarray(length.next, at);
  }
}

// ------------------------------------------------------------------------------------------------------------ the calls

const permission = (mode) => number(1, mode);
const listing = (path, needLocation) =>
  Buffer.concat([bytes(1, path), bytes(2, Buffer.alloc(0)), number(3, needLocation ? 1 : 0)]);

export const createRequest = (path, holder = HOLDER) =>
  Buffer.concat([
    bytes(1, path),
    bytes(2, permission(0o644)),
    bytes(3, holder),
    number(4, 1),
    number(5, 1),
    number(6, 3),
    number(7, BLOCK_SIZE),
    bytes(9, permission(0o644)),
  ]);
const mkdirs = (path) =>
  Buffer.concat([bytes(1, path), bytes(2, permission(0o755)), number(3, 1), bytes(4, permission(0o755))]);
const complete = (path) => Buffer.concat([bytes(1, path), bytes(2, HOLDER)]);

const populated = (k) => `/bench/p/d${Math.floor(k / FILES_PER_DIRECTORY)}/f${k % FILES_PER_DIRECTORY}`;

/** What each operation sends: one of a few requests made beforehand, or a new one with a name of its own. */
const operations = {
  getFileInfo: ({ files }) => ({ method: 'getFileInfo', bodies: someOf(files, (k) => bytes(1, populated(k))) }),
  getBlockLocations0: ({ files }) => ({
    method: 'getBlockLocations',
    bodies: someOf(files, (k) => Buffer.concat([bytes(1, populated(k)), number(2, 0), number(3, 2n ** 62n)])),
  }),
  getListing: () => ({ method: 'getListing', bodies: [listing('/bench/list', false)] }),
  getLocatedListing: ({ listed }) => ({ method: 'getListing', bodies: [listing(listed, true)] }),
  create: ({ work }) => ({ method: 'create', body: (id) => createRequest(`${work}/d${id % 512}/f${id}`) }),
  mkdirs: ({ work }) => ({ method: 'mkdirs', body: (id) => mkdirs(`${work}/d${id % 512}/m${id}`) }),
};
export const loadOperations = Object.keys(operations);

const someOf = (count, make) => Array.from({ length: Math.min(count, 2000) }, (_, i) => make(Math.floor((i * count) / 2000)));

// ------------------------------------------------------------------------------------------------------- one connection

export class Caller {
  #socket;
  #rest = Buffer.alloc(0);
  #clientId = randomBytes(16);
  #headers = new Map();
  #waiting = new Map();
  #calls = 0;
  #queue = [];
  onAnswer;

  /** `onAnswer(callId, status, message)`, where nobody awaits the call. */
  static async open(address, user, protocol = PROTOCOL) {
    const [host, port] = address.split(':');
    const caller = new Caller();
    caller.protocol = protocol;
    caller.#socket = net.connect({ host, port: Number(port), noDelay: true });
    await new Promise((resolve, reject) => caller.#socket.once('connect', resolve).once('error', reject));
    caller.#socket.on('data', (chunk) => caller.#onData(chunk));
    caller.#socket.on('close', () => caller.#fail(new Error('the server closed the connection')));
    const context = Buffer.concat([bytes(2, bytes(1, user)), bytes(3, protocol)]);
    const opening = Buffer.concat([delimited(caller.#header(-3, -1)), delimited(context)]);
    caller.#socket.write(Buffer.concat([Buffer.from('hrpc\x09\x00\x00', 'latin1'), caller.#frame([opening])]));
    return caller;
  }

  /** Sends a call; all calls of one turn leave together. Answers its number. */
  send(method, body) {
    const id = this.#calls++ & 0x7fffffff;
    let header = this.#headers.get(method);
    if (header === undefined) {
      header = delimited(Buffer.concat([bytes(1, method), bytes(2, this.protocol), number(3, 1)]));
      this.#headers.set(method, header);
    }
    const parts = [delimited(this.#header(id, 0)), header, varint(body.length)];
    if (body.length > LONG_BYTES) {
      this.flush();
      this.#socket.cork();
      this.#socket.write(this.#frame(parts, body.length));
      this.#socket.write(body);
      this.#socket.uncork();
      return id;
    }
    if (this.#queue.length === 0) queueMicrotask(() => this.flush());
    this.#queue.push(this.#frame([...parts, body]));
    return id;
  }

  flush() {
    if (this.#queue.length === 0) return;
    this.#socket.write(this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue));
    this.#queue = [];
  }

  /** The bytes of a call's answer. Throws what the server said. */
  call(method, body) {
    return new Promise((resolve, reject) => this.#waiting.set(this.send(method, body), { resolve, reject }));
  }

  close() {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #header(callId, retryCount) {
    return Buffer.concat([
      number(1, 2),
      number(2, 0),
      number(3, zigzag(callId) >>> 0),
      bytes(4, this.#clientId),
      number(5, zigzag(retryCount) >>> 0),
    ]);
  }

  /** A frame, of which so many bytes are still to come. */
  #frame(parts, rest = 0) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length + rest);
    return Buffer.concat([head, ...parts], length + 4);
  }

  #onData(chunk) {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= 4) {
      const length = data.readUInt32BE(0);
      if (data.length < length + 4) break;
      this.#answer(data.subarray(4, length + 4));
      data = data.subarray(length + 4);
    }
    this.#rest = data;
  }

  #answer(frame) {
    const { value: headerLength, next } = readVarint(frame, 0);
    const { value: callId, next: behindId } = readVarint(frame, next + 1);
    const { value: status } = readVarint(frame, behindId + 1);
    const message = frame.subarray(next + headerLength);
    const waiting = this.#waiting.get(callId);
    if (waiting === undefined) {
      this.onAnswer?.(callId, status, frame);
      return;
    }
    this.#waiting.delete(callId);
    if (status === 0) waiting.resolve(message.subarray(readVarint(message, 0).next));
    else waiting.reject(new Error(frame.toString('latin1').replace(/[^\x20-\x7e]+/g, ' ')));
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.onAnswer?.(-1, -1, Buffer.from(error.message));
  }
}

// --------------------------------------------------------------------------------------------------------------- a run

/** CPU time that a process has used, in microseconds; ticks of 10 ms. */
export function processCpu(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Milliseconds in which threads of a process ran or waited for a processor: what it would have taken alone. */
export function processDemand(pid) {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [ran, waited] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ').map(Number);
      sum += (ran + waited) / 1e6;
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error; // the thread has ended meanwhile
    }
  }
  return sum;
}

const memory = (field) => (pid) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
export const processRssMib = memory('VmRSS');
/** The most that it ever had. */
export const processPeakMib = memory('VmHWM');

/** Makes the files that are read: `files` of them, a hundred to a directory, and `list` in /bench/list. */
export async function populate({ address, user, files, list = 1000 }) {
  const caller = await Caller.open(address, user);
  const paths = [
    ...Array.from({ length: files }, (_, k) => populated(k)),
    ...Array.from({ length: list }, (_, k) => `/bench/list/f${k}`),
  ];
  const window = 256;
  let next = 0;
  const one = async () => {
    while (next < paths.length) {
      const path = paths[next++];
      await caller.call('create', createRequest(path));
      await caller.call('complete', complete(path));
    }
  };
  await Promise.all(Array.from({ length: window }, one));
  caller.close();
}

/** Runs an operation; figures as nnload reports them. */
export async function load({ address, user, op, conns, depth, seconds, warmup = 0.5, files, listed, pid }) {
  const work = `/bench/w/${op}-${Date.now().toString(36)}`;
  const { method, bodies, body } = operations[op]({ files, listed, work });
  const callers = await Promise.all(Array.from({ length: conns }, () => Caller.open(address, user)));
  if (body !== undefined) {
    for (let i = 0; i < 512; i++) await callers[0].call('mkdirs', mkdirs(`${work}/d${i}`));
  }
  let measuring = false;
  let stopping = false;
  let names = 0;
  let failure;
  let received = 0;
  const latencies = [];
  const drained = callers.map(
    (caller) =>
      new Promise((resolve) => {
        const began = new Map();
        const next = () => {
          const request = body === undefined ? bodies[Math.floor(Math.random() * bodies.length)] : body(names++);
          began.set(caller.send(method, request), performance.now());
        };
        caller.onAnswer = (callId, status, frame) => {
          if (status !== 0) {
            failure ??= new Error(`${op}: ${frame.toString('latin1').replace(/[^\x20-\x7e]+/g, ' ')}`);
            stopping = true;
            resolve();
            return;
          }
          if (measuring) {
            latencies.push(performance.now() - began.get(callId));
            received += frame.length;
          }
          began.delete(callId);
          if (!stopping) next();
          else if (began.size === 0) resolve();
        };
        for (let i = 0; i < depth; i++) next();
      }),
  );
  const pause = (s) => new Promise((resolve) => setTimeout(resolve, s * 1000));
  await pause(warmup);
  const before = processCpu(pid);
  const start = performance.now();
  measuring = true;
  await pause(seconds);
  measuring = false;
  const elapsed = (performance.now() - start) / 1000;
  const cpu = processCpu(pid) - before;
  stopping = true;
  await Promise.all(drained);
  for (const caller of callers) caller.close();
  if (failure !== undefined) throw failure;
  latencies.sort((a, b) => a - b);
  return {
    op,
    ops_s: latencies.length / elapsed,
    p50: quantile(latencies, 0.5) * 1000,
    p99: quantile(latencies, 0.99) * 1000,
    bytes_in: received,
    server_cpu_per_op: cpu / latencies.length,
    server_rss_mib: processRssMib(pid),
  };
}
