// A file being written: bytes in, packets and block borders out, flushes, and the end that the NameNode has to agree to.
// How packets travel is block-stream.ts.
import { assert } from '../base/assert.ts';
import { HdfsError, messageOf, ProtocolError } from '../base/errors.ts';
import { packetRoom, restartOfChunk } from '../core/pipeline/writer-geometry.ts';
import { AddBlockFlagProto, CreateFlagProto } from '../wire/messages/client-namenode.ts';
import type { ExtendedBlockProto, HdfsFileStatusProto } from '../wire/messages/hdfs.ts';
import { HdfsFileStatusProto_FileType } from '../wire/messages/hdfs.ts';
import { BlockStream } from './block-stream.ts';
import { type ClientContext, checkSignal } from './context.ts';
import { delayAfter } from './delays.ts';
import { blockName, type Located, located } from './located.ts';
import type { PacketBuffer } from './packet-buffer.ts';

/** Apache: HdfsConstants.MEMORY_STORAGE_POLICY_ID. */
const LAZY_PERSIST_POLICY = 15;

export interface WriteOptions {
  /** DataNodes to be preferred, `host:port`. */
  readonly favoredNodes?: readonly string[] | undefined;
  /** Every block is synced to the DataNodes' disks when it ends, whatever their configuration says. */
  readonly syncBlock?: boolean | undefined;
  /** No replica on this machine. */
  readonly noLocalWrite?: boolean | undefined;
  /** The NameNode is not to look at where the writer is. */
  readonly ignoreClientLocality?: boolean | undefined;
  /** A file that is not there is not made. */
  readonly mustExist?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AppendOptions extends WriteOptions {
  /** What is added begins a new block, and leaves the last one as it is. */
  readonly newBlock?: boolean | undefined;
}

export interface CreateOptions extends WriteOptions {
  /** Replace an existing file. Default true, as node:fs does. */
  readonly overwrite?: boolean | undefined;
  readonly replication?: number | undefined;
  /** Bytes; a multiple of the checksum's chunk. */
  readonly blockSize?: number | undefined;
  /** Mode bits before the umask; default 0o666. */
  readonly mode?: number | undefined;
  /** Mode bits with the umask applied already; without it, the configured one is. */
  readonly maskedMode?: number | undefined;
  /** Make missing parents. Default true. */
  readonly createParent?: boolean | undefined;
  /** The file's replicas may stay in memory for a while. */
  readonly lazyPersist?: boolean | undefined;
  /** Name of a storage policy. */
  readonly storagePolicy?: string | undefined;
}

export interface SyncOptions {
  /** The NameNode takes the length that the file has now, so that it is told to everybody who asks for it. */
  readonly updateLength?: boolean | undefined;
  /** The block ends here; what follows begins another one. */
  readonly endBlock?: boolean | undefined;
}

type State = 'open' | 'closing' | 'closed' | 'aborted';

export class FileWriter {
  readonly path: string;
  readonly #context: ClientContext;
  readonly #stream: BlockStream;
  readonly #fileId: number;
  readonly #blockSize: number;
  readonly #syncBlock: boolean;
  #state: State = 'open';
  /** Its lease is not renewed for it any more. */
  #released = false;
  #packet: PacketBuffer | undefined;
  /** Offset in the block of the packet that is being filled. */
  #packetOffset = 0;
  /** Up to here a flush has sent the block. */
  #flushedTo = 0;
  #position = 0;
  /** The last write, or flush or end behind it, that waits for others: what follows comes behind it. */
  #waiting: Promise<void> | undefined;
  readonly #onClientClosed = (): void => this.abort(this.#context.closed.reason);

  private constructor(
    context: ClientContext,
    path: string,
    status: HdfsFileStatusProto,
    options: WriteOptions,
    appended: boolean,
  ) {
    this.#context = context;
    this.path = path;
    this.#fileId = status.fileId;
    this.#blockSize = status.blocksize;
    this.#syncBlock = options.syncBlock ?? false;
    const file = {
      path,
      fileId: status.fileId,
      blockSize: status.blocksize,
      replication: status.block_replication,
      favoredNodes: options.favoredNodes ?? [],
      flags: [
        ...(options.noLocalWrite === true ? [AddBlockFlagProto.NO_LOCAL_WRITE] : []),
        ...(options.ignoreClientLocality === true ? [AddBlockFlagProto.IGNORE_CLIENT_LOCALITY] : []),
      ],
      lazyPersist: status.storagePolicy === LAZY_PERSIST_POLICY,
      appended,
    };
    // What has failed is never written again, whether somebody closes it or not: its lease is to run out.
    this.#stream = new BlockStream(context, file, () => this.#release());
    context.leases.begin();
    context.closed.addEventListener('abort', this.#onClientClosed, { once: true });
  }

  static async create(
    context: ClientContext,
    path: string,
    options: CreateOptions,
    defaults: { blockSize: number; replication: number },
  ): Promise<FileWriter> {
    const { settings, namenode, clientName } = context;
    const blockSize = options.blockSize ?? defaults.blockSize;
    checkBlockSize(blockSize, settings.bytesPerChecksum, path);
    const mode = (options.mode ?? 0o666) & 0o7777;
    const { fs } = await namenode.call(
      'create',
      {
        src: path,
        masked: { perm: options.maskedMode ?? mode & ~settings.umask },
        unmasked: { perm: mode },
        clientName,
        createFlag:
          (options.mustExist === true ? 0 : CreateFlagProto.CREATE) |
          (options.overwrite === false ? 0 : CreateFlagProto.OVERWRITE) |
          (options.lazyPersist === true ? CreateFlagProto.LAZY_PERSIST : 0),
        createParent: options.createParent ?? true,
        replication: options.replication ?? defaults.replication,
        blockSize,
        cryptoProtocolVersion: [],
        storagePolicy: options.storagePolicy,
      },
      options.signal,
    );
    return new FileWriter(context, path, checkStatus(fs, path, 'create'), options, false);
  }

  /** Opens a file that exists, to write behind its last byte. */
  static async append(context: ClientContext, path: string, options: AppendOptions): Promise<FileWriter> {
    const { settings, namenode, clientName } = context;
    const newBlock = options.newBlock === true;
    const flag = CreateFlagProto.APPEND | (newBlock ? CreateFlagProto.NEW_BLOCK : 0);
    const { block, stat } = await namenode.call('append', { src: path, clientName, flag }, options.signal);
    const status = checkStatus(stat, path, 'append');
    checkBlockSize(status.blocksize, settings.bytesPerChecksum, path);
    const writer = new FileWriter(context, path, status, options, true);
    if (block === undefined) return writer;
    const last = located(block);
    if (newBlock) writer.#beginBehind(last.block);
    else writer.#continue(last);
    return writer;
  }

  #beginBehind(last: ExtendedBlockProto): void {
    this.#stream.appendBehind(last);
  }

  #continue(last: Located): void {
    if (last.nodes.length === 0) {
      this.abort(undefined);
      const name = blockName(last.block);
      throw new HdfsError('EIO', `Unable to retrieve blocks locations  for last block ${name} of file ${this.path}`, {
        path: this.path,
      });
    }
    const bytes = last.block.numBytes;
    this.#stream.appendTo(last);
    this.#packetOffset = bytes;
    this.#flushedTo = bytes;
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#position;
  }

  /**
   * Takes all of `chunk`, which may be changed afterwards. The promise is there when the bytes have to wait for others
   * to be acknowledged. Whoever goes on without waiting has them written in order all the same.
   */
  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#check();
    return this.#inTurn(() => this.#takeAll(chunk));
  }

  #takeAll(chunk: Uint8Array): Promise<void> | undefined {
    const at = this.#take(chunk, 0);
    return at === chunk.length ? undefined : this.#takeRest(chunk, at);
  }

  async #takeRest(chunk: Uint8Array, from: number): Promise<void> {
    for (let at = from; at < chunk.length; at = this.#take(chunk, at)) {
      await this.#stream.room();
      this.#checkStream();
    }
  }

  /** Takes a step now, or behind what waits; what comes then waits for the rest of it. */
  #inTurn(step: () => Promise<void> | undefined | void): Promise<void> | undefined {
    const before = this.#waiting;
    if (before === undefined) {
      const rest = step();
      return rest instanceof Promise ? this.#waitFor(rest) : undefined;
    }
    const next = (): Promise<void> | undefined | void => {
      this.#checkStream();
      return step();
    };
    return this.#waitFor(before.then(next, next));
  }

  #waitFor(work: Promise<void>): Promise<void> {
    this.#waiting = work;
    const end = (): void => {
      if (this.#waiting === work) this.#waiting = undefined;
    };
    work.then(end, end);
    return work;
  }

  /** Copies into packets what there is room for; answers the offset of the rest. */
  #take(chunk: Uint8Array, from: number): number {
    const { packets } = this.#context;
    let at = from;
    while (at < chunk.length && !this.#stream.full) {
      this.#packet ??= packets.take();
      const packet = this.#packet;
      const taken = packet.append(chunk, at, packetRoom(packets.geometry, this.#blockSize, this.#packetOffset, packet.length));
      at += taken;
      this.#position += taken;
      if (packetRoom(packets.geometry, this.#blockSize, this.#packetOffset, packet.length) === 0) {
        this.#enqueue(packet, false);
        if (this.#packetOffset === this.#blockSize) this.#endBlock();
      }
    }
    return at;
  }

  #enqueue(packet: PacketBuffer, sync: boolean): void {
    this.#stream.enqueue(packet, this.#packetOffset, { sync });
    this.#packet = undefined;
    this.#packetOffset += packet.length;
  }

  #endBlock(sync = false): void {
    const flags = { last: true, sync: sync || this.#syncBlock };
    this.#stream.enqueue(this.#context.packets.take(), this.#packetOffset, flags);
    this.#packetOffset = 0;
    this.#flushedTo = 0;
  }

  /** Resolves when every node of the pipeline has all bytes, so that any reader sees them. */
  hflush(): Promise<void> {
    return this.#flush(false, {});
  }

  /** As hflush, and the DataNodes have synced them to disk. */
  hsync(options: SyncOptions = {}): Promise<void> {
    return this.#flush(true, options);
  }

  async #flush(sync: boolean, options: SyncOptions): Promise<void> {
    this.#check();
    let seqno = -1;
    await this.#inTurn(() => {
      if (options.endBlock === true) this.#sendToEndOfBlock(sync);
      else this.#sendSoFar(sync);
      seqno = this.#stream.lastQueuedSeqno;
    });
    await this.#stream.acknowledged(seqno);
    this.#stream.markFlushed();
    if (this.#stream.takeUnpersisted() || options.updateLength === true) {
      const { namenode, clientName } = this.#context;
      const lastBlockLength = this.#stream.blockBytes;
      const call = namenode.call('fsync', { src: this.path, client: clientName, fileId: this.#fileId, lastBlockLength });
      this.#stream.tell(call);
      await call;
    }
  }

  /** Where in the block the next byte will be. */
  get #end(): number {
    return this.#packetOffset + (this.#packet?.length ?? 0);
  }

  #sendSoFar(sync: boolean): void {
    const { packets } = this.#context;
    const packet = this.#packet;
    const end = this.#end;
    if (end !== this.#flushedTo && packet !== undefined) {
      const start = this.#packetOffset;
      const restart = restartOfChunk(end, packets.geometry.bytesPerChecksum, start);
      const partial = packet.tail(restart - start);
      this.#enqueue(packet, sync);
      if (partial.length > 0) {
        // The last chunk goes again, from its first byte, with what comes next.
        this.#packet = packets.take();
        this.#packet.append(partial, 0, partial.length);
        this.#packetOffset = restart;
      }
    } else if (sync && end > 0) {
      this.#stream.enqueue(packets.take(), end, { sync });
    }
    this.#flushedTo = end;
  }

  #sendToEndOfBlock(sync: boolean): void {
    const end = this.#end;
    if (this.#packet !== undefined && end !== this.#flushedTo) this.#enqueue(this.#packet, sync);
    else this.#dropPacket(end);
    if (this.#packetOffset > 0) this.#endBlock(sync);
  }

  /** Sends the rest, and resolves once the NameNode has closed the file. */
  async close(signal?: AbortSignal): Promise<void> {
    if (this.#state === 'closed') return;
    assert(this.#state !== 'closing', 'a file is closed by one caller');
    const abort = (): void => this.#stream.stop(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#check();
      this.#state = 'closing';
      checkSignal(this.#context, signal);
      await this.#inTurn(() => this.#sendToEndOfBlock(false));
      await this.#stream.acknowledged(this.#stream.lastQueuedSeqno);
      await this.#complete(signal);
      this.#state = 'closed';
    } catch (error) {
      this.#state = 'aborted';
      this.#stream.stop(error);
      if (this.#context.settings.recoversLeaseOfFailedClose) await this.#recoverLease();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#release();
    }
  }

  /** Others need not wait for the lease to run out. Apache: DFSOutputStream.recoverLease. */
  async #recoverLease(): Promise<void> {
    const { namenode, clientName, host } = this.#context;
    try {
      await namenode.call('recoverLease', { src: this.path, clientName });
    } catch (error) {
      host.log.log('warn', 'client', `Fail to recover lease for ${this.path}: ${messageOf(error)}`);
    }
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#context.closed.removeEventListener('abort', this.#onClientClosed);
    this.#context.leases.end();
  }

  /** The packet holds only what a flush has sent. */
  #dropPacket(end: number): void {
    if (this.#packet !== undefined) this.#context.packets.give(this.#packet);
    this.#packet = undefined;
    this.#packetOffset = end;
  }

  async #complete(signal: AbortSignal | undefined): Promise<void> {
    const { namenode, clientName, settings, host } = this.#context;
    // Of a closed file it is told no more.
    await this.#stream.told();
    const last = this.#stream.lastBlock;
    for (let attempt = 0; ; attempt++) {
      const { result } = await namenode.call('complete', { src: this.path, clientName, last, fileId: this.#fileId }, signal);
      if (result === true) return;
      const delayMs = delayAfter(attempt, settings);
      if (delayMs === undefined) {
        const name = last === undefined ? '' : blockName(last);
        throw new HdfsError(
          'EIO',
          `Unable to close file because the last block ${name} does not have enough number of replicas.`,
          {
            path: this.path,
          },
        );
      }
      await host.clock.sleep(delayMs, signal ?? this.#context.closed);
    }
  }

  /** Gives the file up as it is: it stays open at the NameNode until its lease runs out. */
  abort(reason: unknown): void {
    if (this.#state === 'closing') this.#stream.stop(reason);
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    this.#stream.stop(reason);
    this.#release();
  }

  #check(): void {
    assert(this.#state !== 'closing', 'nothing is written while a file is closed');
    if (this.#state === 'closed') throw new HdfsError('EINVAL', `${this.path} is closed`, { path: this.path });
    this.#checkStream();
  }

  #checkStream(): void {
    this.#stream.check();
    this.#context.closed.throwIfAborted();
  }
}

function checkBlockSize(blockSize: number, bytesPerChecksum: number, path: string): void {
  if (blockSize % bytesPerChecksum === 0 && blockSize > 0) return;
  throw new HdfsError(
    'EINVAL',
    `Invalid values: dfs.bytes-per-checksum (=${bytesPerChecksum}) must divide block size (=${blockSize}).`,
    { path },
  );
}

/** The file that the NameNode opened for us, when it is one that we can write. */
function checkStatus(status: HdfsFileStatusProto | undefined, path: string, method: string): HdfsFileStatusProto {
  if (status === undefined || status.fileType !== HdfsFileStatusProto_FileType.IS_FILE) {
    throw new ProtocolError(`the answer to ${method} lacks the file`);
  }
  if (status.ecPolicy !== undefined || status.fileEncryptionInfo !== undefined) {
    throw new HdfsError('EUNSUPPORTED', 'The file is erasure coded or encrypted, which this client does not write yet', {
      path,
    });
  }
  return status;
}
