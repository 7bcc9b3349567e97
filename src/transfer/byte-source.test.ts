// If this fails, bytes get lost or doubled between a socket and the protocol, and every transfer breaks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock, Connection, ConnectionHandler } from '../host/host.ts';
import { Simulation } from '../host/sim/index.ts';
import { ClientReadStatusProto } from '../wire/messages/transfer.ts';
import { ByteSource } from './byte-source.ts';

class FakeConnection implements Connection {
  readonly remote = { host: '127.0.0.1', port: 1 };
  readonly local = { host: '127.0.0.1', port: 2 };
  paused = false;
  queuedBytes = 0;
  destroyed = false;
  readonly told: number[] = [];
  tellFrom(bytes: number): void {
    this.told.push(bytes);
  }
  start(): void {
    // Nothing to do here.
  }
  setHandler(_handler: ConnectionHandler): void {
    // Nothing to do here.
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  write(): boolean {
    return true;
  }
  lend(): boolean {
    return true;
  }
  writev(): boolean {
    return true;
  }
  flushed(fn: (error?: Error) => void): void {
    fn();
  }
  end(): void {
    // Nothing to do here.
  }
  destroy(): void {
    this.destroyed = true;
  }
  setNoDelay(): void {
    // Nothing to do here.
  }
  setKeepAlive(): void {
    // Nothing to do here.
  }
}

const tick = (): Promise<void> => Promise.resolve();

test('any cutting of the stream gives the same reads, from a reused slab too', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      async (cuts, reads, borrowed) => {
        const total = reads.reduce((a, b) => a + b, 0);
        const stream = Buffer.from(Array.from({ length: total }, (_, i) => i & 0xff));
        const source = new ByteSource(new FakeConnection(), { borrowedChunks: borrowed });
        const got: Buffer[] = [];
        const reading = (async () => {
          for (const length of reads) got.push(await source.read(length));
        })();
        const slab = Buffer.alloc(64);
        for (let at = 0, i = 0; at < total; i++) {
          const length = Math.min(cuts[i % cuts.length] as number, total - at);
          stream.copy(slab, 0, at, at + length);
          source.onData(borrowed ? slab.subarray(0, length) : Buffer.from(slab.subarray(0, length)));
          if (borrowed) slab.fill(0xee);
          at += length;
          if (i % 3 === 0) await tick();
        }
        await reading;
        expect(Buffer.concat(got)).toEqual(stream);
      },
    ),
    { numRuns: 200 },
  );
});

test('delimited messages are bounded', async () => {
  const source = new ByteSource(new FakeConnection(), { borrowedChunks: false });
  source.onData(ClientReadStatusProto.encodeDelimited({ status: 6 }));
  expect(await source.readDelimited(ClientReadStatusProto, 10)).toEqual({ status: 6 });
  source.onData(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]));
  await expect(source.readDelimited(ClientReadStatusProto, 10)).rejects.toThrow(/at most 10/);
});

test('the end is told from a cut', async () => {
  const source = new ByteSource(new FakeConnection(), { borrowedChunks: false });
  const waiting = source.waitOrEnd(1);
  source.onEnd();
  expect(await waiting).toBe(false);
  await expect(source.read(1)).rejects.toThrow(/Premature EOF/);
});

test('a sink that takes less is offered the rest, in order, before the end', () => {
  const connection = new FakeConnection();
  const source = new ByteSource(connection, { borrowedChunks: true });
  source.onData(Buffer.from('ab'));
  const taken: string[] = [];
  let room = 3;
  source.setSink({
    push(chunk) {
      const part = chunk.subarray(0, Math.min(room, chunk.length));
      room -= part.length;
      taken.push(part.toString());
      return part.length;
    },
    end: (error) => taken.push(`end ${error?.message ?? ''}`),
  });
  source.onData(Buffer.from('cdef'));
  expect(connection.paused).toBe(true);
  source.onData(Buffer.from('gh'));
  source.onEnd();
  room = 100;
  source.resume();
  expect(taken.join('')).toBe('abcdefghend ');
  expect(connection.paused).toBe(false);
});

test('an unwrap stage applies from the next unread byte on', async () => {
  const source = new ByteSource(new FakeConnection(), { borrowedChunks: false });
  source.onData(Buffer.from('abBC'));
  expect((await source.read(2)).toString()).toBe('ab');
  source.setUnwrap({ unwrap: (chunk) => [Buffer.from(chunk.toString().toLowerCase())] });
  source.onData(Buffer.from('DE'));
  expect((await source.read(4)).toString()).toBe('bcde');
});

test('short operations one after the other take no timer each, and every time-out comes at its time', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  let timers = 0;
  const counting: Clock = {
    ...clock,
    monotonic: () => clock.monotonic(),
    setTimer: (ms, fn) => {
      timers++;
      return clock.setTimer(ms, fn);
    },
  };
  const source = new ByteSource(new FakeConnection(), { borrowedChunks: false, clock: counting });
  const operations = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      for (const ms of [4000, 60_000]) {
        source.timeoutMs = ms;
        const reading = source.read(1);
        await clock.sleep(10);
        source.onData(Buffer.from('x'));
        await reading;
      }
    }
  };
  await simulation.run(operations(100));
  expect(timers).toBe(1);
  const failure = async (ms: number): Promise<number> => {
    source.timeoutMs = ms;
    const beganMs = clock.monotonic();
    await expect(source.read(1)).rejects.toThrow(`${ms} millis timeout`);
    return clock.monotonic() - beganMs;
  };
  await simulation.run(clock.sleep(3000));
  source.timeoutMs = 0;
  const endless = source.read(1);
  await simulation.run(clock.sleep(100_000));
  source.onData(Buffer.from('x'));
  await endless;
  await simulation.run(operations(1));
  expect(await simulation.run(failure(60_000), 100_000)).toBeCloseTo(60_000, 0);
});

test.each([
  [60_000, 4000],
  [4000, 60_000],
])('a time-out of %d ms that becomes one of %d is the latter', async (first, second) => {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  const source = new ByteSource(new FakeConnection(), { borrowedChunks: false, clock });
  const late = async (): Promise<number> => {
    source.timeoutMs = first;
    const reading = source.read(1);
    await clock.sleep(1000);
    source.timeoutMs = second;
    const beganMs = clock.monotonic();
    await expect(reading).rejects.toThrow(`${second} millis timeout`);
    return clock.monotonic() - beganMs;
  };
  expect(await simulation.run(late(), 100_000)).toBeCloseTo(second, 0);
});

test('what nobody waits for comes with what follows it, and every other wait is told of each byte', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  const connection = new FakeConnection();
  const source = new ByteSource(connection, { borrowedChunks: false, clock });
  source.timeoutMs = 1000;
  for (let turn = 0; turn < 3; turn++) {
    let isBeyond = false;
    const waiting = source.waitBeyond(3).then(() => {
      isBeyond = true;
    });
    source.onData(Buffer.from('abc'));
    await tick();
    expect(isBeyond).toBe(false);
    source.onData(Buffer.from('de'));
    await waiting;
    expect((await source.read(5)).toString()).toBe('abcde');
  }
  expect(connection.told).toEqual([4]);
  const rest = source.read(2);
  expect(connection.told).toEqual([4, 1]);
  source.onData(Buffer.from('fg'));
  await rest;
  source.onData(Buffer.from('abcd'));
  await source.waitBeyond(3);
  expect(connection.told).toEqual([4, 1]);
});

test('that wait ends with its time, with the peer and with the connection, and the next read tells', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  const sourceOf = (): ByteSource => {
    const source = new ByteSource(new FakeConnection(), { borrowedChunks: false, clock });
    source.timeoutMs = 1000;
    return source;
  };
  const late = sourceOf();
  const beganMs = clock.monotonic();
  await simulation.run(late.waitBeyond(3), 100_000);
  expect(clock.monotonic() - beganMs).toBeCloseTo(1000, 0);
  const status = late.read(3);
  late.onData(Buffer.from('abc'));
  expect((await status).toString()).toBe('abc');

  const ended = sourceOf();
  const waiting = ended.waitBeyond(3);
  ended.onData(Buffer.from('abc'));
  ended.onEnd();
  await waiting;
  expect((await ended.read(3)).toString()).toBe('abc');
  await ended.waitBeyond(3);
  await expect(ended.read(1)).rejects.toThrow(/Premature EOF/);

  const broken = sourceOf();
  const interrupted = broken.waitBeyond(3);
  broken.onClose(new Error('reset'));
  await interrupted;
  await expect(broken.read(1)).rejects.toThrow('reset');
});
