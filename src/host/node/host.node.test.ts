// If these fail, servers on a real machine lose bytes, hang on a slow peer, or run twice over one storage directory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection, Listener } from '../host.ts';
import { nodeHost } from './index.ts';
import { lockFile, nativeLocks } from './lock.ts';
import { slabsWork } from './slab.ts';
import { hasKernelLibrary } from './test-connection.ts';

const host = nodeHost({ logLevel: 'silent' });
let root = '';
beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'tuskfs-host-'));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

async function pair(slabBytes?: number): Promise<{ listener: Listener; server: Connection; client: Connection }> {
  let accept: (connection: Connection) => void = () => undefined;
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  const listener = await host.net.listen({ host: '127.0.0.1', port: 0, slabBytes }, (connection) => accept(connection));
  const client = await host.net.connect({ host: '127.0.0.1', port: listener.address.port, slabBytes });
  return { listener, server: await accepted, client };
}

function collect(connection: Connection): { bytes: () => Buffer; ended: Promise<void>; closed: Promise<Error | undefined> } {
  const chunks: Buffer[] = [];
  let end: () => void = () => undefined;
  let close: (error?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const closed = new Promise<Error | undefined>((resolve) => {
    close = resolve;
  });
  connection.start({ onData: (chunk) => void chunks.push(Buffer.from(chunk)), onEnd: () => end(), onClose: (e) => close(e) });
  return { bytes: () => Buffer.concat(chunks), ended, closed };
}

describe.each([
  ['plain reads', undefined],
  ['slabs', 32 * 1024],
])('a connection with %s', (_name, slabBytes) => {
  test('slabs work in this Node', async () => {
    expect(await slabsWork()).toBe(true);
  });

  test.skipIf(!hasKernelLibrary)(
    'tells of the bytes that are wanted together, of the rest when it is asked for, and of the end',
    async () => {
      const { listener, server, client } = await pair(slabBytes);
      const chunks: string[] = [];
      let ended = (): void => undefined;
      const end = new Promise<void>((resolve) => (ended = resolve));
      server.start({ onData: (chunk) => void chunks.push(chunk.toString()), onEnd: () => ended(), onClose: () => undefined });
      server.tellFrom?.(4);
      const send = async (text: string): Promise<void> => {
        client.write(Buffer.from(text));
        await new Promise((resolve) => setTimeout(resolve, 50));
      };
      await send('abc');
      expect(chunks).toEqual([]);
      await send('de');
      expect(chunks).toEqual(['abcde']);
      await send('fgh');
      expect(chunks).toEqual(['abcde']);
      server.tellFrom?.(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(chunks).toEqual(['abcde', 'fgh']);
      server.tellFrom?.(4);
      await send('ijk');
      client.end();
      await end;
      expect(chunks.join('')).toBe('abcdefghijk');
      server.destroy();
      client.destroy();
      await listener.close();
    },
  );

  test('carries bytes both ways, keeps half-open order, closes without error', async () => {
    const { listener, server, client } = await pair(slabBytes);
    const atServer = collect(server);
    const atClient = collect(client);
    const sent = host.random.bytes(3_000_000);
    client.write(sent.subarray(0, 10));
    client.writev([sent.subarray(10, 20), sent.subarray(20, 2_000_000), sent.subarray(2_000_000)]);
    client.end();
    await atServer.ended;
    expect(atServer.bytes().equals(sent)).toBe(true);
    server.writev([Buffer.from('an'), Buffer.from('swer')]);
    await new Promise<void>((resolve) => server.flushed(() => resolve()));
    server.end();
    await atClient.ended;
    expect(atClient.bytes().toString()).toBe('answer');
    expect(await atServer.closed).toBeUndefined();
    expect(await atClient.closed).toBeUndefined();
    await listener.close();
  });

  test('nothing is read before start or while paused, and a writer feels it', async () => {
    const { listener, server, client } = await pair(slabBytes);
    let full = false;
    let drained = 0;
    client.start({ onData: () => undefined, onEnd: () => undefined, onClose: () => undefined, onDrain: () => drained++ });
    const chunk = Buffer.alloc(256 * 1024, 7);
    let written = 0;
    for (let i = 0; i < 200 && !full; i++) {
      full = !client.write(chunk);
      written += chunk.length;
      await host.clock.sleep(1);
    }
    expect(full).toBe(true);
    expect(client.queuedBytes).toBeGreaterThan(256 * 1024);
    let received = 0;
    await new Promise<void>((resolve) => {
      let paused = false;
      server.start({
        onData(data) {
          expect(paused).toBe(false);
          received += data.length;
          if (received === written) resolve();
          else {
            paused = true;
            server.pause();
            host.clock.defer(() => {
              paused = false;
              server.resume();
            });
          }
        },
        onEnd: () => undefined,
        onClose: () => undefined,
      });
    });
    expect(drained).toBe(1);
    client.destroy();
    server.destroy();
    await listener.close();
  });

  test('a reset peer is an error in words', async () => {
    const { listener, server, client } = await pair(slabBytes);
    const atServer = collect(server);
    client.start({ onData: () => undefined, onEnd: () => undefined, onClose: () => undefined });
    server.write(Buffer.alloc(100));
    client.destroy();
    server.write(Buffer.alloc(1_000_000));
    const error = await Promise.race([atServer.closed, atServer.ended.then(() => 'ended')]);
    expect(error === 'ended' || error instanceof Error).toBe(true);
    server.destroy();
    await listener.close();
  });
});

test('refused connections, taken ports and timeouts are told clearly', async () => {
  const listener = await host.net.listen({ host: '127.0.0.1', port: 0 }, (c) => c.destroy());
  const { port } = listener.address;
  await expect(host.net.listen({ host: '127.0.0.1', port }, () => undefined)).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: `cannot listen on 127.0.0.1:${port}: the port is already in use`,
  });
  await listener.close();
  await expect(host.net.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'ECONN',
    message: `Connection refused: 127.0.0.1:${port}`,
  });
  const again = await host.net.listen({ host: '127.0.0.1', port }, (c) => c.destroy());
  await again.close();
});

test('files: positions, vectors, atomic replacement, sorted names', async () => {
  const { disk } = host;
  const file = await disk.open(path.join(root, 'f'), 'w');
  await file.write(Buffer.from('hello'), 3);
  file.writevSync(
    Array.from({ length: 3000 }, (_, i) => Buffer.from([i & 0xff])),
    10,
  );
  await file.datasync();
  const back = Buffer.alloc(5);
  expect(await file.read(back, 0, 5, 3)).toBe(5);
  expect(back.toString()).toBe('hello');
  expect(file.readSync(back, 0, 1, 10 + 2999)).toBe(1);
  expect(back[0]).toBe(2999 & 0xff);
  await file.truncate(4);
  expect((await file.stat()).size).toBe(4);
  await file.close();
  await disk.writeFileAtomic(path.join(root, 'é'), 'one');
  await disk.writeFileAtomic(path.join(root, 'é'), 'two');
  expect((await disk.readFile(path.join(root, 'é'))).toString()).toBe('two');
  await disk.mkdir(path.join(root, 'z/y'));
  expect(await disk.readdir(root)).toEqual(['f', 'z', 'é']);
  await expect(disk.open(path.join(root, 'none'), 'r')).rejects.toMatchObject({ name: 'DiskError', code: 'ENOENT' });
  expect(() => disk.openSync(path.join(root, 'f'), 'wx')).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  expect(await disk.exists(path.join(root, 'f/below'))).toBe(false);
  await disk.syncDirectory(root);
  const volume = await disk.volume(root);
  expect(volume.capacity).toBeGreaterThanOrEqual(volume.available);
});

test.each([
  ['the native library', nativeLocks()],
  ['what Node has', false],
] as const)('a storage directory has one owner, by %s; the lock of a dead one is taken over', async (_, native) => {
  // Where the library has a build it must load: without it nothing stops a Java daemon that starts after ours.
  if (process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)) expect(nativeLocks()).not.toBe(false);
  const file = path.join(root, 'in_use.lock');
  fs.writeFileSync(file, `${2 ** 22 + 5}@${host.machine.hostName}\n`);
  const lock = await lockFile(file, native);
  expect(fs.readFileSync(file, 'utf8')).toBe(`${process.pid}@${host.machine.hostName}\n`);
  await expect(lockFile(file, native)).rejects.toMatchObject({ code: 'EBUSY' });
  await lock.release();
  expect(fs.existsSync(file)).toBe(false);
  await (await lockFile(file, native)).release();
});

test('without the native library a living process that has the lock file open is its owner', async () => {
  const file = path.join(root, 'in_use.lock');
  // As an owner in another network namespace, whose socket is not seen.
  const holder = spawn('sh', ['-c', `exec 3>"$0"; echo "$$@${host.machine.hostName}" >&3; echo ready; read line`, file]);
  await once(holder.stdout, 'data');
  await expect(lockFile(file, false)).rejects.toMatchObject({ code: 'EBUSY' });
  holder.kill('SIGKILL');
  await once(holder, 'close');
  await (await lockFile(file, false)).release();
});

test('HTTP carries bodies both ways, refuses clearly, answers a failed handler with 500', async () => {
  const server = await host.http.listen({ host: '127.0.0.1', port: 0 }, async (request) => {
    if (request.path === '/fail') throw new Error('broken');
    if (request.path === '/echo') return { status: 200, body: request.body };
    return { status: 200, headers: { 'X-Query': request.query.get('a') ?? '' }, body: `${request.method} ${request.path}` };
  });
  const base = `http://127.0.0.1:${server.address.port}`;
  const read = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const plain = await host.http.request(`${base}/x%2Fy?a=b%20c`);
  expect([plain.status, plain.headers['x-query'], (await read(plain.body)).toString()]).toEqual([200, 'b c', 'GET /x%2Fy']);
  const big = host.random.bytes(2_000_000);
  const echoed = await host.http.request(`${base}/echo`, { method: 'PUT', body: big });
  expect((await read(echoed.body)).equals(big)).toBe(true);
  const unread = await host.http.request(`${base}/skip`, { method: 'PUT', headers: { Expect: '100-continue' }, body: 'x' });
  expect((await read(unread.body)).toString()).toBe('PUT /skip');
  expect((await host.http.request(`${base}/fail`)).status).toBe(500);
  await server.close();
  await expect(host.http.request(base)).rejects.toMatchObject({ code: 'ECONN' });
});

test('an idle HTTP connection ends after the time that is set', async () => {
  const server = await host.http.listen({ host: '127.0.0.1', port: 0 }, () => ({ status: 200, body: 'x' }), {
    keepAliveMs: 50,
  });
  const began = performance.now();
  const socket = net.connect(server.address.port, '127.0.0.1');
  socket.resume();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'end');
  // The default is a minute.
  expect(performance.now() - began).toBeLessThan(30_000);
  await server.close();
});

test('long timers do not fire at once, periodic ones keep going, sleep can be aborted', async () => {
  let fired = false;
  const long = host.clock.setTimer(2 ** 31 + 1000, () => {
    fired = true;
  });
  let runs = 0;
  await new Promise<void>((resolve) => {
    const timer = host.clock.setPeriodic(2, () => {
      if (++runs < 3) return;
      timer.cancel();
      resolve();
    });
  });
  expect(fired).toBe(false);
  long.cancel();
  const controller = new AbortController();
  const sleeping = host.clock.sleep(1_000_000, controller.signal);
  controller.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
});

test('the memory that new objects took once is given back', async () => {
  const forNew = (): number =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.physical_space_size ?? 0;
  const MANY = 2 ** 23;
  const recent: object[] = [];
  // Tests before this one may have left as much.
  let made = 0;
  do recent[made % 50_000] = { made };
  while (++made < 50_000 || forNew() < MANY);
  await host.machine.releaseMemory();
  expect(forNew()).toBeLessThan(MANY / 2);
  expect(recent.length).toBe(50_000);
});
