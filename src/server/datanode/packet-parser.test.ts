// If this fails, packets that arrive cut at odd places are mangled, or a malformed one takes the DataNode down.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ByteSource } from '../../transfer/byte-source.ts';
import { packetHeaderBytes, writePacketHeader } from '../../wire/transfer/packet.ts';
import { PacketParser, type PacketView } from './packet-parser.ts';

function packet(seqno: number, data: Buffer, sums: Buffer, last: boolean): Buffer {
  const start = packetHeaderBytes(false);
  const bytes = Buffer.alloc(start + sums.length + data.length);
  writePacketHeader(
    bytes,
    0,
    { offsetInBlock: 0, seqno, lastPacketInBlock: last, dataLen: data.length, syncBlock: false },
    sums.length,
  );
  sums.copy(bytes, start);
  data.copy(bytes, start + sums.length);
  return bytes;
}

/** Only what the parser calls. */
const fakeSource = (resumed: () => void = () => undefined): ByteSource =>
  ({ setSink: () => undefined, pauseSink: () => undefined, resume: resumed }) as unknown as ByteSource;

test('any cutting gives the same packets, and what follows the last is left alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 9 }),
      (contents, cuts) => {
        const sums = Buffer.from('sums');
        const stream = Buffer.concat([
          ...contents.map((data, i) => packet(i, Buffer.from(data), sums, i === contents.length - 1)),
          Buffer.from('next operation'),
        ]);
        const got: { data: Buffer; sums: string }[] = [];
        const turn: PacketView[] = [];
        const parser = new PacketParser(fakeSource(), {
          packet: (view) => turn.push(view),
          flush: () => {
            for (const view of turn.splice(0)) got.push({ data: Buffer.from(view.data), sums: view.sums.toString() });
            return undefined;
          },
          broken: () => undefined,
        });
        let taken = 0;
        const slab = Buffer.alloc(90);
        for (let at = 0, i = 0; at < stream.length; i++) {
          const length = Math.min(cuts[i % cuts.length] as number, stream.length - at);
          stream.copy(slab, 0, at, at + length);
          taken += parser.push(slab.subarray(0, length));
          slab.fill(0xee);
          at += length;
        }
        expect(got).toEqual(contents.map((data) => ({ data: Buffer.from(data), sums: 'sums' })));
        expect(taken).toBe(stream.length - 'next operation'.length);
      },
    ),
  );
});

test('what the consumer holds stays as it came, however much comes behind it', () => {
  const contents = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1 + ((i * 7919) % 40_000), i));
  const stream = Buffer.concat(contents.map((data, i) => packet(i, data, Buffer.from('sums'), i === contents.length - 1)));
  const held: PacketView[] = [];
  const parser = new PacketParser(fakeSource(), {
    packet: (view) => {
      view.memory.hold();
      held.push(view);
    },
    flush: () => {
      // The disk is some packets behind, and takes them in the order in which they came.
      while (held.length > 20) {
        const { header, data, memory } = held.shift() as PacketView;
        expect(data.equals(contents[header.seqno] as Buffer)).toBe(true);
        memory.release();
      }
      return undefined;
    },
    broken: (error) => expect.unreachable(String(error)),
  });
  const slab = Buffer.alloc(100_000);
  for (let at = 0, i = 0; at < stream.length; i++) {
    const length = Math.min(1 + ((i * 104_729) % slab.length), stream.length - at);
    stream.copy(slab, 0, at, at + length);
    expect(parser.push(slab.subarray(0, length))).toBe(length);
    slab.fill(0xee);
    at += length;
  }
  expect(held.map(({ header }) => header.seqno)).toEqual(Array.from({ length: 20 }, (_, i) => 280 + i));
  for (const { header, data } of held) expect(data.equals(contents[header.seqno] as Buffer)).toBe(true);
});

test('a consumer that is behind is given nothing until it has caught up', async () => {
  let catchUp = (): void => undefined;
  const given: number[] = [];
  const resumed = new Promise<void>((resolve) => {
    const parser = new PacketParser(fakeSource(resolve), {
      packet: ({ header }) => given.push(header.seqno),
      flush: () =>
        new Promise<void>((done) => {
          catchUp = done;
        }),
      broken: (error) => expect.unreachable(String(error)),
    });
    const one = (seqno: number): Buffer => packet(seqno, Buffer.alloc(10), Buffer.alloc(4), false);
    const first = Buffer.concat([one(0), one(1)]);
    expect(parser.push(first)).toBe(first.length);
    expect(parser.push(one(2))).toBe(0);
    expect(given).toEqual([0, 1]);
    catchUp();
  });
  await resumed;
});

test('mutated packets are refused by a protocol error or taken, never worse', () => {
  const good = packet(7, Buffer.alloc(40, 1), Buffer.alloc(4), false);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      const parser = new PacketParser(fakeSource(), {
        packet: () => undefined,
        flush: () => undefined,
        broken: () => undefined,
      });
      try {
        parser.push(bytes);
      } catch (error) {
        expect((error as Error).name).toBe('ProtocolError');
      }
    }),
    { numRuns: 2000 },
  );
});

test('a last packet that its consumer refuses ends the stream: the consumer hears of it, though the source was given back', () => {
  for (const place of ['packet', 'flush'] as const) {
    const broken: (Error | undefined)[] = [];
    const refuse = (): never => {
      throw new Error(`refused by ${place}`);
    };
    const parser = new PacketParser(fakeSource(), {
      packet: place === 'packet' ? refuse : () => undefined,
      flush: place === 'flush' ? refuse : () => undefined,
      broken: (error) => broken.push(error),
    });
    parser.push(packet(0, Buffer.alloc(0), Buffer.alloc(0), true));
    expect(broken.map((error) => error?.message)).toEqual([`refused by ${place}`]);
  }
});

test('what is read in place is the same, and stays while it is held and more is read behind it', () => {
  const contents = Array.from({ length: 60 }, (_, i) => Buffer.alloc(1 + ((i * 7919) % 90_000), i));
  const stream = Buffer.concat(contents.map((data, i) => packet(i, data, Buffer.from('sums'), i === contents.length - 1)));
  const cut = fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.integer({ min: 1, max: 60 }));
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 20 }), fc.nat(7), (some, keep) => {
      // Never only small ones: they are many, and copied anyway.
      const cuts = [...some, 100_000];
      const held: PacketView[] = [];
      let copied = 0;
      const got: Buffer[] = [];
      const parser = new PacketParser(fakeSource(), {
        packet: (view) => {
          view.memory.hold();
          held.push(view);
        },
        flush: () => {
          while (held.length > keep) {
            const view = held.shift() as PacketView;
            got.push(Buffer.from(view.data));
            view.memory.release();
          }
          return undefined;
        },
        broken: () => undefined,
      });
      const slab = Buffer.alloc(256 * 1024);
      let room: Buffer = slab;
      for (let at = 0, i = 0; at < stream.length; i++) {
        const length = Math.min(cuts[i % cuts.length] as number, stream.length - at, room.length);
        stream.copy(room, 0, at, at + length);
        if (room === slab) copied += length;
        expect(parser.push(room.subarray(0, length))).toBe(length);
        slab.fill(0xee);
        at += length;
        parser.readDone();
        room = parser.readRoom() ?? slab;
        // The kernel may write there from now on.
        if (room !== slab) room.fill(0xdd, 0, 4096);
      }
      for (const view of held) got.push(Buffer.from(view.data));
      expect(got.length).toBe(contents.length);
      expect(got.every((data, i) => data.equals(contents[i] as Buffer))).toBe(true);
      if (cuts.every((bytes) => bytes >= 16 * 1024)) expect(copied).toBeLessThanOrEqual(cuts[0] as number);
    }),
    { numRuns: 40 },
  );
});

test('not more writers than a few keep memory ready while nothing half sent lies in it', () => {
  const chunk = packet(0, Buffer.alloc(40_000), Buffer.from('sums'), false);
  const parsers = Array.from({ length: 40 }, () => {
    const consumer = { packet: () => undefined, flush: () => undefined, broken: () => undefined };
    return new PacketParser(fakeSource(), consumer);
  });
  const rooms = () => parsers.map((parser) => parser.push(chunk) > 0 && parser.readRoom() !== undefined);
  expect(rooms().filter((has) => has).length).toBe(32);
  for (const parser of parsers) parser.readDone();
  expect(rooms().filter((has) => has).length).toBe(32);
  for (const parser of parsers) parser.readDone();
});
