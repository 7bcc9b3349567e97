// A connection between simulated machines: two one-way pipes whose bytes arrive in order, cut into pieces at random, each
// after the network's delay. A receiver that does not read fills its window and holds the sender back. A process that dies
// closes its connections as its kernel would; a machine without power leaves its peers with a half-open one.
import { assert } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import type { Address, Connection, ConnectionHandler, ReadTarget } from '../host.ts';
import type { Machine, Network } from './network.ts';
import type { Life } from './scheduler.ts';

/** Bytes that are under way to a receiver or wait in its kernel. */
const WINDOW_BYTES = 256 * 1024;
const MAX_SEGMENT_BYTES = 64 * 1024;
/** Queued bytes beyond which `write` answers false; as the real host's. */
const HIGH_WATER_BYTES = 256 * 1024;
/** A kernel gives up after this long without an answer to its data. */
const GIVE_UP_MS = 15 * 60_000;
/** Longest pause before a lost packet is sent again, once it can pass. */
const RESEND_MS = 1000;
/** One write in so many is taken later than it is made. */
const LATE_KERNEL_EVERY = 8;
/** What a chunk that was only valid during `onData` becomes. */
const POISON = 0xdb;
const POISONED_BYTES = 512;

type Segment =
  | {
      readonly kind: 'data';
      /** What has not been read of it. */
      bytes: Buffer;
      /** Memory that serves again once all of it has been read: the reader has it on loan only. */
      readonly lent: Buffer | undefined;
    }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' };

const END: Segment = { kind: 'end' };
const RESET: Segment = { kind: 'reset' };

/** Segments for readers with a slab: fresh memory for each would cost more than all that is done with it. */
const idleSegments: Buffer[] = [];
const MAX_IDLE_SEGMENTS = 64;
/** Shorter ones are cut from Node's own pool. */
const LENT_FROM_BYTES = 2048;

function dataSegment(size: number, onLoan: boolean): Segment & { readonly kind: 'data' } {
  if (!onLoan || size < LENT_FROM_BYTES) return { kind: 'data', bytes: Buffer.allocUnsafe(size), lent: undefined };
  const lent = idleSegments.pop() ?? Buffer.allocUnsafeSlow(MAX_SEGMENT_BYTES);
  return { kind: 'data', bytes: lent.subarray(0, size), lent };
}

interface End {
  readonly machine: Machine;
  readonly life: Life;
  readonly address: Address;
  readonly slabBytes: number | undefined;
}

export const failure = (reason: string, peer: Address): HdfsError =>
  new HdfsError('ECONN', `${reason}: ${peer.host}:${peer.port}`);

export class SimConnection implements Connection {
  readonly remote: Address;
  readonly local: Address;
  private readonly network: Network;
  private readonly here: End;
  private peer: SimConnection | undefined;
  private handler: ConnectionHandler | undefined;

  /** Written and not yet taken by the kernel. */
  private queue: Uint8Array[] = [];
  private queued = 0;
  private flushWaiters: { readonly after: number; readonly fn: (error?: Error) => void }[] = [];
  private written = 0;
  private taken = 0;
  private wantsDrain = false;
  private pumping = false;
  private ending = false;
  private endSent = false;

  /** Under way to the peer, in order. */
  private readonly wire: Segment[] = [];
  private wireBytes = 0;
  private arriving = false;
  private waitingForHeal = false;

  /** Arrived and not yet read. */
  private inbox: Segment[] = [];
  private inboxBytes = 0;
  private reading = false;
  private delivering = false;
  private endSeen = false;
  /** The reader hears of so many bytes, or of the end. */
  private tellBytes = 1;
  private target: ReadTarget | undefined;
  /** Where the next bytes are read to, and whose that is; else a slab. */
  private room: Buffer | undefined;
  private lender: ReadTarget | undefined;

  /** Of its packets, in the trace. */
  private label = '';
  private closed = false;
  private dead = false;
  private error: Error | undefined;

  constructor(network: Network, here: End, remote: Address) {
    this.network = network;
    this.here = here;
    this.local = here.address;
    this.remote = remote;
  }

  static join(a: SimConnection, b: SimConnection): void {
    a.peer = b;
    b.peer = a;
    a.label = `tcp ${a.here.machine.name}>${b.here.machine.name}`;
    b.label = `tcp ${b.here.machine.name}>${a.here.machine.name}`;
  }

  private later(label: string, fn: () => void, delayMs = 0): void {
    this.network.scheduler.after(delayMs, this.here.life, label, fn);
  }

  start(handler: ConnectionHandler): void {
    this.handler = handler;
    if (this.dead) this.later('tcp closed', () => handler.onClose(this.error));
    else this.resume();
  }

  setHandler(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  pause(): void {
    this.reading = false;
  }

  tellFrom(bytes: number): void {
    this.tellBytes = bytes;
    this.deliverLater();
  }

  private get isTold(): boolean {
    return this.inboxBytes >= this.tellBytes || this.inbox.at(-1)?.kind === 'end';
  }

  resume(): void {
    if (this.handler === undefined) return;
    this.reading = true;
    this.deliverLater();
  }

  get queuedBytes(): number {
    return this.queued;
  }

  get destroyed(): boolean {
    return this.dead;
  }

  setNoDelay(_on: boolean): void {
    return; // small writes leave at once here
  }

  setKeepAlive(_on: boolean): void {
    return; // an idle half-open connection stays, as it would for hours
  }

  write(chunk: Uint8Array): boolean {
    return this.writev([chunk]);
  }

  lend(chunk: Uint8Array): boolean {
    this.write(chunk);
    return this.queued === 0;
  }

  writev(chunks: readonly Uint8Array[]): boolean {
    if (this.dead || this.ending || !this.here.life.alive) return true;
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      this.queue.push(chunk);
      this.queued += chunk.length;
      this.written += chunk.length;
    }
    // A kernel mostly takes at once what there is room for. Now and then it is late: whoever changes bytes too early, or
    // forgets that some may still be queued, finds out.
    if (this.pumping || this.network.random.below(LATE_KERNEL_EVERY) === 0) this.pumpLater();
    else this.pump();
    if (this.queued <= HIGH_WATER_BYTES) return true;
    this.wantsDrain = true;
    return false;
  }

  flushed(fn: (error?: Error) => void): void {
    if (this.dead) this.later('tcp flushed', () => fn(this.error ?? failure('the connection is closed', this.remote)));
    else if (this.queued === 0) this.later('tcp flushed', () => fn());
    else this.flushWaiters.push({ after: this.written, fn });
  }

  end(): void {
    if (this.ending || this.dead) return;
    this.ending = true;
    this.pumpLater();
  }

  destroy(error?: Error): void {
    if (this.dead) return;
    // A kernel that throws away bytes nobody read says so; otherwise it just says that no more will come.
    const unread = this.inboxBytes > 0;
    this.die(error);
    this.transmit(unread ? RESET : END);
  }

  /** The process has died, and its kernel closes; or the power has gone, and nobody says anything. */
  abandon(how: 'process' | 'power'): void {
    if (this.dead) return;
    const unread = this.inboxBytes > 0;
    this.dead = true;
    this.closed = true;
    this.giveBack();
    this.queue = [];
    if (how === 'process') this.transmit(unread ? RESET : END);
    else this.wire.length = 0;
  }

  /** Whether it goes to that machine. */
  leadsTo(machine: Machine): boolean {
    return this.peer?.here.machine === machine;
  }

  /** Something on the way has forgotten the connection and answers with a reset. */
  reset(): void {
    if (!this.dead) this.die(failure('Connection reset by peer', this.remote));
  }

  private die(error: Error | undefined): void {
    this.dead = true;
    this.error = error;
    this.queue = [];
    this.queued = 0;
    this.inbox = [];
    this.inboxBytes = 0;
    const waiters = this.flushWaiters;
    this.flushWaiters = [];
    this.later('tcp close', () => {
      for (const { fn } of waiters) fn(error ?? failure('the connection is closed', this.remote));
      if (this.closed) return;
      this.closed = true;
      this.giveBack();
      this.handler?.onClose(error);
    });
  }

  // ------------------------------------------------------------------------------------------------ the sending side

  private pumpLater(): void {
    if (this.pumping) return;
    this.pumping = true;
    this.later('tcp send', () => {
      this.pumping = false;
      this.pump();
    });
  }

  /** Takes what fits into the peer's window. Bytes are copied here: until now they had to stay as they were. */
  private pump(): void {
    const { peer } = this;
    if (this.dead || peer === undefined) return;
    for (;;) {
      const first = this.queue[0];
      if (first === undefined) break;
      const room = WINDOW_BYTES - this.wireBytes - peer.inboxBytes;
      if (room <= 0) break;
      const size = this.segmentSize(Math.min(room, this.queued));
      const segment = dataSegment(size, peer.here.slabBytes !== undefined);
      let filled = 0;
      while (filled < size) {
        const chunk = this.queue[0] as Uint8Array;
        const take = Math.min(chunk.length, size - filled);
        segment.bytes.set(take === chunk.length ? chunk : chunk.subarray(0, take), filled);
        filled += take;
        if (take === chunk.length) this.queue.shift();
        else this.queue[0] = chunk.subarray(take);
      }
      this.queued -= size;
      this.taken += size;
      this.transmit(segment);
    }
    while (this.flushWaiters[0] !== undefined && this.flushWaiters[0].after <= this.taken) {
      const waiter = this.flushWaiters.shift();
      this.later('tcp flushed', () => waiter?.fn());
    }
    if (this.wantsDrain && this.queued === 0) {
      this.wantsDrain = false;
      this.later('tcp drain', () => {
        if (!this.dead) this.handler?.onDrain?.();
      });
    }
    if (this.ending && !this.endSent && this.queued === 0) {
      this.endSent = true;
      this.transmit(END);
      this.closeWhenBothEnded();
    }
  }

  /** Mostly what there is; now and then a few bytes, which is where parsers break. */
  private segmentSize(available: number): number {
    const { random } = this.network;
    const most = Math.min(available, MAX_SEGMENT_BYTES);
    switch (random.below(8)) {
      case 0:
        return 1 + random.below(Math.min(most, 16));
      case 1:
        return 1 + random.below(most);
      default:
        return most;
    }
  }

  private transmit(segment: Segment): void {
    this.wire.push(segment);
    if (segment.kind === 'data') this.wireBytes += segment.bytes.length;
    this.arriveLater(this.network.delay());
  }

  private arriveLater(delayMs: number): void {
    const { peer } = this;
    if (this.arriving || peer === undefined || this.wire.length === 0) return;
    this.arriving = true;
    // The network carries it whether or not the sender still lives.
    this.network.scheduler.after(delayMs, undefined, this.label, () => {
      this.arriving = false;
      this.arrive(peer);
    });
  }

  private arrive(peer: SimConnection): void {
    const { machine } = this.here;
    if (this.network.isCut(machine, peer.here.machine) || !peer.here.machine.powered || !machine.powered) {
      this.resendWhenHealed();
      return;
    }
    const waitMs = this.network.clogged(machine, peer.here.machine);
    if (waitMs > 0) {
      this.arriveLater(waitMs);
      return;
    }
    const segment = this.wire.shift();
    if (segment === undefined) return;
    if (segment.kind === 'data') this.wireBytes -= segment.bytes.length;
    this.arriveLater(this.wire.length > 0 ? this.network.delay() / 8 : 0);
    if (peer.dead) {
      // Nobody is there: data is answered with a reset, the rest needs no answer.
      if (segment.kind === 'data') this.resetBy(peer);
      return;
    }
    peer.receive(segment);
  }

  private resetBy(peer: SimConnection): void {
    this.network.scheduler.after(this.network.delay(), this.here.life, 'tcp reset', () => {
      if (this.network.isCut(peer.here.machine, this.here.machine) || this.dead) return;
      this.die(failure('Connection reset by peer', this.remote));
    });
  }

  private resendWhenHealed(): void {
    if (this.waitingForHeal) return;
    this.waitingForHeal = true;
    const { scheduler, random } = this.network;
    const giveUp = scheduler.after(GIVE_UP_MS, this.here.life, 'tcp give up', () => {
      if (!this.dead) this.die(new HdfsError('ETIMEDOUT', `Connection timed out: ${this.remote.host}:${this.remote.port}`));
    });
    const stop = this.network.whenHealed(() => {
      stop();
      giveUp.cancel();
      this.waitingForHeal = false;
      this.arriveLater(random.fraction() * RESEND_MS);
    });
  }

  // ---------------------------------------------------------------------------------------------- the receiving side

  private receive(segment: Segment): void {
    if (segment.kind === 'reset') {
      this.die(failure('Connection reset by peer', this.remote));
      return;
    }
    this.inbox.push(segment);
    if (segment.kind === 'data') this.inboxBytes += segment.bytes.length;
    const { life } = this.here;
    // A process that does nothing else reads at once. One that is held up finds it when it goes on.
    const isFree = life.alive && life.heldUntilMs <= this.network.scheduler.nowMs;
    if (isFree && this.reading && !this.delivering) this.deliver();
    else this.deliverLater();
  }

  private deliverLater(): void {
    if (this.delivering || !this.reading || this.inbox.length === 0 || !this.isTold) return;
    this.delivering = true;
    this.later('tcp read', () => {
      this.delivering = false;
      this.deliver();
    });
  }

  private deliver(): void {
    if (!this.reading || this.dead || !this.isTold) return;
    const segment = this.inbox[0];
    if (segment === undefined) return;
    if (segment.kind === 'end') {
      this.inbox.shift();
      this.endSeen = true;
      this.handler?.onEnd();
      this.closeWhenBothEnded();
      return;
    }
    assert(segment.kind === 'data', 'a reset is not queued');
    const { room } = this;
    const { slabBytes } = this.here;
    const most = room?.length ?? slabBytes;
    let { bytes } = segment;
    if (most !== undefined && bytes.length > most) {
      segment.bytes = bytes.subarray(most);
      bytes = bytes.subarray(0, most);
    } else this.inbox.shift();
    const isRead = bytes === segment.bytes;
    this.inboxBytes -= bytes.length;
    this.peer?.roomAgain();
    this.network.scheduler.noteValue(bytes.length);
    if (room === undefined) {
      this.handler?.onData(bytes);
      // With a slab the chunk was on loan: whoever kept it finds out.
      if (slabBytes !== undefined) bytes.fill(POISON);
    } else {
      bytes.copy(room);
      this.handler?.onData(room.subarray(0, bytes.length));
    }
    if (slabBytes !== undefined) this.nextRoom();
    if (isRead && segment.lent !== undefined && idleSegments.length < MAX_IDLE_SEGMENTS) idleSegments.push(segment.lent);
    this.deliverLater();
  }

  readInto(target: ReadTarget | undefined): void {
    this.target = target;
  }

  /** Where the next read goes. */
  private nextRoom(): void {
    this.giveBack();
    this.room = this.dead ? undefined : this.target?.readRoom();
    if (this.room === undefined) return;
    this.lender = this.target;
    // As a kernel may write there, whoever keeps something there finds out.
    this.room.fill(POISON, 0, POISONED_BYTES);
  }

  private giveBack(): void {
    const { lender } = this;
    this.lender = undefined;
    this.room = undefined;
    lender?.readDone();
  }

  private roomAgain(): void {
    if (this.queued > 0) this.pumpLater();
  }

  private closeWhenBothEnded(): void {
    if (this.endSeen && this.endSent && !this.dead) this.die(undefined);
  }
}
