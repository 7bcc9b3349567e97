// WRITE_BLOCK: opens the replica as the stage demands, connects to the next node, answers, and receives. Also the end of a
// transfer from another DataNode. Apache: DataXceiver.writeBlock and the constructor of BlockReceiver.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { type GenStamp, genStamp } from '../../base/ids.ts';
import { Stage } from '../../core/pipeline/types.ts';
import { blockFileName } from '../../format/storage/block-files.ts';
import { type ByteSource, flushed } from '../../transfer/byte-source.ts';
import { type DatanodeInfoProto, StorageTypeProto } from '../../wire/messages/hdfs.ts';
import {
  BlockOpResponseProto,
  type BlockOpResponseProtoInit,
  OpWriteBlockProto,
  Status,
} from '../../wire/messages/transfer.ts';
import { MAX_RESPONSE_BYTES } from '../../wire/transfer/acks.ts';
import { encodeOp, Op } from '../../wire/transfer/ops.ts';
import { BlockReceiver } from './block-receiver.ts';
import { timed } from './counters.ts';
import type { DataChecksum } from './data-checksum.ts';
import { connectToDataNode, Mirror, READ_TIMEOUT_EXTENSION_MS, transferAddress } from './mirror.ts';
import { type BlockName, describeBlock, type InFlightReplica } from './replica.ts';
import { ReplicaFiles } from './replica-files.ts';
import { blockOfHeader, checksumOf } from './requests.ts';
import type { Services } from './services.ts';
import { WriterSetup } from './writer-setup.ts';

const PINNED = 0o1000;
/** Longest pipeline that is believed. */
const MAX_TARGETS = 512;

interface WriteRequest {
  readonly proto: OpWriteBlockProto;
  readonly block: BlockName;
  readonly clientName: string;
  readonly stage: Stage;
  readonly newGenStamp: GenStamp;
  readonly checksum: DataChecksum;
  /** No client: another DataNode replicates. */
  readonly fromDataNode: boolean;
  /** A client has one DataNode send a replica to another that joins its pipeline. */
  readonly isTransfer: boolean;
  /** Neither: a client writes, and reads acknowledgements. */
  readonly expectsAnswer: boolean;
}

function parse(proto: OpWriteBlockProto): WriteRequest {
  const { stage, latestGenerationStamp } = proto;
  const clientName = proto.header?.clientName;
  if (stage === undefined || clientName === undefined || latestGenerationStamp === undefined) {
    throw new ProtocolError('OpWriteBlockProto lacks a required field');
  }
  if (proto.targets.length > MAX_TARGETS) throw new ProtocolError(`a pipeline of ${proto.targets.length} nodes`);
  const isTransfer = stage === Stage.TRANSFER_RBW || stage === Stage.TRANSFER_FINALIZED;
  if (isTransfer && proto.targets.length > 0) throw new ProtocolError('a transfer does not support multiple targets');
  const fromDataNode = clientName === '';
  return {
    proto,
    block: blockOfHeader(proto.header?.baseHeader),
    clientName,
    stage,
    newGenStamp: genStamp(latestGenerationStamp),
    checksum: checksumOf(proto.requestedChecksum),
    fromDataNode,
    isTransfer,
    expectsAnswer: !fromDataNode && !isTransfer,
  };
}

/**
 * Runs the operation to its end. Answers how many bytes the block of a client has. A rejection means that the connection is to
 * be dropped.
 */
export async function writeBlock(services: Services, source: ByteSource, proto: OpWriteBlockProto): Promise<number> {
  const request = parse(proto);
  const { block, fromDataNode, expectsAnswer } = request;
  try {
    await services.poolReady(block.pool);
    if (!fromDataNode && request.stage === Stage.PIPELINE_CLOSE_RECOVERY) {
      await closeRecovery(services, source, request);
      return request.proto.minBytesRcvd ?? 0;
    }
    const bytes = await receive(services, source, request);
    return fromDataNode ? 0 : bytes;
  } catch (error) {
    if (error instanceof SetupFailure) {
      // Clients find the node at fault by its address: ours, unless a node after us was named.
      const identity = services.identity(block.pool);
      const own = identity === undefined ? '' : `${identity.ipAddr}:${identity.xferPort}`;
      if (expectsAnswer && own !== '') {
        respond(source, { status: error.status, firstBadLink: error.badLink ?? own, message: error.message });
        await flushed(source.connection).catch(() => undefined);
      }
      throw error.original;
    }
    throw error;
  }
}

/** A failure before the first packet: the sender waits for an answer. */
class SetupFailure extends Error {
  readonly original: unknown;
  readonly status: Status;
  readonly badLink: string | undefined;

  constructor(original: unknown, badLink?: string, status: Status = Status.ERROR) {
    super(messageOf(original));
    this.original = original;
    this.badLink = badLink;
    this.status = status;
  }
}

/** Only the last node of a pipeline is measured, so that none is blamed for one behind it. */
function measured({ peerMetrics }: Services, { proto }: WriteRequest): ((ms: number) => void) | undefined {
  const [last, ...more] = proto.targets;
  if (!peerMetrics.enabled || last === undefined || more.length > 0) return undefined;
  const peer = `${last.id?.ipAddr}:${last.id?.infoPort}`;
  return (ms) => peerMetrics.sent(peer, ms);
}

function respond(source: ByteSource, response: BlockOpResponseProtoInit): void {
  source.connection.write(BlockOpResponseProto.encodeDelimited(response));
}

async function receive(services: Services, source: ByteSource, request: WriteRequest): Promise<number> {
  const { block, stage, fromDataNode, isTransfer, expectsAnswer, checksum } = request;
  const { dataset, settings, host, counters } = services;
  const setup = new WriterSetup();
  let replica: InFlightReplica | undefined;
  let files: ReplicaFiles;
  let mirror: Mirror | undefined;
  let firstBadLink = '';
  let status: Status = Status.SUCCESS;
  try {
    replica = await openForWriting(services, source, request, setup);
    const creates = fromDataNode || isTransfer || stage === Stage.PIPELINE_SETUP_CREATE;
    // The next node is connected to while the files are opened.
    const target = request.proto.targets[0];
    const connecting = target === undefined ? undefined : openMirror(services, request, target);
    // When it fails, whoever awaits `connecting` is told.
    const connected = connecting?.catch(() => undefined);
    try {
      files = creates ? await ReplicaFiles.create(replica, checksum, counters) : await ReplicaFiles.reopen(replica, counters);
      setup.opened(files);
    } catch (error) {
      void connected?.then((opened) => opened?.mirror?.close());
      throw error;
    }
    if (connecting !== undefined) ({ mirror, status, firstBadLink } = await connecting);
    setup.check();
  } catch (error) {
    mirror?.close();
    await setup.end();
    if (replica !== undefined && !expectsAnswer) await discard(services, replica);
    throw error instanceof SetupFailure ? error : new SetupFailure(error);
  }
  if (expectsAnswer) respond(source, { status, firstBadLink });
  source.timeoutMs = settings.socketTimeoutMs;
  const written = replica;
  const receiver = new BlockReceiver({
    dataset,
    log: host.log,
    clock: host.clock,
    counters,
    hints: () => services.ackHints(block.pool),
    replica: written,
    files,
    upstream: source,
    mirror,
    senderChecksum: checksum,
    acknowledge: expectsAnswer,
    verifyAlways: !expectsAnswer,
    syncOnClose: settings.syncOnClose,
    writesBehind: settings.syncOnClose || settings.syncBehindWrites,
    maxPacketBytes: settings.maxPacketBytes,
    throttle: services.throttles.write,
    complete: async (sync, current) => {
      if (stage === Stage.TRANSFER_RBW) {
        const convert = () => services.changes.convertToRbw(written, block.numBytes, current);
        await timed(host.clock, counters.convertToRbw, convert);
        counters.blocksWritten++;
        return;
      }
      await timed(host.clock, counters.finalize, () => dataset.finalize(written, sync, current));
      if (settings.blockPinning && request.proto.pinning) await pin(written);
      counters.blocksWritten++;
      if (!isTransfer) announce(services, written);
    },
    onSenderCorrupt: () => services.reportBad(block, fromDataNode ? request.proto.source : undefined),
  });
  if (expectsAnswer) counters.responders++;
  try {
    await receiver.run();
  } catch (error) {
    if (!expectsAnswer) await discard(services, written);
    throw error;
  } finally {
    if (expectsAnswer) counters.responders--;
  }
  if (isTransfer) respond(source, { status: Status.SUCCESS });
  host.log.log('debug', 'datanode', `Received ${describeBlock(written)} of size ${written.lengths.onDisk}`);
  return written.lengths.onDisk;
}

const discard = ({ host, dataset, counters }: Services, copy: InFlightReplica): Promise<void> =>
  timed(host.clock, counters.unfinalize, () => dataset.discard(copy));

/** The sticky bit of its block file says that a balancer is to leave it here. Apache: LocalReplica.setPinning. */
async function pin({ volume, directory, id }: InFlightReplica): Promise<void> {
  const path = `${directory}/${blockFileName(id)}`;
  await volume.disk.chmod(path, PINNED | (await volume.disk.stat(path)).mode);
}

function announce(services: Services, replica: InFlightReplica): void {
  const { pool, id, genStamp: stamp, lengths, volume } = replica;
  services.dataset.events.received(pool, { pool, id, genStamp: stamp, numBytes: lengths.onDisk }, volume, '');
}

/** The replica as the stage wants it. */
async function openForWriting(
  services: Services,
  source: ByteSource,
  request: WriteRequest,
  setup: WriterSetup,
): Promise<InFlightReplica> {
  const { block, stage, newGenStamp, proto, fromDataNode, isTransfer } = request;
  const { dataset, changes, settings, counters } = services;
  const { clock } = services.host;
  const storageType = proto.storageType ?? StorageTypeProto.DISK;
  const expectedBytes = block.numBytes > 0 ? block.numBytes : settings.blockSize;
  const createTemporary = (): Promise<InFlightReplica> =>
    timed(clock, counters.createTemporary, () => dataset.createTemporary(block, storageType, expectedBytes, isTransfer, setup));
  if (fromDataNode) return createTemporary();
  let replica: InFlightReplica;
  switch (stage) {
    case Stage.PIPELINE_SETUP_CREATE:
      replica = await timed(clock, counters.createRbw, () => createRbw(services, source, request, expectedBytes, setup));
      break;
    case Stage.PIPELINE_SETUP_STREAMING_RECOVERY:
      return timed(clock, counters.recoverRbw, () =>
        changes.recoverRbw(block, newGenStamp, proto.minBytesRcvd ?? 0, proto.maxBytesRcvd ?? 0, setup),
      );
    case Stage.PIPELINE_SETUP_APPEND:
      replica = await changes.append(block, newGenStamp, proto.minBytesRcvd ?? 0, setup);
      break;
    case Stage.PIPELINE_SETUP_APPEND_RECOVERY:
      replica = await changes.recoverAppend(block, newGenStamp, proto.minBytesRcvd ?? 0, setup);
      break;
    case Stage.TRANSFER_RBW:
    case Stage.TRANSFER_FINALIZED:
      return createTemporary();
    case Stage.DATA_STREAMING:
    case Stage.PIPELINE_CLOSE:
    case Stage.PIPELINE_CLOSE_RECOVERY:
      throw new HdfsError('EIO', `Unsupported stage ${stage} while receiving block ${describeBlock(block)}`);
  }
  const name = { ...block, genStamp: replica.genStamp };
  dataset.events.receiving(block.pool, name, replica.volume);
  return replica;
}

/** In memory where the client wishes that and may: one on this machine, unless others may too. */
async function createRbw(
  { dataset, ramDisk, settings, localAddress }: Services,
  { connection }: ByteSource,
  { block, newGenStamp, proto }: WriteRequest,
  expectedBytes: number,
  setup: WriterSetup,
): Promise<InFlightReplica> {
  const { host } = connection.remote;
  const isLocal = host === connection.local.host || host === localAddress || host.startsWith('127.') || host === '::1';
  const wantsMemory = proto.allowLazyPersist && (settings.nonLocalLazyPersist || isLocal);
  const memory = wantsMemory ? await ramDisk.place(expectedBytes) : undefined;
  try {
    return await dataset.createRbw(
      block,
      proto.storageType ?? StorageTypeProto.DISK,
      expectedBytes,
      newGenStamp,
      setup,
      memory,
    );
  } finally {
    memory?.giveBack();
  }
}

/** Connects to the next node and passes the operation on. For a client its answer is awaited and becomes ours. */
async function openMirror(
  services: Services,
  request: WriteRequest,
  target: DatanodeInfoProto,
): Promise<{ readonly mirror: Mirror | undefined; readonly status: Status; readonly firstBadLink: string }> {
  const { host, settings, counters } = services;
  const { proto, fromDataNode } = request;
  const name = transferAddress(target);
  const timeoutMs = settings.socketTimeoutMs + READ_TIMEOUT_EXTENSION_MS * proto.targets.length;
  let source: ByteSource | undefined;
  try {
    source = await connectToDataNode(host.net, host.clock, target, {
      useHostname: settings.useDatanodeHostname,
      timeoutMs,
      localAddress: services.localAddress,
    });
    source.connection.write(
      encodeOp(Op.WRITE_BLOCK, OpWriteBlockProto, {
        ...proto,
        targets: proto.targets.slice(1),
        storageType: proto.targetStorageTypes[0],
        targetStorageTypes: proto.targetStorageTypes.slice(1),
        pinning: proto.targetPinnings[0] ?? false,
        targetPinnings: proto.targetPinnings.slice(1),
        storageId: proto.targetStorageIds[0],
        targetStorageIds: proto.targetStorageIds.slice(1),
      }),
    );
    const mirror = new Mirror(source, name, { clock: host.clock, sent: measured(services, request) });
    if (fromDataNode) return { mirror, status: Status.SUCCESS, firstBadLink: '' };
    const answer = await source.readDelimited(BlockOpResponseProto, MAX_RESPONSE_BYTES);
    return { mirror, status: answer.status ?? Status.ERROR, firstBadLink: answer.firstBadLink ?? '' };
  } catch (error) {
    source?.connection.destroy();
    const text = `${describeBlock(request.block)} to mirror ${name}: ${messageOf(error)}`;
    if (!fromDataNode) throw new SetupFailure(new HdfsError('ECONN', `Exception transferring block ${text}`), name);
    counters.networkError(target.id?.ipAddr ?? '');
    host.log.log('info', 'datanode', `Exception transferring ${text}; continuing without the mirror`);
    return { mirror: undefined, status: Status.SUCCESS, firstBadLink: '' };
  }
}

/** A client repeats a close whose answer it did not see: no data follows. */
async function closeRecovery(services: Services, source: ByteSource, request: WriteRequest): Promise<void> {
  const { block, newGenStamp, proto } = request;
  let replica: InFlightReplica;
  let opened: Awaited<ReturnType<typeof openMirror>> | undefined;
  try {
    replica = await services.changes.recoverClose(block, newGenStamp, proto.minBytesRcvd ?? 0, services.settings.syncOnClose);
    const target = proto.targets[0];
    if (target !== undefined) opened = await openMirror(services, request, target);
  } catch (error) {
    throw error instanceof SetupFailure ? error : new SetupFailure(error);
  }
  respond(source, { status: opened?.status ?? Status.SUCCESS, firstBadLink: opened?.firstBadLink ?? '' });
  await flushed(source.connection);
  opened?.mirror?.close();
  services.counters.blocksWritten++;
  announce(services, replica);
}
