// If these fail, a broken or hostile client brings the server down, fills its memory, or is taken for somebody else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GetFileInfoRequestProto, GetListingRequestProto } from '../messages/client-namenode.ts';
import { RequestHeaderProto, RpcResponseHeaderProto } from '../messages/ipc.ts';
import { readDelimited } from '../protobuf/message.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { RpcAcceptor } from './acceptor.ts';
import { FrameMemory, FrameSplitter } from './frame.ts';
import { methodHeader, openingBytes, pingFrame, writeRequest } from './headers.ts';

const CLIENT_ID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
const HEADER = methodHeader(PROTOCOL, 1, 'getFileInfo');
const LIMITS = { maxDataBytes: 1 << 20, maxHandshakeBytes: 64 * 1024 };

function request(callId: number, src: string): Buffer {
  const writer = new ProtoWriter();
  writeRequest(writer, { callId, clientId: CLIENT_ID, retryCount: 0 }, HEADER, GetFileInfoRequestProto, { src });
  return writer.toBuffer();
}

interface Seen {
  readonly calls: string[];
  readonly sent: Buffer[];
  closed: number;
}

function acceptor(onCall?: (acceptor: RpcAcceptor) => void): { seen: Seen; acceptor: RpcAcceptor } {
  const seen: Seen = { calls: [], sent: [], closed: 0 };
  const made: RpcAcceptor = new RpcAcceptor(LIMITS, {
    authorize: () => undefined,
    call(header, body) {
      expect(seen.closed).toBe(0);
      expect(made.identity?.user).toBe('alice');
      let text = '';
      try {
        const named = readDelimited(RequestHeaderProto, body);
        const { src } = readDelimited(GetFileInfoRequestProto, body);
        text = `${header.callId} ${named.methodName} ${src}`;
      } catch (error) {
        text = `${header.callId} ${error instanceof Error ? error.name : ''}`;
      }
      seen.calls.push(text);
      onCall?.(made);
    },
    send: (bytes) => void seen.sent.push(bytes),
    close: () => void seen.closed++,
  });
  return { seen, acceptor: made };
}

const opening = openingBytes(CLIENT_ID, PROTOCOL, { effective: 'alice', real: undefined });
const session = (): Buffer =>
  Buffer.concat([opening, request(0, '/a'), pingFrame(CLIENT_ID), request(1, '/b'.repeat(200)), request(2, '/c')]);
const CALLS = ['0 getFileInfo /a', `1 getFileInfo ${'/b'.repeat(200)}`, '2 getFileInfo /c'];

/** Cuts `bytes` at the places that `cuts` give, and feeds the pieces. */
function feedIn(target: RpcAcceptor, bytes: Buffer, cuts: readonly number[]): void {
  let from = 0;
  for (const cut of [...new Set(cuts.map((c) => c % (bytes.length + 1)))].sort((a, b) => a - b)) {
    // The chunk is ours again after the call: overwrite it, as a reused read buffer would be.
    const chunk = Buffer.from(bytes.subarray(from, cut));
    target.feed(chunk);
    chunk.fill(0xee);
    from = cut;
  }
  target.feed(Buffer.from(bytes.subarray(from)));
}

describe('a session', () => {
  test('is understood however it is cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 30 }), (cuts) => {
        const { seen, acceptor: target } = acceptor();
        feedIn(target, session(), cuts);
        expect(seen).toEqual({ calls: CALLS, sent: [], closed: 0 });
        expect(target.heldBytes).toBe(0);
      }),
    );
    const { seen, acceptor: target } = acceptor();
    for (const byte of session()) target.feed(Buffer.from([byte]));
    expect(seen.calls).toEqual(CALLS);
  });

  test('leaves a call its bytes when the socket reads on into the same memory', () => {
    const kept: Uint8Array[] = [];
    const target = new RpcAcceptor(LIMITS, {
      authorize: () => undefined,
      call(_header, body) {
        readDelimited(RequestHeaderProto, body);
        kept.push(readDelimited(GetListingRequestProto, body).startAfter);
      },
      send: () => expect.unreachable(),
      close: () => expect.unreachable(),
    });
    const writer = new ProtoWriter();
    const startAfter = Buffer.from('part-00000');
    const body = { src: '/a', startAfter, needLocation: false };
    writeRequest(writer, { callId: 0, clientId: CLIENT_ID, retryCount: 0 }, HEADER, GetListingRequestProto, body);
    feedIn(target, Buffer.concat([opening, writer.toBuffer(), pingFrame(CLIENT_ID)]), [
      opening.length,
      opening.length + writer.length,
    ]);
    expect(kept.map((bytes) => Buffer.from(bytes).toString())).toEqual(['part-00000']);
  });

  test('can be stopped after any call and goes on where it was', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 8 }), (cuts) => {
        const { seen, acceptor: target } = acceptor((it) => it.stop());
        feedIn(target, session(), cuts);
        expect(seen.calls).toEqual(CALLS.slice(0, 1));
        target.resume();
        expect(seen.calls).toEqual(CALLS.slice(0, 2));
        target.resume();
        expect(seen.calls).toEqual(CALLS);
      }),
    );
  });
});

test('10,000 mutated sessions: answered or closed, never thrown, never more memory than arrived', () => {
  const mutation = fc.record({
    at: fc.nat(1000),
    kind: fc.constantFrom('flip', 'set', 'cut', 'insert', 'length'),
    value: fc.nat(255),
    bytes: fc.uint8Array({ maxLength: 12 }),
  });
  let ended = 0;
  fc.assert(
    fc.property(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(2000), { maxLength: 3 }),
      (mutations, cuts) => {
        let bytes: Buffer = session();
        for (const { at, kind, value, bytes: extra } of mutations) {
          const place = at % bytes.length;
          switch (kind) {
            case 'flip':
              bytes[place] = (bytes[place] as number) ^ (1 << (value & 7));
              break;
            case 'set':
              bytes[place] = value;
              break;
            case 'cut':
              bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + (value & 15))]);
              break;
            case 'insert':
              bytes = Buffer.concat([bytes.subarray(0, place), extra, bytes.subarray(place)]);
              break;
            case 'length':
              if (place + 4 <= bytes.length) bytes.writeUInt32BE((value << 24) >>> 0, place);
              break;
          }
          if (bytes.length === 0) bytes = Buffer.from([value]);
        }
        const { seen, acceptor: target } = acceptor();
        // A changed name is a name: only the shape is judged here.
        Object.defineProperty(target, 'identity', { value: { user: 'alice' } });
        feedIn(target, bytes, cuts);
        expect(target.heldBytes).toBeLessThanOrEqual(bytes.length);
        expect(seen.closed).toBeLessThanOrEqual(1);
        if (seen.closed === 1) {
          ended++;
          const before = seen.calls.length;
          target.feed(session());
          target.resume();
          expect(seen.calls.length).toBe(before);
        }
        for (const answer of seen.sent) {
          if (answer.toString('latin1', 0, 4) === 'HTTP' || answer.readInt32BE(0) === -1 || answer.readInt32BE(0) === 0)
            continue;
          expect(answer.readUInt32BE(0)).toBe(answer.length - 4);
          readDelimited(RpcResponseHeaderProto, new ProtoReader(answer, 4));
        }
      },
    ),
    { numRuns: 10_000 },
  );
  expect(ended).toBeGreaterThan(1000);
});

test('a frame that is only announced takes no memory', () => {
  const splitter = new FrameSplitter(64 << 20, () => undefined);
  splitter.feed(Buffer.from([0x03, 0, 0, 0]));
  splitter.feed(Buffer.alloc(100));
  expect(splitter.heldBytes).toBe(104);
  expect(() => new FrameSplitter(10, () => undefined).feed(Buffer.from([0, 0, 0, 11]))).toThrow(/longer than maximum/);
});

test('the memory of a long frame serves the next once it is given back, and not before', () => {
  const memory = new FrameMemory();
  const frames: Buffer[] = [];
  const seen: string[] = [];
  const splitter = new FrameSplitter(
    64 << 20,
    (buffer, start, end) => {
      frames.push(buffer);
      seen.push(
        `${end - start} ${buffer[start]} ${buffer[end - 1]} ${buffer.subarray(start + 1, end - 1).equals(Buffer.alloc(end - start - 2))}`,
      );
    },
    memory,
  );
  const send = (bytes: number, mark: number): void => {
    const frame = Buffer.alloc(4 + bytes);
    frame.writeUInt32BE(bytes);
    frame[4] = mark;
    frame[3 + bytes] = mark;
    for (let at = 0; at < frame.length; at += 65_536) splitter.feed(frame.subarray(at, at + 65_536));
  };
  send(3_000_000, 1);
  send(3_000_000, 2);
  const [first, second] = frames as [Buffer, Buffer];
  expect(second).not.toBe(first);
  // It has room for one that is somewhat longer.
  memory.give(first);
  first.fill(7);
  send(3_100_000, 3);
  expect(frames[2]).toBe(first);
  send(3_000_000, 4);
  expect(frames[3]).not.toBe(first);
  memory.give(first);
  send(100_000, 5);
  send(9_000_000, 6);
  expect(frames.slice(4)).not.toContain(first);
  send(1_500_000, 8);
  expect(frames[6]).toBe(first);
  expect(seen).toEqual(
    ['3000000 1 1', '3000000 2 2', '3100000 3 3', '3000000 4 4', '100000 5 5', '9000000 6 6', '1500000 8 8'].map(
      (each) => `${each} true`,
    ),
  );
  // Neither what is short nor what is very long is kept.
  memory.give(Buffer.alloc(1000));
  memory.give(Buffer.alloc(17 << 20));
  expect(memory.take(500)).toBeUndefined();
});

test('the rest of a long frame may be read to where it has to lie, and no further', () => {
  const frames: Buffer[] = [];
  const splitter = new FrameSplitter(64 << 20, (buffer, start, end) => frames.push(Buffer.from(buffer.subarray(start, end))));
  const body = Buffer.alloc(5_000_000);
  for (let at = 0; at < body.length; at += 4) body.writeUInt32LE(at, at);
  const frame = Buffer.concat([Buffer.alloc(4), body]);
  frame.writeUInt32BE(body.length);
  const stream = Buffer.concat([Buffer.from([0, 0, 0, 1, 9]), frame, frame, Buffer.from([0, 0, 0, 1, 8])]);
  const slab = Buffer.alloc(65_536);
  let inPlace = 0;
  let longest = 0;
  for (let at = 0; at < stream.length; ) {
    const room = splitter.room;
    const into = room ?? slab;
    longest = Math.max(longest, into.length);
    const bytes = stream.copy(into, 0, at, Math.min(stream.length, at + Math.min(into.length, 300_000)));
    if (room !== undefined) inPlace += bytes;
    splitter.feed(into.subarray(0, bytes));
    at += bytes;
  }
  expect(frames.map(({ length }) => length)).toEqual([1, body.length, body.length, 1]);
  expect(frames[1]?.equals(body)).toBe(true);
  expect(frames[2]?.equals(body)).toBe(true);
  expect(inPlace).toBeGreaterThan(body.length);
  expect(longest).toBeLessThan(body.length);
  expect(splitter.room).toBeUndefined();
});
