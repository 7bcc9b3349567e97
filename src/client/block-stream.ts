// Streams the packets of one file into its blocks: asks the NameNode for blocks, sets pipelines up, sends, and recovers.
// Which packet may go and what an acknowledgement means is core/pipeline/writer.ts, with whom to go on after a failure
// core/pipeline/writer-recovery.ts: this is their shell. The calls that it takes are pipeline-calls.ts; bytes become packets
// in file-writer.ts.

import { assert } from '../base/assert.ts';
import { HdfsError, messageOf } from '../base/errors.ts';
import { sometimes } from '../base/sometimes.ts';
import { AckHints } from '../core/pipeline/ack-hints.ts';
import { wantsReplacement } from '../core/pipeline/replace-datanode.ts';
import { Stage } from '../core/pipeline/types.ts';
import { HEARTBEAT_SEQNO, type PacketRecord, PacketWindow } from '../core/pipeline/writer.ts';
import { type PipelineFailure, planRecovery, type Restart } from '../core/pipeline/writer-recovery.ts';
import type { Timer } from '../host/host.ts';
import { crcOf } from '../transfer/checksum.ts';
import { type PipelineConnection, type PipelineNode, PipelineSetupError } from '../transfer/pipeline-client.ts';
import type { ExtendedBlockProto } from '../wire/messages/hdfs.ts';
import type { ClientContext } from './context.ts';
import { blockName, type Located, nodeKey, nodeName } from './located.ts';
import { type BlockPlace, openNewBlock } from './new-block.ts';
import { PacketBuffer } from './packet-buffer.ts';
import { type BlockStreamFile, PipelineCalls } from './pipeline-calls.ts';
import { Waiters } from './waiters.ts';

/**
 * Heartbeats of a client that waits for ever: its DataNodes may not, and do not tell how long. Apache's client sends them
 * without a pause.
 */
const UNTIMED_HEARTBEAT_MS = 2000;

/** The block that is being written now. */
interface OpenBlock extends BlockPlace {
  connection: PipelineConnection | undefined;
  /** How its pipeline is set up next. `streaming` and `appending` repeat what was begun before. */
  next: 'append' | 'appending' | 'streaming';
}

export class BlockStream {
  readonly #context: ClientContext;
  readonly #file: BlockStreamFile;
  readonly #window: PacketWindow;
  readonly #buffers = new Map<number, PacketBuffer>();
  readonly #calls: PipelineCalls;
  readonly #hints: AckHints;
  #open: OpenBlock | undefined;
  #lost: PipelineFailure | undefined;
  /** Failures of pipelines since the last acknowledged packet. */
  #recoveries = 0;
  /** A node of the pipeline that is waited for. */
  #restart: Restart | undefined;
  /** Nodes that failed since a pipeline was last set up: no replacement for others. */
  #failed: PipelineNode[] = [];
  /** Those that failed before it: they may be well again, and are taken where there is no other. */
  #failedBefore: readonly PipelineNode[] = [];
  /** Failed ones that only restart: they are taken out of both with the next pipeline. */
  #returning: readonly PipelineNode[] = [];
  #flushed = false;
  /** Our address towards the pipeline. */
  #localHost = '';
  /** The last block that was closed, with its length. */
  #previous: ExtendedBlockProto | undefined;
  #isPreviousOurs = false;
  /** The present block is known to the NameNode's disk only after the next flush. */
  #unpersisted = false;
  /** The NameNode has been asked for another block. */
  #opening = false;
  /** Calls on their way that tell the NameNode something of the present block. */
  #telling = 0;
  #failure: unknown;
  #stopped = false;
  #running = false;
  #wake: (() => void) | undefined;
  readonly #waiters = new Waiters();
  #heartbeat: Timer | undefined;
  #lastSent = 0;
  /** When each packet left that is not acknowledged. */
  readonly #sentAtMs = new Map<number, number>();

  readonly #onFailed: () => void;

  /** `onFailed`: nothing more is written, for whatever reason. */
  constructor(context: ClientContext, file: BlockStreamFile, onFailed: () => void) {
    this.#context = context;
    this.#file = file;
    this.#onFailed = onFailed;
    this.#window = new PacketWindow(context.settings.maxPacketsInFlight);
    this.#calls = new PipelineCalls(context, file);
    this.#hints = new AckHints(context.settings.hints);
  }

  /** The first bytes go behind those of the file's last block, whose replicas are where `last` says. */
  appendTo(last: Located): void {
    const { block, token, nodes } = last;
    this.#open = { block, token, nodes, connection: undefined, next: 'append' };
    this.#window.beginBehind(block.numBytes);
  }

  /** The first bytes go into a new block behind `last`. */
  appendBehind(last: ExtendedBlockProto): void {
    this.#previous = last;
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

  /** Readers see everything up to here: from now on fewer replicas are put up with. */
  markFlushed(): void {
    this.#flushed = true;
  }

  /**
   * Bytes of the last block that every node has; undefined when we have written none yet, and while another one is asked for,
   * which tells the length of the one before.
   */
  get blockBytes(): number | undefined {
    if (this.#opening) return undefined;
    if (this.#open !== undefined) return this.#window.bytesAcked;
    return this.#isPreviousOurs ? this.#previous?.numBytes : undefined;
  }

  /** Whether the NameNode is to be told of the present block (fsync) before a flush is done; asks once for each block. */
  takeUnpersisted(): boolean {
    const unpersisted = this.#unpersisted;
    this.#unpersisted = false;
    return unpersisted;
  }

  /**
   * The NameNode is told something of its last block of the file, whichever that is when it hears it: another block is asked
   * for only afterwards, however often the call has to be made again.
   */
  tell(call: Promise<unknown>): void {
    this.#telling++;
    const answered = (): void => {
      this.#telling--;
      this.#signal();
    };
    call.then(answered, answered);
  }

  /** Resolves when the NameNode has answered to all that it was told. */
  async told(): Promise<void> {
    while (this.#telling > 0) await this.#until(() => this.#telling === 0);
  }

  /** Ends the stream, with what is in it. */
  stop(reason: unknown): void {
    this.#fail(reason);
  }

  #until(ready: () => boolean): Promise<void> {
    return this.#failure === undefined ? this.#waiters.until(ready) : Promise.reject(this.#failure);
  }

  /** The state changed: whoever waits for it looks again. */
  #signal(): void {
    this.#waiters.look();
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
    this.#waiters.fail(reason);
    this.#signal();
    this.#onFailed();
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
        else if (this.#open.connection === undefined) await this.#rebuild(this.#open, false);
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
      const pauseMs = this.#hints.backOff(() => this.#context.host.random.fraction());
      if (pauseMs > 0) {
        this.#context.host.log.log('info', 'client', 'DataNodes are congested', { path: this.#file.path, pauseMs });
        await this.#context.host.clock.sleep(pauseMs, this.#context.closed);
        this.#lastSent = this.#context.host.clock.monotonic();
        continue;
      }
      const packet = this.#window.markSent();
      this.#sentAtMs.set(packet.seqno, this.#lastSent);
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

  #onAck(open: OpenBlock, seqno: number, flags: readonly number[]): void {
    if (this.#stopped || this.#open !== open || this.#lost !== undefined) return;
    this.#tellIfSlow(open, seqno);
    const verdict = this.#window.judge({ seqno, flags });
    const failed = (index: number | undefined, reason: string, restarting = false): void =>
      this.#lose({ index, restarting, duringSetup: false, reason });
    switch (verdict.kind) {
      case 'failed':
        failed(verdict.index, `Bad response ${verdict.status} for ${blockName(open.block)}`);
        return;
      case 'restarting':
        failed(verdict.index, `Datanode ${verdict.index} is restarting`, true);
        return;
      case 'nonsense':
        failed(undefined, verdict.reason);
        return;
      case 'good': {
        const slow = this.#hints.take(
          flags,
          open.nodes.map((node) => nodeKey(node.info)),
        );
        if (slow !== undefined) {
          const times = this.#context.settings.hints.slowThreshold;
          failed(slow, `Receive reply from slowNode for continuous ${times} times, treating it as badNode`);
        } else if (verdict.packet !== undefined) this.#onAcked(this.#window.acknowledge(verdict.packet));
        return;
      }
    }
  }

  /** Apache: DataStreamer.ResponseProcessor. */
  #tellIfSlow({ block, nodes }: OpenBlock, seqno: number): void {
    const sentAtMs = this.#sentAtMs.get(seqno);
    if (sentAtMs === undefined) return;
    this.#sentAtMs.delete(seqno);
    const { host, settings } = this.#context;
    const tookMs = host.clock.monotonic() - sentAtMs;
    if (tookMs <= settings.slowIoMs) return;
    const text = `Slow ReadProcessor read fields for block ${blockName(block)} took ${Math.round(tookMs)}ms (threshold=${settings.slowIoMs}ms)`;
    host.log.log('warn', 'client', text, { path: this.#file.path, seqno, targets: nodes.map(({ info }) => nodeName(info)) });
  }

  #onAcked(packet: PacketRecord): void {
    this.#recoveries = 0;
    this.#release(packet);
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
    this.#isPreviousOurs = true;
    this.#open = undefined;
    this.#recoveries = 0;
    this.#release(last);
    this.#window.endBlock();
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
    open.next = 'streaming';
    this.#open = open;
    this.#unpersisted = true;
    this.#restart = undefined;
    this.#localHost = connection.localHost;
    this.#failedBefore = [...this.#failedBefore, ...this.#failed].filter((node) => !this.#returning.includes(node));
    this.#failed = [];
    this.#returning = [];
    this.#context.host.log.log('debug', 'client', 'a pipeline is set up', {
      path: this.#file.path,
      block: blockName(open.block),
      datanodes: open.nodes.map((node) => nodeName(node.info)).join(','),
    });
    void connection.readAcks({
      onAck: (seqno, flags) => this.#onAck(open, seqno, flags),
      onLost: (error) => {
        if (this.#open === open && open.connection === connection) {
          this.#lose({ index: undefined, restarting: false, duringSetup: false, reason: messageOf(error) });
        }
      },
    });
    const { clock } = this.#context.host;
    const { socketTimeoutMs } = this.#context.settings;
    const intervalMs = socketTimeoutMs > 0 ? socketTimeoutMs / 2 : UNTIMED_HEARTBEAT_MS;
    this.#heartbeat?.cancel();
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
    if (this.#telling > 0) await this.told();
    this.#opening = true;
    const opened = await openNewBlock(this.#calls, this.#previous, {
      path: this.#file.path,
      retries: settings.blockWriteRetries,
      minReplication: settings.replace.minReplication,
      isStopped: () => this.#stopped,
    });
    this.#opening = false;
    if (opened === undefined) return;
    if (this.#stopped) opened.connection.close();
    else this.#attach({ ...opened.block, connection: undefined, next: 'streaming' }, opened.connection);
  }

  #connect(open: OpenBlock, stage: Stage, newGenStamp: number): Promise<PipelineConnection> {
    const { block, token, nodes } = open;
    const { bytesAcked, bytesSent } = this.#window;
    return this.#calls.connect({ block, token, nodes, stage, newGenStamp, bytesAcked, bytesSent });
  }

  // ---------------------------------------------------------------------------------------------------------- recovery

  async #recover(failure: PipelineFailure): Promise<void> {
    const open = this.#open;
    this.#lost = undefined;
    if (open === undefined) return;
    open.connection?.close();
    open.connection = undefined;
    const { settings, host } = this.#context;
    if (failure.duringSetup) sometimes('pipeline failed while it was set up');
    else sometimes(this.#window.closing ? 'pipeline failed while closing' : 'pipeline failed while streaming');
    if (open.nodes.length === 1) sometimes('the last node of a pipeline was lost');
    const plan = planRecovery(failure, {
      nodes: open.nodes.map((node) => nodeName(node.info)),
      local: open.nodes.map(({ info }) => info.id.ipAddr === this.#localHost || info.id.ipAddr.startsWith('127.')),
      attempts: this.#recoveries,
      maxAttempts: settings.pipelineRecoveryRetries,
      closing: this.#window.closing,
      restart: this.#restart,
      nowMs: host.clock.monotonic(),
      restartTimeoutMs: settings.datanodeRestartTimeoutMs,
    });
    if (plan.kind === 'fail') throw new HdfsError('EIO', `${plan.message} (${failure.reason})`, { path: this.#file.path });
    if (plan.counts) this.#recoveries++;
    this.#restart = plan.restart;
    if (plan.drop !== undefined) this.#drop(open, plan.drop, plan.returns);
    this.#window.rewind();
    if (plan.waitMs > 0) await host.clock.sleep(plan.waitMs, this.#context.closed);
    await this.#rebuild(open, plan.closing);
  }

  #drop(open: OpenBlock, index: number, returns: boolean): void {
    const node = open.nodes[index];
    assert(node !== undefined, 'a node of the pipeline is dropped');
    open.nodes = open.nodes.filter((each) => each !== node);
    this.#failed.push(node);
    if (returns) this.#returning = [...this.#returning, node];
    else this.#calls.suspect(node);
  }

  /** The same block under a new generation stamp, with the nodes that are left and maybe a new one. */
  async #rebuild(open: OpenBlock, closing: boolean): Promise<void> {
    await this.#replenish(open);
    if (this.#stopped) return;
    const renewed = await this.#calls.renew(open.block);
    open.token = renewed.token;
    let connection: PipelineConnection;
    try {
      connection = await this.#connect(open, this.#stage(open, closing), renewed.generationStamp);
    } catch (error) {
      if (!(error instanceof PipelineSetupError)) throw error;
      this.#lose({ index: error.index, restarting: error.restarting, duringSetup: true, reason: error.message });
      return;
    }
    const oldBlock = { ...open.block, numBytes: this.#window.bytesAcked };
    const newBlock = { ...oldBlock, generationStamp: renewed.generationStamp };
    try {
      await this.#calls.update(oldBlock, newBlock, open.nodes);
    } catch (error) {
      connection.close();
      throw error;
    }
    open.block = newBlock;
    if (this.#stopped) {
      connection.close();
      return;
    }
    if (closing) {
      // The DataNodes have closed the replica while the pipeline was set up: there is nothing left to send.
      connection.close();
      this.#restart = undefined;
      this.#closeBlock(this.#window.closeWithoutLast());
      this.#signal();
      return;
    }
    this.#attach(open, connection);
  }

  #stage(open: OpenBlock, closing: boolean): Stage {
    if (closing) return Stage.PIPELINE_CLOSE_RECOVERY;
    if (open.next === 'streaming') return Stage.PIPELINE_SETUP_STREAMING_RECOVERY;
    const first = open.next === 'append';
    open.next = 'appending';
    return first ? Stage.PIPELINE_SETUP_APPEND : Stage.PIPELINE_SETUP_APPEND_RECOVERY;
  }

  /** Takes a new node in, where the policy wants one. */
  async #replenish(open: OpenBlock): Promise<void> {
    const { replace } = this.#context.settings;
    const { replication, appended, path } = this.#file;
    const wanted = (): boolean =>
      wantsReplacement(replace.policy, { replication, existing: open.nodes.length, appended, flushed: this.#flushed });
    if (!wanted()) return;
    if (open.next === 'append') open.nodes = await this.#calls.lateNodes(open.block, open.nodes);
    if (!wanted()) return;
    try {
      open.nodes = await this.#calls.addNode(open, this.#failed, this.#failedBefore, this.#window.bytesSent);
      sometimes('another DataNode took the place of a failed one');
    } catch (error) {
      this.#context.closed.throwIfAborted();
      const enough = replace.minReplication > 0 && open.nodes.length >= replace.minReplication;
      if (!replace.bestEffort && !enough) throw error;
      this.#context.host.log.log('warn', 'client', `going on without a new node: ${messageOf(error)}`, { path });
    }
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
