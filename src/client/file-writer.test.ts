// If these fail, a file written while DataNodes fail loses or mixes bytes, or its writer hangs, although Hadoop's would
// have finished it. A NameNode and DataNodes of a few lines stand on the other side, in memory.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { blockId } from '../base/ids.ts';
import { Configuration } from '../config/configuration.ts';
import { Stage } from '../core/pipeline/types.ts';
import { packetGeometry } from '../core/pipeline/writer-geometry.ts';
import type { Connection, ConnectionHandler, Host } from '../host/host.ts';
import { afterMicrotasks } from '../host/sim/turn.ts';
import { PeerPool } from '../transfer/peer.ts';
import type { DatanodeInfoProto } from '../wire/messages/hdfs.ts';
import { BlockOpResponseProto, OpTransferBlockProto, OpWriteBlockProto, Status } from '../wire/messages/transfer.ts';
import { readDelimited } from '../wire/protobuf/message.ts';
import { ProtoReader } from '../wire/protobuf/reader.ts';
import { combineFlag, encodeAck } from '../wire/transfer/acks.ts';
import { OP_HEADER_BYTES, Op } from '../wire/transfer/ops.ts';
import { parsePacketHeader, parsePacketLengths } from '../wire/transfer/packet.ts';
import type { ClientContext } from './context.ts';
import { FileWriter } from './file-writer.ts';
import { HedgePool } from './hedged-read.ts';
import { LeaseRenewer } from './lease-renewer.ts';
import type { NameNode } from './namenode.ts';
import { PacketBufferPool } from './packet-buffer.ts';
import { clientSettings } from './settings.ts';

/** What a pipeline does: all right, refuse the set-up, or fail behind some packets, by an ack or by silence. */
type Fate =
  | { readonly kind: 'fine' }
  | { readonly kind: 'refuse'; readonly bad: number }
  /** Node `bad` calls itself slow in every acknowledgement. */
  | { readonly kind: 'slow'; readonly bad: number }
  | { readonly kind: 'break'; readonly after: number; readonly bad: number; readonly acks: boolean };

interface Replica {
  genStamp: number;
  bytes: Buffer;
}

const NODES = 6;
/** In an acknowledgement's flag word. */
const SLOW = 2;

/** A cluster whose DataNodes obey one pipeline at a time; `fates` are used up by the connections in their order. */
class Cluster {
  readonly blocks: { id: bigint; genStamp: number; nodes: number[] }[] = [];
  readonly replicas = new Map<string, Replica>();
  readonly fates: Fate[];
  /** What each set-up asked of the DataNodes’ pages. */
  readonly caching: unknown[] = [];
  /** How often a new node for a pipeline was asked for. */
  replacements = 0;
  #nextBlock = 1n;
  #nextGenStamp = 1001;

  constructor(fates: readonly Fate[]) {
    this.fates = [...fates];
  }

  call(method: string, request: Record<string, unknown>): unknown {
    switch (method) {
      case 'create':
        return { fs: { fileType: 2, fileId: 7, blocksize: request.blockSize, block_replication: request.replication } };
      case 'addBlock': {
        const previous = request.previous as { blockId: bigint; numBytes: number } | undefined;
        expect(previous?.blockId).toBe(this.blocks.at(-1)?.id);
        const excluded = new Set((request.excludeNodes as DatanodeInfoProto[]).map((info) => info.id.xferPort));
        const nodes = Array.from({ length: NODES }, (_, i) => i)
          .filter((i) => !excluded.has(i))
          .slice(0, 3);
        if (nodes.length === 0) throw new HdfsError('EIO', 'could only be written to 0 of the 1 minReplication nodes');
        const block = { id: this.#nextBlock++, genStamp: this.#nextGenStamp++, nodes };
        this.blocks.push(block);
        return { block: located(block.id, block.genStamp, nodes) };
      }
      case 'abandonBlock': {
        const last = this.blocks.pop();
        expect(last?.id).toBe((request.b as { blockId: bigint }).blockId);
        return {};
      }
      case 'getAdditionalDatanode': {
        const ports = (list: unknown): number[] => (list as DatanodeInfoProto[]).map((node) => node.id.xferPort);
        const [existing, excluded] = [ports(request.existings), ports(request.excludes)];
        const added = Array.from({ length: NODES }, (_, i) => i).find((i) => !existing.includes(i) && !excluded.includes(i));
        this.replacements++;
        const block = request.blk as { blockId: bigint; generationStamp: number };
        return { block: located(block.blockId, block.generationStamp, [...existing, ...(added === undefined ? [] : [added])]) };
      }
      case 'updateBlockForPipeline':
        return { block: located((request.block as { blockId: bigint }).blockId, this.#nextGenStamp++, []) };
      case 'updatePipeline': {
        const block = request.newBlock as { blockId: bigint; generationStamp: number };
        const last = this.blocks.at(-1);
        expect(last?.id).toBe(block.blockId);
        if (last !== undefined) {
          last.genStamp = block.generationStamp;
          last.nodes = (request.newNodes as { xferPort: number }[]).map((id) => id.xferPort);
        }
        return {};
      }
      case 'complete': {
        const last = request.last as { blockId: bigint; generationStamp: number; numBytes: number } | undefined;
        expect(last?.blockId).toBe(this.blocks.at(-1)?.id);
        expect(last?.generationStamp).toBe(this.blocks.at(-1)?.genStamp);
        return { result: true };
      }
      case 'fsync': {
        // It does not say of which block it is: the last one that the NameNode has.
        const last = this.blocks.at(-1);
        const bytes = this.replicas.get(`${last?.id}@${last?.nodes[0]}`)?.bytes.length ?? 0;
        expect((request.lastBlockLength as number | undefined) ?? -1).toBeLessThanOrEqual(bytes);
        return {};
      }
      default:
        throw new Error(`unexpected ${method}`);
    }
  }

  /** Every replica that the NameNode counts on holds the same bytes; their content is the file's. */
  content(): Buffer {
    return Buffer.concat(
      this.blocks.map((block) => {
        const replicas = block.nodes.map((node) => this.replicas.get(`${block.id}@${node}`));
        for (const replica of replicas) {
          expect(replica?.genStamp).toBe(block.genStamp);
          expect(replica?.bytes.equals(replicas[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
        }
        return replicas[0]?.bytes ?? Buffer.alloc(0);
      }),
    );
  }

  connect(first: number): Connection {
    return new Pipe(this, first, this.fates.shift() ?? { kind: 'fine' }) as unknown as Connection;
  }
}

function info(node: number): DatanodeInfoProto {
  const id = {
    ipAddr: '10.0.0.1',
    hostName: 'n',
    datanodeUuid: `u${node}`,
    xferPort: node,
    infoPort: 0,
    ipcPort: 0,
    infoSecurePort: 0,
  };
  return { id } as unknown as DatanodeInfoProto;
}

function located(id: bigint, generationStamp: number, nodes: readonly number[]) {
  return {
    b: { poolId: 'BP', blockId: blockId(id), generationStamp, numBytes: 0 },
    offset: 0,
    locs: nodes.map(info),
    corrupt: false,
    blockToken: { identifier: Buffer.alloc(0), password: Buffer.alloc(0), kind: '', service: '' },
    isCached: [],
    storageTypes: nodes.map(() => 1),
    storageIDs: nodes.map((node) => `s${node}`),
    blockTokens: [],
  };
}

/** The first DataNode's end of a connection: it does the work of the whole pipeline. */
class Pipe {
  readonly remote = { host: '10.0.0.1', port: 1 };
  readonly local = { host: '10.0.0.1', port: 2 };
  readonly queuedBytes = 0;
  destroyed = false;
  readonly #cluster: Cluster;
  readonly #fate: Fate;
  readonly #first: number;
  #handler: ConnectionHandler | undefined;
  #op: OpWriteBlockProto | undefined;
  #packets = 0;
  #broken = false;

  constructor(cluster: Cluster, first: number, fate: Fate) {
    this.#cluster = cluster;
    this.#first = first;
    this.#fate = fate;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
  }
  setNoDelay(): void {
    expect(this.destroyed).toBe(false);
  }
  pause(): void {
    expect(this.#handler).toBeDefined();
  }
  resume(): void {
    expect(this.#handler).toBeDefined();
  }

  write(bytes: Buffer): boolean {
    if (this.destroyed) return true;
    const copy = Buffer.from(bytes);
    queueMicrotask(() => {
      if (!this.destroyed) this.#receive(copy);
    });
    return true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  #answer(bytes: Buffer): void {
    queueMicrotask(() => {
      if (!this.destroyed) this.#handler?.onData(bytes);
    });
  }

  #die(): void {
    this.destroyed = true;
    queueMicrotask(() => this.#handler?.onClose(new HdfsError('ECONN', 'reset')));
  }

  #nodes(op: OpWriteBlockProto): number[] {
    return [this.#first, ...op.targets.map((target) => target.id.xferPort)];
  }

  #receive(bytes: Buffer): void {
    if (this.#op === undefined && bytes.readUInt8(2) === Op.TRANSFER_BLOCK) {
      this.#transfer(readDelimited(OpTransferBlockProto, new ProtoReader(bytes, OP_HEADER_BYTES)));
    } else if (this.#op === undefined) this.#setUp(readDelimited(OpWriteBlockProto, new ProtoReader(bytes, OP_HEADER_BYTES)));
    else this.#packet(this.#op, bytes);
  }

  /** A copy for a node that joins the pipeline: it must be new, and the block as it was before the recovery. */
  #transfer(op: OpTransferBlockProto): void {
    const fate = this.#fate;
    const { blockId: id, generationStamp } = op.header.baseHeader.block;
    const source = this.#cluster.replicas.get(`${id}@${this.#first}`);
    const target = op.targets[0]?.id.xferPort;
    expect(op.targets.length).toBe(1);
    expect(source?.genStamp).toBeGreaterThanOrEqual(generationStamp);
    if (fate.kind === 'refuse' || source === undefined) {
      this.#answer(BlockOpResponseProto.encodeDelimited({ status: Status.ERROR, message: 'no' }));
      return;
    }
    this.#cluster.replicas.set(`${id}@${target}`, { genStamp: source.genStamp, bytes: Buffer.from(source.bytes) });
    this.#answer(BlockOpResponseProto.encodeDelimited({ status: Status.SUCCESS }));
  }

  #setUp(op: OpWriteBlockProto): void {
    this.#op = op;
    this.#cluster.caching.push(op.cachingStrategy);
    const nodes = this.#nodes(op);
    expect(op.pipelineSize).toBe(nodes.length);
    const fate = this.#fate;
    if (fate.kind === 'refuse') {
      const bad = Math.min(fate.bad, nodes.length - 1);
      const firstBadLink = bad === 0 ? '' : `10.0.0.1:${nodes[bad]}`;
      this.#answer(BlockOpResponseProto.encodeDelimited({ status: Status.ERROR, firstBadLink, message: 'no' }));
      return;
    }
    const block = op.header.baseHeader.block;
    for (const node of nodes) {
      const key = `${block.blockId}@${node}`;
      const replica = this.#cluster.replicas.get(key);
      if (op.stage === Stage.PIPELINE_SETUP_CREATE) {
        // A repeated set-up comes with a new generation stamp, and replaces what the first one left.
        if (op.latestGenerationStamp === 0) expect(replica).toBeUndefined();
        else expect(op.latestGenerationStamp).toBe(block.generationStamp);
        this.#cluster.replicas.set(key, { genStamp: block.generationStamp, bytes: Buffer.alloc(0) });
        continue;
      }
      expect(replica).toBeDefined();
      if (replica === undefined) continue;
      expect(op.latestGenerationStamp).toBeGreaterThan(replica.genStamp);
      expect(replica.bytes.length).toBeGreaterThanOrEqual(op.minBytesRcvd);
      expect(replica.bytes.length).toBeLessThanOrEqual(op.maxBytesRcvd);
      if (op.stage === Stage.PIPELINE_CLOSE_RECOVERY) expect(replica.bytes.length).toBe(op.minBytesRcvd);
      replica.genStamp = op.latestGenerationStamp;
    }
    this.#answer(BlockOpResponseProto.encodeDelimited({ status: Status.SUCCESS, firstBadLink: '' }));
  }

  #packet(op: OpWriteBlockProto, bytes: Buffer): void {
    // A DataNode whose pipeline has failed takes nothing more.
    if (this.#broken) return;
    const lengths = parsePacketLengths(bytes, 0);
    const header = parsePacketHeader(bytes, 6, lengths);
    const data = bytes.subarray(lengths.totalBytes - header.dataLen, lengths.totalBytes);
    const nodes = this.#nodes(op);
    const fate = this.#fate;
    const broken = fate.kind === 'break' && this.#packets++ === fate.after;
    this.#broken = broken;
    for (const [index, node] of nodes.entries()) {
      const replica = this.#cluster.replicas.get(`${op.header.baseHeader.block.blockId}@${node}`);
      // Behind the node that fails nobody gets the packet.
      if (replica === undefined || (broken && fate.kind === 'break' && index >= fate.bad)) continue;
      expect(header.offsetInBlock).toBeLessThanOrEqual(replica.bytes.length);
      const before = replica.bytes.subarray(0, header.offsetInBlock);
      const after = replica.bytes.subarray(Math.min(replica.bytes.length, header.offsetInBlock + data.length));
      replica.bytes = Buffer.concat([before, data, after]);
    }
    if (!broken || fate.kind !== 'break')
      this.#answer(
        encodeAck(
          header.seqno,
          nodes.map((_, i) => combineFlag(Status.SUCCESS, 0, fate.kind === 'slow' && fate.bad === i ? SLOW : 0)),
        ),
      );
    else if (fate.acks) {
      const bad = Math.min(fate.bad, nodes.length - 1);
      this.#answer(
        encodeAck(
          header.seqno,
          nodes.map((_, i) => (i === bad ? Status.ERROR : Status.SUCCESS)),
        ),
      );
    } else this.#die();
  }
}

/** `late`: until then calls of that method are on their way. */
function contextOf(
  cluster: Cluster,
  keys: Readonly<Record<string, string>> = {},
  late: Readonly<Record<string, Promise<void>>> = {},
): ClientContext {
  const closing = new AbortController();
  const idle = { cancel: () => expect(true).toBe(true) };
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    setTimer: () => idle,
    setPeriodic: () => idle,
    sleep: () => Promise.resolve(),
  };
  const host = {
    clock,
    random: { fraction: () => 0.5 },
    net: { connect: ({ port }: { port: number }) => Promise.resolve(cluster.connect(port)) },
    log: { log: () => expect(true).toBe(true) },
  } as unknown as Host;
  const settings = clientSettings(
    Configuration.of({ 'dfs.client-write-packet-size': 2200, 'dfs.client.write.max-packets-in-flight': 6, ...keys }),
  );
  return {
    host,
    settings,
    namenode: {
      call: async (method: string, request: Record<string, unknown>) => {
        if (late[method] !== undefined) await late[method];
        return cluster.call(method, request);
      },
    } as unknown as NameNode,
    peers: new PeerPool(host.net, host.clock, { capacity: 0, expiryMs: 1, timeoutMs: 0 }),
    packets: new PacketBufferPool(packetGeometry(settings.writePacketSize, settings.bytesPerChecksum, true), 16),
    leases: new LeaseRenewer(host, () => Promise.resolve()),
    hedges: new HedgePool(0, 0),
    deadNodes: undefined,
    clientName: 'c',
    user: 'u',
    closed: closing.signal,
    mapHost: undefined,
    dataNodeRpc: () => {
      throw new Error('not used');
    },
  };
}

async function write(
  cluster: Cluster,
  data: Buffer,
  cuts: readonly number[],
  flushes: ReadonlySet<number>,
  keys: Readonly<Record<string, string>> = {},
): Promise<void> {
  const writer = await FileWriter.create(contextOf(cluster, keys), '/f', {}, { blockSize: 8192, replication: 3 });
  for (let at = 0, i = 0; at < data.length; i++) {
    const to = Math.min(data.length, at + (cuts[i % cuts.length] as number));
    await writer.write(data.subarray(at, to));
    if (flushes.has(i)) {
      await writer.hflush();
      expect(cluster.content().subarray(0, to).equals(data.subarray(0, to))).toBe(true);
    }
    at = to;
  }
  await writer.close();
}

/** Everything has been done that waits for nothing from outside. */
const settled = (): Promise<void> => new Promise((resolve) => afterMicrotasks(resolve));

const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255));

describe('file writer', () => {
  it('writes any file in any pieces, with flushes at any place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30_000 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 6 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 5 }),
        async (length, cuts, flushes) => {
          const cluster = new Cluster([]);
          await write(cluster, bytes(length), cuts, new Set(flushes));
          expect(cluster.content().equals(bytes(length))).toBe(true);
          expect(cluster.blocks.length).toBe(Math.ceil(length / 8192));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('loses nothing when pipelines fail, at set-up, in the middle or at the end', async () => {
    const fate = fc.oneof(
      fc.constant<Fate>({ kind: 'fine' }),
      fc.record({ kind: fc.constant('refuse' as const), bad: fc.integer({ min: 0, max: 2 }) }),
      fc.record({
        kind: fc.constant('break' as const),
        after: fc.integer({ min: 0, max: 6 }),
        bad: fc.integer({ min: 0, max: 2 }),
        acks: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30_000 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 6 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 4 }),
        fc.array(fate, { maxLength: 4 }),
        async (length, cuts, flushes, fates) => {
          const cluster = new Cluster(fates);
          await write(cluster, bytes(length), cuts, new Set(flushes)).then(
            () => expect(cluster.content().equals(bytes(length))).toBe(true),
            (error: unknown) => {
              // Only when all nodes of a pipeline failed, none was left to be tried, or none of those tried took a copy.
              if (!(error instanceof HdfsError)) throw error;
              expect(fates.filter((each) => each.kind !== 'fine').length).toBeGreaterThanOrEqual(3);
              expect(error.message).toMatch(/are bad|Unable to create new block|minReplication|transfer of a replica/);
            },
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([0, 1])(
    'goes on in the same block when its pipeline breaks at packet %i of two, since readers may have seen it',
    async (after) => {
      const cluster = new Cluster([{ kind: 'break', after, bad: 1, acks: false }]);
      await write(cluster, bytes(100), [100], new Set());
      expect(cluster.blocks.map((block) => block.id)).toEqual([1n]);
      expect(cluster.content().equals(bytes(100))).toBe(true);
    },
  );

  it('leaves a node out that says often enough in a row that it is slow', async () => {
    const keys = { 'dfs.client.mark.slownode.as.badnode.threshold': '3' };
    const cluster = new Cluster([{ kind: 'slow', bad: 1 }]);
    await write(cluster, bytes(6000), [1000], new Set([0, 1, 2, 3, 4]), keys);
    expect(cluster.blocks[0]?.nodes).toEqual([0, 2, 3]);
    expect(cluster.replacements).toBe(1);
    expect(cluster.content().equals(bytes(6000))).toBe(true);
    const patient = new Cluster([{ kind: 'slow', bad: 1 }]);
    await write(patient, bytes(6000), [1000], new Set([0, 1, 2, 3, 4]), {});
    expect(patient.blocks[0]?.nodes).toEqual([0, 1, 2]);
  });

  it('begins a block with fewer nodes where min-replication allows it', async () => {
    const keys = { 'dfs.client.block.write.replace-datanode-on-failure.min-replication': '2' };
    const cluster = new Cluster([{ kind: 'refuse', bad: 1 }]);
    await write(cluster, bytes(3000), [1000], new Set(), keys);
    expect(cluster.blocks.map(({ id, nodes }) => [id, nodes])).toEqual([[1n, [0, 2]]]);
    expect(cluster.content().equals(bytes(3000))).toBe(true);
    // Without it the block is given up for another one elsewhere.
    const strict = new Cluster([{ kind: 'refuse', bad: 1 }]);
    await write(strict, bytes(3000), [1000], new Set());
    expect(strict.blocks.map(({ id, nodes }) => [id, nodes])).toEqual([[2n, [0, 2, 3]]]);
  });

  it('writes what is not waited for in the order in which it came, and closes behind it', async () => {
    const data = bytes(150_000);
    const cluster = new Cluster([]);
    const writer = await FileWriter.create(contextOf(cluster), '/f', {}, { blockSize: 8192, replication: 3 });
    const part = (i: number): Buffer => data.subarray(i * 30_000, (i + 1) * 30_000);
    const writes = [0, 1, 2].map((i) => writer.write(part(i)));
    await writes[0];
    writes.push(writer.write(part(3)));
    await writes[1];
    writes.push(writer.write(part(4)));
    await writer.close();
    await Promise.all(writes);
    expect(cluster.content().equals(data)).toBe(true);
  });

  it('flushes what was written before and is not sent yet', async () => {
    const data = bytes(60_000);
    const cluster = new Cluster([]);
    const writer = await FileWriter.create(contextOf(cluster), '/f', {}, { blockSize: 8192, replication: 3 });
    const written = writer.write(data);
    await writer.hflush();
    expect(cluster.content().equals(data)).toBe(true);
    await written;
    await writer.close();
  });

  it('tells the NameNode the length of no other block, when it writes on while it flushes', async () => {
    const data = bytes(20_000);
    const cluster = new Cluster([]);
    const writer = await FileWriter.create(contextOf(cluster), '/f', {}, { blockSize: 8192, replication: 3 });
    await writer.write(data.subarray(0, 8192));
    await settled();
    const flushed = writer.hflush();
    await writer.write(data.subarray(8192));
    await flushed;
    await writer.close();
    expect(cluster.content().equals(data)).toBe(true);
  });

  it('asks for no block before the NameNode knows what a flush has to tell of the one before', async () => {
    const data = bytes(20_000);
    const cluster = new Cluster([]);
    let arrive = (): void => undefined;
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const context = contextOf(cluster, {}, { fsync: arrival });
    const writer = await FileWriter.create(context, '/f', {}, { blockSize: 8192, replication: 3 });
    await writer.write(data.subarray(0, 3000));
    const flushed = writer.hflush();
    await settled();
    const written = writer.write(data.subarray(3000));
    await settled();
    expect(cluster.blocks).toHaveLength(1);
    arrive();
    await Promise.all([flushed, written]);
    await writer.close();
    expect(cluster.content().equals(data)).toBe(true);
  });

  it('asks DataNodes to drop what was written where that is set', async () => {
    const [silent, dropping] = [new Cluster([]), new Cluster([])];
    await write(silent, bytes(10), [10], new Set());
    await write(dropping, bytes(10), [10], new Set(), { 'dfs.client.cache.drop.behind.writes': 'true' });
    expect(silent.caching).toMatchObject([{ dropBehind: undefined }]);
    expect(dropping.caching).toMatchObject([{ dropBehind: true }]);
  });
});
