// Streams the packets of one file into its blocks: asks the NameNode for blocks, sets pipelines up, sends, and recovers.
// Which packet may go and what an acknowledgement means is core/pipeline/writer.ts, with whom to go on after a failure
// core/pipeline/writer-recovery.ts: this is their shell. Bytes become packets in file-writer.ts.
import { assert } from '../base/assert.ts';
import { HdfsError, messageOf, ProtocolError } from '../base/errors.ts';
import { genStamp } from '../base/ids.ts';
import { Stage } from '../core/pipeline/types.ts';
import { HEARTBEAT_SEQNO, type PacketRecord, PacketWindow } from '../core/pipeline/writer.ts';
import { type PipelineFailure, planRecovery } from '../core/pipeline/writer-recovery.ts';
import type { Timer } from '../host/host.ts';
import { crcOf } from '../transfer/checksum.ts';
import { PipelineConnection, type PipelineNode, PipelineSetupError } from '../transfer/pipeline-client.ts';
import type { AddBlockFlagProto } from '../wire/messages/client-namenode.ts';
import type { DatanodeInfoProto, ExtendedBlockProto } from '../wire/messages/hdfs.ts';
import type { TokenProto } from '../wire/messages/security.ts';
import { type ClientContext, transferAddressOf } from './context.ts';
import { delayAfter } from './delays.ts';
import { blockName, type Located, located, nodeKey, nodeName } from './located.ts';
import { PacketBuffer } from './packet-buffer.ts';

/** Added to the socket timeout for each further node of a pipeline. Apache: HdfsConstants.READ_TIMEOUT_EXTENSION. */
const TIMEOUT_PER_NODE_MS = 5000;

export interface BlockStreamFile {
  readonly path: string;
  readonly fileId: number;
  readonly blockSize: number;
  readonly favoredNodes: readonly string[];
  readonly flags: readonly AddBlockFlagProto[];
}

/** The block that is being written now. */
interface OpenBlock {
  block: ExtendedBlockProto;
  token: TokenProto;
  nodes: readonly PipelineNode[];
  connection: PipelineConnection | undefined;
}

interface Waiter {
  readonly ready: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class BlockStream {
  readonly #context: ClientContext;
  readonly #file: BlockStreamFile;
  readonly #window: PacketWindow;
  readonly #buffers = new Map<number, PacketBuffer>();
  /** DataNodes that failed, with the time until which they are avoided. */
  readonly #excluded = new Map<string, { readonly info: DatanodeInfoProto; readonly until: number }>();
  #open: OpenBlock | undefined;
  #lost: PipelineFailure | undefined;
  #recoveries = 0;
  /** The last block that was closed, with its length. */
  #previous: ExtendedBlockProto | undefined;
  /** The present block is known to the NameNode's disk only after the next flush. */
  #unpersisted = false;
  #failure: unknown;
  #stopped = false;
  #running = false;
  #wake: (() => void) | undefined;
  #waiters: Waiter[] = [];
  #heartbeat: Timer | undefined;
  #lastSent = 0;

  constructor(context: ClientContext, file: BlockStreamFile) {
    this.#context = context;
    this.#file = file;
    this.#window = new PacketWindow(context.settings.maxPacketsInFlight);
  }

  /** Whether a packet more would exceed what may be in flight. */
  get full(): boolean {
    return this.#window.full;
  }

  get lastQueuedSeqno(): number {
    return this.#window.lastQueuedSeqno;
  }

  /** The last closed block of the file, as `complete` needs it. */
  get lastBlock(): ExtendedBlockProto | undefined {
    return this.#previous;
  }

  /** Throws what ended the stream. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Hands a packet over; its buffer belongs to the stream until it is acknowledged. */
  enqueue(buffer: PacketBuffer, offset: number, flags: { readonly last?: boolean; readonly sync?: boolean } = {}): void {
    this.check();
    const packet = this.#window.enqueue(offset, buffer.length, flags);
    buffer.seal(crcOf(this.#context.settings.checksumType), packet);
    this.#buffers.set(packet.seqno, buffer);
    if (!this.#running) void this.#run();
    else this.#signal();
  }

  /** Resolves when another packet may be queued. */
  room(): Promise<void> {
    return this.#until(() => !this.#window.full);
  }

  /** Resolves when every packet up to `seqno` is acknowledged by all nodes. */
  acknowledged(seqno: number): Promise<void> {
    return this.#until(() => this.#window.lastAckedSeqno >= seqno);
  }

  /** What is queued so far is to be visible to readers. */
  promise(): void {
    this.#window.promise();
  }

  /** Whether the NameNode is to be told of the present block (fsync) before a flush is done; asks once for each block. */
  takeUnpersisted(): boolean {
    const unpersisted = this.#unpersisted;
    this.#unpersisted = false;
    return unpersisted;
  }

  /** Ends the stream, with what is in it. */
  stop(reason: unknown): void {
    this.#fail(reason);
  }

  #until(ready: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (ready()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ ready, resolve, reject });
    });
  }

  /** The state changed: whoever waits for it looks again. */
  #signal(): void {
    if (this.#waiters.length > 0) {
      const ready = this.#waiters.filter((waiter) => waiter.ready());
      if (ready.length > 0) {
        this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
        for (const waiter of ready) waiter.resolve();
      }
    }
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #fail(reason: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#failure = reason;
    this.#heartbeat?.cancel();
    this.#open?.connection?.close();
    this.#open = undefined;
    this.#buffers.clear();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(reason);
    this.#signal();
  }

  // ---------------------------------------------------------------------------------------------------- the one loop

  /** Runs while there is something to send or to wait for; `enqueue` starts it again. */
  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (!this.#stopped) {
        if (this.#lost !== undefined) {
          await this.#recover(this.#lost);
          continue;
        }
        if (this.#window.next() === undefined) {
          if (this.#window.waiting + this.#window.unacknowledged === 0 && this.#open === undefined) return;
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else if (this.#open === undefined) await this.#openBlock();
        else await this.#send(this.#open);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running = false;
    }
  }

  /** Sends packets until none may go, or the connection wants a pause. */
  async #send(open: OpenBlock): Promise<void> {
    const { connection } = open;
    assert(connection !== undefined, 'an open block that is not in recovery has a connection');
    this.#lastSent = this.#context.host.clock.monotonic();
    while (this.#window.next() !== undefined && this.#lost === undefined) {
      const packet = this.#window.markSent();
      const buffer = this.#buffers.get(packet.seqno);
      assert(buffer !== undefined, 'a packet that was not acknowledged has its bytes');
      // Packets of the next block wait until this one is closed.
      if (!connection.send(buffer.wire)) {
        await connection.drained();
        return;
      }
      if (packet.last) return;
    }
  }

  #onAck(open: OpenBlock, seqno: number, statuses: readonly number[]): void {
    if (this.#stopped || this.#open !== open || this.#lost !== undefined) return;
    const verdict = this.#window.acknowledge({ seqno, statuses });
    switch (verdict.kind) {
      case 'heartbeat':
        return;
      case 'acked':
        this.#onAcked(verdict.packet);
        return;
      case 'failed':
        this.#lose({
          index: verdict.index,
          restarting: false,
          reason: `Bad response ${verdict.status} for ${blockName(open.block)}`,
        });
        return;
      case 'restarting':
        this.#lose({ index: verdict.index, restarting: true, reason: `Datanode ${verdict.index} is restarting` });
        return;
      case 'nonsense':
        this.#lose({ index: undefined, restarting: false, reason: verdict.reason });
        return;
    }
  }

  #onAcked(packet: PacketRecord): void {
    if (!this.#window.restartsBlock) {
      this.#recoveries = 0;
      this.#release(packet);
    }
    if (packet.last) this.#closeBlock(packet);
    this.#signal();
  }

  #release(packet: PacketRecord): void {
    const buffer = this.#buffers.get(packet.seqno);
    if (buffer === undefined) return;
    this.#buffers.delete(packet.seqno);
    this.#context.packets.give(buffer);
  }

  /** Every byte of the block and its end are acknowledged. */
  #closeBlock(last: PacketRecord): void {
    const open = this.#open;
    assert(open !== undefined, 'a block is open');
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    open.connection?.close();
    this.#previous = { ...open.block, numBytes: last.offset };
    this.#open = undefined;
    this.#recoveries = 0;
    this.#release(last);
    for (const packet of this.#window.endBlock()) this.#release(packet);
  }

  #lose(failure: PipelineFailure): void {
    if (this.#lost !== undefined || this.#stopped) return;
    this.#lost = failure;
    const where = failure.index === undefined ? undefined : this.#open?.nodes[failure.index];
    this.#context.host.log.log('warn', 'client', 'a pipeline failed', {
      path: this.#file.path,
      block: this.#open === undefined ? undefined : blockName(this.#open.block),
      datanode: where === undefined ? undefined : nodeName(where.info),
      reason: failure.reason,
    });
    this.#signal();
  }

  /** Acknowledgements flow, and heartbeats go whenever nothing else did for half the time that a DataNode waits. */
  #attach(open: OpenBlock, connection: PipelineConnection): void {
    open.connection = connection;
    this.#context.host.log.log('debug', 'client', 'a pipeline is set up', {
      path: this.#file.path,
      block: blockName(open.block),
      datanodes: open.nodes.map((node) => nodeName(node.info)).join(','),
    });
    void connection.readAcks({
      onAck: (seqno, statuses) => this.#onAck(open, seqno, statuses),
      onLost: (error) => {
        if (this.#open === open && open.connection === connection) {
          this.#lose({ index: undefined, restarting: false, reason: messageOf(error) });
        }
      },
    });
    const { clock } = this.#context.host;
    const intervalMs = this.#context.settings.socketTimeoutMs / 2;
    this.#heartbeat?.cancel();
    if (intervalMs <= 0) return;
    this.#lastSent = clock.monotonic();
    this.#heartbeat = clock.setPeriodic(intervalMs / 2, () => {
      if (open.connection !== connection || clock.monotonic() - this.#lastSent < intervalMs / 2) return;
      this.#lastSent = clock.monotonic();
      connection.send(heartbeatPacket());
    });
  }

  // --------------------------------------------------------------------------------------------------- opening a block

  async #openBlock(): Promise<void> {
    const { settings } = this.#context;
    let failure: unknown;
    for (let attempt = 0; attempt <= settings.blockWriteRetries; attempt++) {
      const place = await this.#addBlock();
      if (this.#stopped) return;
      const open: OpenBlock = {
        block: { ...place.block, numBytes: 0 },
        token: place.token,
        nodes: place.nodes,
        connection: undefined,
      };
      try {
        const connection = await this.#connect(open, Stage.PIPELINE_SETUP_CREATE, 0);
        if (this.#stopped) {
          connection.close();
          return;
        }
        this.#open = open;
        this.#unpersisted = true;
        this.#attach(open, connection);
        return;
      } catch (error) {
        if (!(error instanceof PipelineSetupError)) throw error;
        failure = error;
        this.#exclude(open.nodes[error.index]);
        await this.#abandon(open.block);
      }
    }
    throw new HdfsError('EIO', `Unable to create new block. ${messageOf(failure)}`, { path: this.#file.path, cause: failure });
  }

  async #addBlock(): Promise<Located> {
    const { namenode, clientName, settings, host, closed } = this.#context;
    const { path, fileId, favoredNodes, flags } = this.#file;
    const now = host.clock.monotonic();
    for (const [key, { until }] of this.#excluded) if (until <= now) this.#excluded.delete(key);
    for (let attempt = 0; ; attempt++) {
      try {
        const { block } = await namenode.call('addBlock', {
          src: path,
          clientName,
          previous: this.#previous,
          excludeNodes: [...this.#excluded.values()].map(({ info }) => info),
          fileId,
          favoredNodes,
          flags,
        });
        const place = located(block);
        if (place.nodes.length === 0) throw new ProtocolError('a new block without DataNodes');
        return place;
      } catch (error) {
        // The block before is not reported by enough DataNodes yet: usually a matter of milliseconds.
        if (!(error instanceof HdfsError) || error.code !== 'ENOTREPLICATED') throw error;
        const delayMs = delayAfter(attempt, settings);
        if (delayMs === undefined) throw error;
        await host.clock.sleep(delayMs, closed);
      }
    }
  }

  async #abandon(block: ExtendedBlockProto): Promise<void> {
    const { namenode, clientName } = this.#context;
    await namenode.call('abandonBlock', { b: block, src: this.#file.path, holder: clientName, fileId: this.#file.fileId });
  }

  #exclude(node: PipelineNode | undefined): void {
    if (node === undefined) return;
    const { settings, host } = this.#context;
    this.#excluded.set(nodeKey(node.info), {
      info: node.info,
      until: host.clock.monotonic() + settings.excludedNodesExpiryMs,
    });
  }

  /** Rejects with PipelineSetupError. */
  async #connect(open: OpenBlock, stage: Stage, newGenStamp: number): Promise<PipelineConnection> {
    const { settings, peers, clientName, closed } = this.#context;
    const first = open.nodes[0];
    assert(first !== undefined, 'a pipeline has a node');
    const timeoutMs = settings.socketTimeoutMs === 0 ? 0 : settings.socketTimeoutMs + TIMEOUT_PER_NODE_MS * open.nodes.length;
    const peer = await peers.open(transferAddressOf(this.#context, first.info), timeoutMs, closed).catch((error: unknown) => {
      closed.throwIfAborted();
      throw new PipelineSetupError(error, 0, false);
    });
    return PipelineConnection.open(peer, {
      // The DataNodes learn here how long the block may become.
      block: { ...open.block, numBytes: this.#file.blockSize },
      token: open.token,
      clientName,
      nodes: open.nodes,
      stage,
      minBytesReceived: this.#window.bytesAcked,
      maxBytesReceived: this.#window.bytesSent,
      newGenStamp,
      checksum: { type: settings.checksumType, bytesPerChecksum: settings.bytesPerChecksum },
    });
  }

  // ---------------------------------------------------------------------------------------------------------- recovery

  async #recover(failure: PipelineFailure): Promise<void> {
    const open = this.#open;
    this.#lost = undefined;
    if (open === undefined) return;
    open.connection?.close();
    open.connection = undefined;
    const plan = planRecovery(failure, {
      nodes: open.nodes.map((node) => nodeName(node.info)),
      attempts: this.#recoveries,
      maxAttempts: this.#context.settings.pipelineRecoveryRetries,
      closing: this.#window.closing,
      restartsBlock: this.#window.restartsBlock,
    });
    this.#recoveries++;
    switch (plan.kind) {
      case 'fail':
        throw new HdfsError('EIO', `${plan.message} (${failure.reason})`, { path: this.#file.path });
      case 'newBlock':
        this.#exclude(open.nodes[plan.exclude]);
        this.#open = undefined;
        await this.#abandon(open.block);
        this.#window.restartBlock();
        return;
      case 'continue':
        for (const [index, node] of open.nodes.entries()) if (!plan.keep.includes(index)) this.#exclude(node);
        open.nodes = plan.keep.map((index) => open.nodes[index] as PipelineNode);
        this.#window.rewind();
        if (plan.waitMs > 0) await this.#context.host.clock.sleep(plan.waitMs, this.#context.closed);
        await this.#rebuild(open, plan.stage);
        return;
    }
  }

  /** The same block under a new generation stamp, with the nodes that are left. */
  async #rebuild(open: OpenBlock, stage: 'streaming' | 'close'): Promise<void> {
    const { namenode, clientName } = this.#context;
    const { block: update } = await namenode.call('updateBlockForPipeline', { block: open.block, clientName });
    const { block: renewed, token } = located(update);
    open.token = token;
    const newGenStamp = genStamp(renewed.generationStamp);
    let connection: PipelineConnection;
    try {
      const setup = stage === 'close' ? Stage.PIPELINE_CLOSE_RECOVERY : Stage.PIPELINE_SETUP_STREAMING_RECOVERY;
      connection = await this.#connect(open, setup, newGenStamp);
    } catch (error) {
      if (!(error instanceof PipelineSetupError)) throw error;
      this.#lose({ index: error.index, restarting: error.restarting, reason: error.message });
      return;
    }
    const acked = this.#window.bytesAcked;
    const newBlock = { ...open.block, generationStamp: newGenStamp, numBytes: acked };
    try {
      await namenode.call('updatePipeline', {
        clientName,
        oldBlock: { ...open.block, numBytes: acked },
        newBlock,
        newNodes: open.nodes.map((node) => node.info.id),
        storageIDs: open.nodes.map((node) => node.storageId),
      });
    } catch (error) {
      connection.close();
      throw error;
    }
    open.block = newBlock;
    this.#unpersisted = true;
    if (this.#stopped) {
      connection.close();
      return;
    }
    if (stage === 'close') {
      // The DataNodes have closed the replica while the pipeline was set up: there is nothing left to send.
      connection.close();
      this.#closeBlock(this.#window.closeWithoutLast());
      this.#signal();
      return;
    }
    this.#attach(open, connection);
  }
}

let heartbeat: Buffer | undefined;

function heartbeatPacket(): Buffer {
  if (heartbeat === undefined) {
    const empty = new PacketBuffer({ bytesPerChecksum: 1, checksumBytes: 0, chunksPerPacket: 1, dataBytes: 1 });
    empty.seal(undefined, { seqno: HEARTBEAT_SEQNO, offset: 0, last: false, sync: false });
    heartbeat = Buffer.from(empty.wire);
  }
  return heartbeat;
}
