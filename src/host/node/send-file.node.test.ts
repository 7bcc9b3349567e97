// If these fail, readers of blocks get bytes twice, in the wrong place or not at all, or others' connections get them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection, DiskFile, FileSender, Log } from '../host.ts';
import { directWrites } from './direct-write.ts';
import { nodeDisk } from './disk.ts';
import { nodeNet } from './net.ts';
import { fileSending } from './send-file.ts';
import { hasKernelLibrary, pairOf, received } from './test-connection.ts';

const silent: Log = { log: () => undefined };
/** More than the kernel takes for a peer that does not read. */
const FILE_BYTES = 24 * 1024 * 1024;

let root: string;
let content: Buffer;
let file: DiskFile;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tuskfs-send-'));
  content = Buffer.allocUnsafe(FILE_BYTES);
  for (let at = 0; at < FILE_BYTES; at += 4) content.writeUInt32LE(at, at);
  writeFileSync(join(root, 'file'), content);
  file = await nodeDisk.open(join(root, 'file'), 'r');
});

afterAll(async () => {
  await file.close();
  rmSync(root, { recursive: true });
});

interface Peers {
  readonly server: Connection;
  readonly client: Connection;
  readonly sender: FileSender;
  readonly end: () => Promise<void>;
}

async function peers(requests: typeof directWrites): Promise<Peers> {
  const { listener, client, server } = await pairOf(nodeNet(silent, requests));
  server.start({ onData: () => undefined, onEnd: () => undefined, onClose: () => undefined });
  const sender = await server.fileSender?.();
  if (sender === undefined) throw new Error('there is no sender');
  return {
    server,
    client,
    sender,
    end: async () => {
      sender.close();
      server.destroy();
      client.destroy();
      await listener.close();
    },
  };
}

const send = (sender: FileSender, position: number, length: number): Promise<number> =>
  file.sendTo?.(sender, position, length) ?? Promise.reject(new Error('files are not sent'));

async function sendAll(sender: FileSender, position: number, length: number): Promise<void> {
  for (let done = 0; done < length; ) done += await send(sender, position + done, length - done);
}

test.runIf(hasKernelLibrary)('the kernel sends files in this Node', async () => {
  expect(await fileSending()).toBeDefined();
});

test('without the library there is no sender, and nothing breaks', async () => {
  const net = nodeNet(silent, directWrites, () => Promise.resolve(undefined));
  const listener = await net.listen({ host: '127.0.0.1', port: 0 }, (connection) => connection.destroy());
  const client = await net.connect({ host: '127.0.0.1', port: listener.address.port });
  expect(await client.fileSender?.()).toBeUndefined();
  client.destroy();
  await listener.close();
});

describe.runIf(hasKernelLibrary).each([
  ['past the stream', directWrites],
  ['by the stream', () => Promise.resolve(undefined)],
])('files between what is written %s', (_name, requests) => {
  test('come in order, from where they were asked for', async () => {
    const { server, client, sender, end } = await peers(requests);
    const all = received(client);
    const flushed = (): Promise<unknown> => new Promise((resolve) => server.flushed(resolve));
    const expected: Buffer[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const [position, length] = [turn * 99_991, 1 + turn * 7919];
      server.write(Buffer.from(`turn ${turn}`));
      await flushed();
      await sendAll(sender, position, length);
      expected.push(Buffer.from(`turn ${turn}`), content.subarray(position, position + length));
    }
    server.end();
    expect((await all).equals(Buffer.concat(expected))).toBe(true);
    await end();
  });

  test('are not waited for while their reader does not fetch them', async () => {
    const { server, client, sender, end } = await peers(requests);
    let sent = 0;
    for (let took = -1; took !== 0; sent += took) took = await send(sender, sent, FILE_BYTES - sent);
    expect(sent).toBeLessThan(FILE_BYTES);
    // What is written now waits for room, and behind it there is some for the file.
    server.write(content.subarray(sent, sent + 1000));
    const rest = new Promise((resolve) => server.flushed(resolve));
    const all = received(client);
    await rest;
    await sendAll(sender, sent + 1000, FILE_BYTES - sent - 1000);
    server.end();
    expect((await all).equals(content)).toBe(true);
    await end();
  });

  test('end where they end', async () => {
    const { sender, end } = await peers(requests);
    expect(await send(sender, FILE_BYTES - 10, 100)).toBe(10);
    expect(await send(sender, FILE_BYTES, 100)).toBe(0);
    expect(await send(sender, 2 ** 40 + 1, 100)).toBe(0);
    await end();
  });

  test('go nowhere once the connection is closed, nor to who has its number next', async () => {
    const { server, client, sender, end } = await peers(requests);
    const closed = new Promise((resolve) =>
      client.start({ onData: () => undefined, onEnd: () => undefined, onClose: resolve }),
    );
    server.destroy();
    client.destroy();
    await closed;
    const others = await peers(requests);
    const all = received(others.client);
    expect(await server.fileSender?.()).toBeUndefined();
    for (let took = -1; took !== 0; ) took = await send(sender, 0, 1000);
    others.server.end();
    expect((await all).length).toBe(0);
    await others.end();
    await end();
  });
});
