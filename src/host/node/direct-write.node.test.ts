// If these fail, answers come out of order, are cut off, or are reported as sent while they are not, or a daemon is aborted.
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Connection, Log } from '../host.ts';
import { DirectWriter, directWrites, RequestPool, type WriteRequest } from './direct-write.ts';
import { nodeNet } from './net.ts';
import { pairOf, received } from './test-connection.ts';

const silent: Log = { log: () => undefined };
/** More than the kernel takes for a peer that does not read. */
const TOO_MUCH = 16 * 1024 * 1024;

test('writing past the stream works where Node makes a request for each write', async () => {
  // From 26 on Node itself makes no request for what the kernel takes at once, and there is none to be had.
  const makesRequests = Number(process.versions.node.split('.', 1)[0]) < 26;
  expect((await directWrites()) !== undefined).toBe(makesRequests);
});

test('a request that is out is not used again, though nothing of its bytes is queued', () => {
  class Request implements WriteRequest {
    isOut = false;
    oncomplete = (_status: number): void => undefined;
    getAsyncId(): number {
      return this.isOut ? 7 : -1;
    }
  }
  const used: Request[] = [];
  // The kernel has no room for the first write, and has it a moment later, when libuv tries again.
  const handle = {
    writeQueueSize: 0,
    writeBuffer(request: Request): number {
      // Node would abort the process.
      if (request.isOut) throw new Error('the request is out');
      used.push(request);
      request.isOut = used.length === 1;
      return 0;
    },
  };
  const pool = new RequestPool(Request);
  let taken = 0;
  const writers = [1, 2].map(() => {
    const socket = new Socket();
    Object.defineProperty(socket, '_handle', { value: handle });
    return new DirectWriter(socket, pool, () => taken++);
  });
  for (const writer of writers) expect(writer.write(Buffer.from('bytes'))).toBe(true);
  expect(new Set(used).size).toBe(2);
  expect(writers.map(({ pendingBytes }) => pendingBytes)).toEqual([5, 0]);
  used[0]?.oncomplete(0);
  expect(writers.map(({ pendingBytes }) => pendingBytes)).toEqual([0, 0]);
  expect(taken).toBe(1);
});

interface Peers {
  readonly server: Connection;
  readonly client: Connection;
  readonly drains: () => number;
  readonly closed: Promise<Error | undefined>;
  readonly end: () => Promise<void>;
}

async function peers(requests: typeof directWrites): Promise<Peers> {
  const { listener, client, server } = await pairOf(nodeNet(silent, requests));
  let drains = 0;
  const closed = new Promise<Error | undefined>((resolve) => {
    server.start({
      onData: () => undefined,
      onEnd: () => undefined,
      onClose: resolve,
      onDrain: () => {
        drains++;
      },
    });
  });
  return {
    server,
    client,
    drains: () => drains,
    closed,
    end: async () => {
      server.destroy();
      client.destroy();
      await listener.close();
    },
  };
}

const flushed = (connection: Connection): Promise<Error | undefined> => new Promise((resolve) => connection.flushed(resolve));

/** Bytes that tell where they stood. */
const counted = (length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
};

describe.each([
  ['past the stream', directWrites],
  ['by the stream', () => Promise.resolve(undefined)],
])('answers that are written %s', (_name, requests) => {
  test('come in order, and what the kernel has taken may be changed at once', async () => {
    const { server, client, end } = await peers(requests);
    const all = received(client);
    const memory = Buffer.alloc(4);
    for (let i = 0; i < 100; i++) {
      memory.writeUInt32LE(i);
      expect(server.lend(memory)).toBe(true);
      expect(server.queuedBytes).toBe(0);
    }
    expect(await flushed(server)).toBeUndefined();
    server.end();
    const bytes = await all;
    expect(bytes.length).toBe(400);
    for (let i = 0; i < 100; i++) expect(bytes.readUInt32LE(i * 4)).toBe(i);
    await end();
  });

  test('wait while the client does not fetch them, and come whole and in order when it does', async () => {
    const { server, client, drains, end } = await peers(requests);
    const long = counted(TOO_MUCH);
    expect(server.write(long.subarray(0, 4))).toBe(true);
    expect(server.lend(long.subarray(4))).toBe(false);
    expect(server.queuedBytes).toBeGreaterThan(0);
    expect(server.write(Buffer.from('later'))).toBe(false);
    expect(server.writev([Buffer.from(' and'), Buffer.from(' last')])).toBe(false);
    let isFlushed = false;
    const gone = flushed(server).then((error) => {
      isFlushed = true;
      return error;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isFlushed).toBe(false);
    server.end();
    const bytes = await received(client);
    expect(await gone).toBeUndefined();
    expect(server.queuedBytes).toBe(0);
    expect(bytes.subarray(0, TOO_MUCH).equals(long)).toBe(true);
    expect(bytes.toString('latin1', TOO_MUCH)).toBe('later and last');
    // After its end nobody wants to write more.
    expect(drains()).toBe(0);
    await end();
  });

  test('go on at once after a long one has left', async () => {
    const { server, client, drains, end } = await peers(requests);
    const all = received(client);
    for (let turn = 1; turn <= 3; turn++) {
      expect(server.write(Buffer.alloc(TOO_MUCH, turn))).toBe(false);
      expect(await flushed(server)).toBeUndefined();
      expect(drains()).toBe(turn);
      expect(server.lend(Buffer.of(0))).toBe(true);
    }
    server.end();
    const bytes = await all;
    expect(bytes.length).toBe(3 * (TOO_MUCH + 1));
    for (let turn = 1; turn <= 3; turn++) {
      expect(bytes[turn * (TOO_MUCH + 1) - 2]).toBe(turn);
      expect(bytes[turn * (TOO_MUCH + 1) - 1]).toBe(0);
    }
    await end();
  });

  test('are not told as sent when the connection ends before', async () => {
    const { server, closed, end } = await peers(requests);
    server.write(Buffer.alloc(TOO_MUCH));
    const gone = flushed(server);
    server.destroy();
    expect(await gone).toBeInstanceOf(Error);
    expect(await closed).toBeUndefined();
    expect(server.write(Buffer.of(1))).toBe(true);
    await end();
  });

  test('end the connection in words when their client is gone', async () => {
    const { server, client, closed, end } = await peers(requests);
    server.write(Buffer.alloc(TOO_MUCH));
    client.destroy();
    expect(await closed).toMatchObject({
      code: 'ECONN',
      message: expect.stringMatching(/^(Connection reset by peer|Broken pipe): 127/),
    });
    expect(server.destroyed).toBe(true);
    await end();
  });
});
