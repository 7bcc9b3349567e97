// One data connection: operations one after the other, each with its answer, until the peer ends, keeps silent for longer
// than the keep-alive, or breaks the protocol. Apache: DataXceiver, DataXceiverServer.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { DiskFailure, diskErrorCode } from '../../host/disk-error.ts';
import type { Address, Connection, Listener } from '../../host/host.ts';
import { ByteSource, flushed } from '../../transfer/byte-source.ts';
import { BlockChecksumTypeProto } from '../../wire/messages/hdfs.ts';
import {
  BlockOpResponseProto,
  ClientReadStatusProto,
  OpBlockChecksumProto,
  OpReadBlockProto,
  OpTransferBlockProto,
  OpWriteBlockProto,
  ReleaseShortCircuitAccessResponseProto,
  ShortCircuitShmResponseProto,
  Status,
} from '../../wire/messages/transfer.ts';
import { DATA_TRANSFER_VERSION, isOp, MAX_OP_MESSAGE_BYTES, OP_HEADER_BYTES, OPS, Op } from '../../wire/transfer/ops.ts';
import { blockChecksum } from './block-checksum.ts';
import { BlockSender, CLIENT_PACKET_BYTES, rangeOf } from './block-sender.ts';
import { type OpenReplica, openNow, openReplica } from './open-replica.ts';
import { SLAB_BYTES } from './packet-memory.ts';
import { type BlockName, describeBlock } from './replica.ts';
import { blockOfHeader } from './requests.ts';
import { transferForRecovery } from './send-replica.ts';
import type { Services } from './services.ts';
import { writeBlock } from './write-block.ts';

const MAX_STATUS_BYTES = 1024;
/** Of a reader's status as all clients send it: its length, and one field of two bytes. */
const STATUS_BYTES = 3;
/** So long it may wait for the next operation, in addition to the keep-alive. */
const STATUS_PATIENCE_MS = 1000;
/** Shorter reads count as a nanosecond's in the rates, as in Apache's. */
const LEAST_MS = 1e-6;

/** What follows an operation: another one on the same connection, or its end. */
type Next = 'keep' | 'close';

export class XceiverServer {
  private readonly services: Services;
  private readonly connections = new Set<Connection>();
  private listener: Listener | undefined;

  constructor(services: Services) {
    this.services = services;
  }

  async listen(address: Address): Promise<Address> {
    this.listener = await this.services.host.net.listen({ ...address, slabBytes: SLAB_BYTES, isBulk: true }, (connection) => {
      this.accept(connection);
    });
    return this.listener.address;
  }

  private accept(connection: Connection): void {
    const { host, settings, counters } = this.services;
    const peer = `${connection.remote.host}:${connection.remote.port}`;
    if (this.connections.size >= settings.maxTransferThreads) {
      host.log.log(
        'warn',
        'datanode',
        `Xceiver count ${this.connections.size + 1} exceeds the limit of concurrent xceivers: ${settings.maxTransferThreads}; ${peer} is turned away`,
      );
      connection.destroy();
      return;
    }
    this.connections.add(connection);
    connection.setNoDelay(true);
    const source = new ByteSource(connection, { borrowedChunks: true, clock: host.clock });
    serve(this.services, source)
      .catch((error: unknown) => {
        const level = error instanceof ProtocolError ? 'warn' : 'info';
        host.log.log(level, 'datanode', `error processing an operation of ${peer}: ${messageOf(error)}`);
        connection.destroy();
      })
      .finally(() => {
        this.connections.delete(connection);
        counters.activeTransfers = this.connections.size;
      });
    counters.activeTransfers = this.connections.size;
  }

  async close(): Promise<void> {
    await this.listener?.close();
    for (const connection of this.connections) connection.destroy();
  }
}

async function serve(services: Services, source: ByteSource): Promise<void> {
  const { settings, counters } = services;
  source.timeoutMs = settings.socketTimeoutMs;
  source.start();
  let first: Op | undefined;
  try {
    for (let operations = 0; ; operations++) {
      if (operations > 0) source.timeoutMs = settings.keepaliveMs;
      if (!(await waitForOperation(services, source, operations))) break;
      source.timeoutMs = settings.socketTimeoutMs;
      const op = await readOp(services, source);
      if (first === undefined) {
        first = op;
        if (op === Op.READ_BLOCK) counters.activeReads++;
        else if (op === Op.WRITE_BLOCK) counters.activeWrites++;
      }
      const next = await operation(services, source, op);
      if (next === 'close' || settings.keepaliveMs <= 0) break;
    }
  } finally {
    if (first === Op.READ_BLOCK) counters.activeReads--;
    else if (first === Op.WRITE_BLOCK) counters.activeWrites--;
  }
  await flushed(source.connection).catch(() => undefined);
  source.connection.end();
  // The peer closes in its turn; a peer that does not is not waited for longer than for another operation.
  if (!source.closed) {
    source.timeoutMs = Math.max(1, settings.keepaliveMs);
    await source.waitOrEnd(1).catch(() => false);
  }
  source.connection.destroy();
}

/** False: the peer has ended, or wants nothing more in time. */
async function waitForOperation({ counters }: Services, source: ByteSource, operations: number): Promise<boolean> {
  try {
    return await source.waitOrEnd(1);
  } catch (error) {
    if (operations > 0 || isCode(error, 'ETIMEDOUT') || isCode(error, 'ECONN')) return false;
    counters.networkError(source.connection.remote.host);
    throw error;
  }
}

async function readOp({ counters }: Services, source: ByteSource): Promise<Op> {
  try {
    const header = await source.read(OP_HEADER_BYTES);
    const version = header.readUInt16BE(0);
    if (version !== DATA_TRANSFER_VERSION) {
      // A client that begins with SASL sends 0xDEADBEEF: without security nobody here understands it, as in Apache.
      throw new ProtocolError(`Version Mismatch (Expected: ${DATA_TRANSFER_VERSION}, Received: ${header.readInt16BE(0)} )`);
    }
    const code = header.readUInt8(2);
    if (!isOp(code)) throw new ProtocolError(`Unknown op ${code} in data stream`);
    return code;
  } catch (error) {
    counters.networkError(source.connection.remote.host);
    throw error;
  }
}

const isCode = (error: unknown, code: HdfsError['code']): boolean => error instanceof HdfsError && error.code === code;

/** Both ends of the connection are this machine. Apache: BasicInetPeer.isLocal. */
const isLocal = ({ connection }: ByteSource): boolean => connection.remote.host === connection.local.host;

async function operation(services: Services, source: ByteSource, op: Op): Promise<Next> {
  switch (op) {
    case Op.WRITE_BLOCK:
      await write(services, source, await source.readDelimited(OpWriteBlockProto, MAX_OP_MESSAGE_BYTES));
      return 'close';
    case Op.READ_BLOCK:
      return readBlock(services, source, await source.readDelimited(OpReadBlockProto, MAX_OP_MESSAGE_BYTES));
    case Op.TRANSFER_BLOCK:
      return transferBlock(services, source, await source.readDelimited(OpTransferBlockProto, MAX_OP_MESSAGE_BYTES));
    case Op.BLOCK_CHECKSUM:
      return checksum(services, source, await source.readDelimited(OpBlockChecksumProto, MAX_OP_MESSAGE_BYTES));
    case Op.READ_METADATA:
    case Op.REPLACE_BLOCK:
    case Op.COPY_BLOCK:
    case Op.REQUEST_SHORT_CIRCUIT_FDS:
    case Op.RELEASE_SHORT_CIRCUIT_FDS:
    case Op.REQUEST_SHORT_CIRCUIT_SHM:
    case Op.BLOCK_GROUP_CHECKSUM:
    case Op.CUSTOM:
      return refuse(source, op);
  }
}

/** Reads the message of an operation that is not done here and answers in the form that its sender reads. */
async function refuse(source: ByteSource, op: Op): Promise<Next> {
  const { message, server, name } = OPS[op];
  const reason = server === 'handled' ? '' : server.refused;
  if (message === undefined) throw new ProtocolError(`Unknown op ${name} in data stream`);
  await source.readDelimited(message, MAX_OP_MESSAGE_BYTES);
  const text = `${name} is refused: ${reason}`;
  const status = Status.ERROR_UNSUPPORTED;
  if (op === Op.RELEASE_SHORT_CIRCUIT_FDS) {
    source.connection.write(ReleaseShortCircuitAccessResponseProto.encodeDelimited({ status, error: text }));
  } else if (op === Op.REQUEST_SHORT_CIRCUIT_SHM) {
    source.connection.write(ShortCircuitShmResponseProto.encodeDelimited({ status, error: text }));
  } else source.connection.write(BlockOpResponseProto.encodeDelimited({ status, message: text }));
  return 'close';
}

function answerError(source: ByteSource, what: string, error: unknown): void {
  const text = `${what} received exception ${error instanceof HdfsError ? `${error.javaClass}: ` : ''}${messageOf(error)}`;
  source.connection.write(BlockOpResponseProto.encodeDelimited({ status: Status.ERROR, message: text }));
}

async function write(services: Services, source: ByteSource, proto: OpWriteBlockProto): Promise<void> {
  const { host, counters } = services;
  const beganMs = host.clock.monotonic();
  let bytes: number;
  try {
    bytes = await writeBlock(services, source, proto);
  } catch (error) {
    counters.networkError(source.connection.remote.host);
    throw error;
  }
  counters.writeDone(isLocal(source), bytes, host.clock.monotonic() - beganMs);
}

interface ReadAnswer {
  readonly sender: BlockSender;
  /** What the reader is told before the data. */
  readonly greeting: Buffer;
}

/** Closes the replica when nothing is to be sent of it. */
function answerOf(services: Services, source: ByteSource, replica: OpenReplica, offset: number, length: number): ReadAnswer {
  const { host, settings, counters } = services;
  let range: ReturnType<typeof rangeOf>;
  try {
    range = rangeOf(replica, offset, length);
  } catch (error) {
    replica.close();
    throw error;
  }
  const sender = new BlockSender(replica, range, source, {
    clock: host.clock,
    counters,
    writeTimeoutMs: settings.socketWriteTimeoutMs,
    corruptChecksumOk: true,
    maxPacketBytes: settings.maxPacketBytes,
    throttle: services.throttles.read,
    longPacketBytes: CLIENT_PACKET_BYTES,
  });
  const { type, bytesPerChecksum } = replica.checksum;
  const greeting = BlockOpResponseProto.encodeDelimited({
    status: Status.SUCCESS,
    readOpChecksumInfo: { checksum: { type, bytesPerChecksum }, chunkOffset: range.start },
  });
  return { sender, greeting };
}

async function readBlock(services: Services, source: ByteSource, proto: OpReadBlockProto): Promise<Next> {
  const block = blockOfHeader(proto.header?.baseHeader);
  const { host, dataset, counters } = services;
  const { offset, len } = proto;
  if (offset === undefined || len === undefined) throw new ProtocolError('OpReadBlockProto lacks a required field');
  const beganMs = host.clock.monotonic();
  let sendingMs = beganMs;
  let replica: OpenReplica | undefined;
  let answer: ReadAnswer | undefined;
  let sent: number | Promise<number> | undefined;
  try {
    if (services.identity(block.pool) === undefined) await services.poolReady(block.pool);
    const withChecksums = proto.sendChecksums !== false;
    replica = withChecksums ? openNow(dataset, block) : undefined;
    if (replica !== undefined) {
      answer = answerOf(services, source, replica, offset, len);
      sent = answer.sender.sendNow(answer.greeting);
      if (sent === undefined) replica.close();
    }
    if (replica === undefined || answer === undefined || sent === undefined) {
      const wasKept = replica !== undefined;
      replica = await openReplica(dataset, host.clock, block, { withChecksums, wantedEnd: offset + len });
      answer = answerOf(services, source, replica, offset, len);
      sendingMs = host.clock.monotonic();
      if (!wasKept) sent = answer.sender.sendNow(answer.greeting);
    }
    if (replica.volume.isInMemory) services.ramDisk.read(replica.block);
  } catch (error) {
    const code = error instanceof HdfsError ? error.code : diskErrorCode(error);
    if (code === 'ENOENT') services.fileMissing(block);
    answerError(source, `opReadBlock ${describeBlock(block)}`, error);
    return 'close';
  }
  const peer = source.connection.remote.host;
  let bytes = 0;
  try {
    bytes = typeof sent === 'number' ? sent : await (sent ?? answer.sender.send(answer.greeting));
    const tookMs = host.clock.monotonic() - sendingMs;
    counters.bytesRead += bytes;
    counters.readMs += tookMs;
    counters.readRate.add((bytes / Math.max(tookMs, LEAST_MS)) * 1000);
  } catch (error) {
    // Readers may go whenever they have enough, and may forget to read on.
    if (isCode(error, 'ECONN')) counters.readDone(isLocal(source), 0, host.clock.monotonic() - beganMs);
    else if (!isCode(error, 'ETIMEDOUT')) counters.networkError(peer);
    reportWhenDisk(services, replica.block, error);
    throw error;
  } finally {
    replica.close();
  }
  counters.readDone(isLocal(source), bytes, host.clock.monotonic() - beganMs);
  let next: Next = 'keep';
  try {
    await waitForStatus(services, source);
    await source.readDelimited(ClientReadStatusProto, MAX_STATUS_BYTES);
  } catch (error) {
    host.log.log('debug', 'datanode', `no status of ${peer} after a read: ${messageOf(error)}`);
    counters.networkError(peer);
    next = 'close';
  }
  return next;
}

/** Nothing is done about a reader's status but that it is read: it may wait for what he asks next, and wake nobody by itself. */
async function waitForStatus({ settings }: Services, source: ByteSource): Promise<void> {
  const { keepaliveMs, socketTimeoutMs } = settings;
  if (keepaliveMs <= 0) return;
  source.timeoutMs = Math.min(keepaliveMs, STATUS_PATIENCE_MS);
  await source.waitBeyond(STATUS_BYTES);
  source.timeoutMs = socketTimeoutMs;
}

/** A file that is too short or cannot be read: no client would find out by a checksum, so the NameNode hears of it from here. */
function reportWhenDisk(services: Services, block: BlockName, error: unknown): void {
  if (error instanceof HdfsError && error.code === 'EDISK') services.reportBad(block, undefined);
  else if (error instanceof DiskFailure && !services.suspect(block) && error.code === 'EIO')
    services.reportBad(block, undefined);
}

async function transferBlock(services: Services, source: ByteSource, proto: OpTransferBlockProto): Promise<Next> {
  const block = blockOfHeader(proto.header?.baseHeader);
  try {
    await services.poolReady(block.pool);
    await transferForRecovery(services, block, {
      targets: proto.targets,
      targetStorageTypes: proto.targetStorageTypes,
      targetStorageIds: proto.targetStorageIds,
      clientName: proto.header?.clientName ?? '',
    });
    source.connection.write(BlockOpResponseProto.encodeDelimited({ status: Status.SUCCESS }));
  } catch (error) {
    services.counters.networkError(source.connection.remote.host);
    answerError(source, `transferBlock ${describeBlock(block)}`, error);
  }
  return 'close';
}

async function checksum(services: Services, source: ByteSource, proto: OpBlockChecksumProto): Promise<Next> {
  const block = blockOfHeader(proto.header);
  const { dataset, host, counters } = services;
  const beganMs = host.clock.monotonic();
  try {
    await services.poolReady(block.pool);
    const replica = await openReplica(dataset, host.clock, block, { withChecksums: true, wantedEnd: block.numBytes });
    try {
      const checksumResponse = await blockChecksum(replica, {
        requestedBytes: block.numBytes,
        type: proto.blockChecksumOptions?.blockChecksumType ?? BlockChecksumTypeProto.MD5CRC,
        stripeLength: proto.blockChecksumOptions?.stripeLength ?? 0,
      });
      source.connection.write(BlockOpResponseProto.encodeDelimited({ status: Status.SUCCESS, checksumResponse }));
    } finally {
      replica.close();
    }
    counters.blockChecksum.add(host.clock.monotonic() - beganMs);
    return 'keep';
  } catch (error) {
    counters.networkError(source.connection.remote.host);
    answerError(source, `blockChecksum ${describeBlock(block)}`, error);
    return 'close';
  }
}
