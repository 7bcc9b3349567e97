// If these fail, clients of every kind lose calls, get answers before they are durable, or bring the server down.
import { afterEach, describe, expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import type { Connection } from '../host/host.ts';
import { nodeHost } from '../host/node/index.ts';
import { ClientNamenodeProtocol } from '../wire/messages/client-namenode.ts';
import { ProtocolInfoService } from '../wire/messages/ipc.ts';
import { RpcClient, rpcProxy } from './client.ts';
import { methodFingerprint, PROTOCOL_INFO } from './protocol-info.ts';
import { RpcServer, type RpcServerOptions } from './server.ts';
import { defineService, type Handlers, type ReplyGate, type RpcCall } from './service.ts';

const host = nodeHost({ logLevel: 'silent' });
const CLIENT_PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(
  handlers: Handlers<typeof ClientNamenodeProtocol>,
  options: Partial<RpcServerOptions> = {},
): Promise<RpcServer> {
  const server = new RpcServer(host, {
    name: 'test',
    address: { host: '127.0.0.1', port: 0 },
    services: [
      defineService({
        protocol: CLIENT_PROTOCOL,
        version: 1,
        methods: ClientNamenodeProtocol,
        handlers,
        refused: { createSymlink: 'symlinks are not supported' },
      }),
    ],
    ...options,
  });
  await server.start();
  closers.push(() => server.close());
  return server;
}

function clientOf(server: RpcServer, options: Partial<ConstructorParameters<typeof RpcClient>[1]> = {}): RpcClient {
  const client = new RpcClient(host, { address: server.address, protocol: CLIENT_PROTOCOL, user: 'alice', ...options });
  closers.push(() => client.close());
  return client;
}

describe('calls', () => {
  test('carry user, ids and context; answers come in any order; many at once', async () => {
    const seen: RpcCall[] = [];
    const server = await serve({
      async mkdirs({ src }, call) {
        seen.push(call);
        if (src === '/slow') await host.clock.sleep(20);
        return { result: src !== '/no' };
      },
      getPreferredBlockSize: ({ filename }) => ({ bsize: filename.length }),
    });
    const client = clientOf(server);
    const api = rpcProxy(client, ClientNamenodeProtocol);
    const order: string[] = [];
    const masked = { perm: 0o755 };
    const slow = api.mkdirs({ src: '/slow', masked, createParent: true }).then(() => order.push('slow'));
    const fast = api
      .mkdirs({ src: '/no', masked, createParent: true }, { callerContext: { context: 'job' }, retryCount: 3, callId: 77 })
      .then((r) => order.push(String(r.result)));
    await Promise.all([slow, fast]);
    expect(order).toEqual(['false', 'slow']);
    expect(seen.map((c) => [c.user, c.method, c.callId, c.retryCount, c.callerContext?.context])).toEqual([
      ['alice', 'mkdirs', 0, 0, undefined],
      ['alice', 'mkdirs', 77, 3, 'job'],
    ]);
    expect(Buffer.from(seen[0]?.clientId ?? []).equals(Buffer.from(client.clientId))).toBe(true);
    const sizes = await Promise.all(
      Array.from({ length: 3000 }, (_, i) => api.getPreferredBlockSize({ filename: 'x'.repeat(i % 50) })),
    );
    expect(sizes.every((size, i) => size.bsize === i % 50)).toBe(true);
    expect(server.connectionCount).toBe(1);
  });

  test('errors keep class and message, and the connection lives on', async () => {
    const server = await serve({
      delete() {
        throw new HdfsError('ESAFEMODE', 'Cannot delete /x. Name node is in safe mode.');
      },
      fsync: () => Promise.reject(new TypeError('ours')),
      getPreferredBlockSize: () => ({ bsize: 1 }),
      mkdirs: () => undefined as never,
    });
    const client = clientOf(server);
    const api = rpcProxy(client, ClientNamenodeProtocol);
    await expect(api.delete({ src: '/x', recursive: true })).rejects.toMatchObject({ code: 'ESAFEMODE', message: /safe mode/ });
    await expect(api.fsync({ src: '/x', client: 'c' })).rejects.toMatchObject({ code: 'EIO', message: 'ours' });
    await expect(api.mkdirs({ src: '/', masked: { perm: 0 }, createParent: false })).rejects.toMatchObject({ code: 'EIO' });
    await expect(
      api.createSymlink({ target: 'a', link: 'b', dirPerm: { perm: 0 }, createParent: false }),
    ).rejects.toMatchObject({
      code: 'ENOMETHOD',
      message: /symlinks are not supported/,
    });
    await expect(api.getLinkTarget({ path: '/x' })).rejects.toMatchObject({
      code: 'ENOMETHOD',
      message: `Unknown method getLinkTarget called on ${CLIENT_PROTOCOL} protocol.`,
    });
    const other = clientOf(server, { version: 2 });
    await expect(other.call(ClientNamenodeProtocol, 'fsync', { src: '/x', client: 'c' })).rejects.toMatchObject({
      code: 'EVERSION',
      message: `Protocol ${CLIENT_PROTOCOL} version mismatch. (client = 2, server = 1)`,
    });
    const stranger = clientOf(server, { protocol: 'no.such.Protocol' });
    await expect(stranger.call(ClientNamenodeProtocol, 'fsync', { src: '/x', client: 'c' })).rejects.toMatchObject({
      code: 'ENOPROTOCOL',
      message: 'Unknown protocol: no.such.Protocol',
    });
    expect((await api.getPreferredBlockSize({ filename: 'x' })).bsize).toBe(1);
    expect(server.counters.acceptedConnections).toBe(3);
  });

  test('an answer waits until its transaction is durable; one that cannot become so is never given', async () => {
    const waiting: { txid: number; fn: (error?: Error) => void }[] = [];
    let durable = 0;
    const gate: ReplyGate = {
      isDurable: (txid) => txid <= durable,
      whenDurable: (txid, fn) => void waiting.push({ txid, fn }),
    };
    let size = 0;
    const server = await serve(
      {
        getPreferredBlockSize({ filename }, call) {
          if (filename === 'read') return { bsize: 0 };
          call.afterTxid = ++size;
          if (filename === 'refused') throw new HdfsError('ENOENT', 'gone with the second');
          return { bsize: size };
        },
      },
      { gate },
    );
    const api = rpcProxy(clientOf(server), ClientNamenodeProtocol);
    const ask = (filename: string) => api.getPreferredBlockSize({ filename }).then((r) => r.bsize);
    const answers: number[] = [];
    const note = (size: number): void => void answers.push(size);
    // Sent together, and each kind behind the other one: what may leave at once does so.
    const reads = [ask('read')];
    const first = ask('a').then(note);
    reads.push(ask('read'));
    const refused = ask('refused');
    refused.catch(() => undefined);
    const second = ask('b').then(note);
    reads.push(ask('read'));
    expect(await Promise.all(reads)).toEqual([0, 0, 0]);
    await expect.poll(() => server.callsInFlight).toBe(3);
    const later = ask('c');
    later.catch(() => undefined);
    await expect.poll(() => server.callsInFlight).toBe(4);
    expect(answers).toEqual([]);
    durable = 3;
    const isLate = ({ txid }: { txid: number }): boolean => txid > durable;
    const late = waiting.filter(isLate);
    expect(late).toHaveLength(1);
    for (const { fn } of waiting.filter((waiter) => !isLate(waiter))) fn();
    await Promise.all([first, second]);
    expect(answers).toEqual([1, 3]);
    await expect(refused).rejects.toMatchObject({ code: 'ENOENT', message: 'gone with the second' });
    late[0]?.fn(new Error('disk full'));
    await expect(later).rejects.toMatchObject({ code: 'ECONN' });
    await expect.poll(() => server.callsInFlight).toBe(0);
  });

  test('time out, can be aborted, and are tried again under the same number as the policy says', async () => {
    const tries: [number, number][] = [];
    const server = await serve({
      getPreferredBlockSize: () => new Promise(() => undefined),
      renewLease(_request, call) {
        tries.push([call.callId, call.retryCount]);
        if (tries.length < 3) throw new HdfsError('ERETRY', 'busy');
        return {};
      },
    });
    const api = rpcProxy(clientOf(server), ClientNamenodeProtocol);
    await expect(api.getPreferredBlockSize({ filename: 'a' }, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const controller = new AbortController();
    const call = api.getPreferredBlockSize({ filename: 'a' }, { signal: controller.signal });
    host.clock.defer(() => controller.abort(new Error('stop')));
    await expect(call).rejects.toThrow('stop');
    await api.renewLease({ clientName: 'c' }, { retry: (error, made) => (error.retriable && made < 5 ? 1 : undefined) });
    expect(tries.map(([, count]) => count)).toEqual([0, 1, 2]);
    expect(new Set(tries.map(([id]) => id)).size).toBe(1);
  });

  test('a refused connection is told as Hadoop tells it, and a restarted server is found again', async () => {
    const server = await serve({ getPreferredBlockSize: () => ({ bsize: 5 }) });
    const { address } = server;
    const client = clientOf(server);
    const api = rpcProxy(client, ClientNamenodeProtocol);
    expect((await api.getPreferredBlockSize({ filename: 'a' })).bsize).toBe(5);
    await server.close();
    await expect(api.getPreferredBlockSize({ filename: 'a' }, { retry: (_e, n) => (n < 2 ? 1 : undefined) })).rejects.toThrow(
      new RegExp(
        `^Call From \\S+ to 127.0.0.1:${address.port} failed on connection exception: java.net.ConnectException: Connection refused; For more details see: {2}http://wiki.apache.org/hadoop/ConnectionRefused$`,
      ),
    );
    await serve({ getPreferredBlockSize: () => ({ bsize: 6 }) }, { address });
    expect((await api.getPreferredBlockSize({ filename: 'a' })).bsize).toBe(6);
  });
});

test('the server tells its protocols and the fingerprints of their methods', async () => {
  const server = await serve({});
  const client = new RpcClient(host, { address: server.address, protocol: PROTOCOL_INFO, user: 'alice' });
  closers.push(() => client.close());
  const api = rpcProxy(client, ProtocolInfoService);
  const versions = await api.getProtocolVersions({ protocol: CLIENT_PROTOCOL });
  expect(versions.protocolVersions.map((v) => [v.rpcKind, ...v.versions])).toEqual([
    ['RPC_BUILTIN'],
    ['RPC_WRITABLE'],
    ['RPC_PROTOCOL_BUFFER', 1],
  ]);
  await expect(api.getProtocolVersions({ protocol: 'x' })).rejects.toMatchObject({
    remoteClass: 'java.lang.ClassNotFoundException',
  });
  // As Java computes it: "a".hashCode() = 97, and so on.
  expect(methodFingerprint('a', 'b', 'c')).toBe(
    Math.imul(31, Math.imul(31, 97 + 31 * 98) ^ javaHash('org.apache.hadoop.thirdparty.protobuf.RpcController')) ^ 99,
  );
});

const javaHash = (s: string): number => [...s].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) | 0, 0);

test('long requests come whole between short ones, whether the memory of one serves the next or not', async () => {
  const bytesOf = (mark: number, length: number): Buffer => {
    const value = Buffer.alloc(length, mark);
    for (let at = 0; at + 4 <= length; at += 4096) value.writeUInt32LE(at + mark, at);
    return value;
  };
  const seen: string[] = [];
  const server = await serve({
    getPreferredBlockSize: ({ filename }) => ({ bsize: filename.length }),
    async setXAttr({ src, xAttr }, call) {
      const value = xAttr?.value ?? new Uint8Array(0);
      await host.clock.sleep(5);
      const isWhole = bytesOf(Number(src.slice(1)), value.length).equals(value);
      seen.push(`${src} ${value.length} ${isWhole}`);
      call.requestRead?.();
      return {};
    },
  });
  const expected: string[] = [];
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      [1, 2, 3].map(async (mark) => {
        const api = rpcProxy(clientOf(server), ClientNamenodeProtocol);
        const length = 1_000_000 * mark + 1_500_000 + round;
        const value = bytesOf(mark, length);
        expected.push(`/${mark} ${length} true`);
        const long = api.setXAttr({ src: `/${mark}`, xAttr: { namespace: 0, name: 'n', value }, flag: 1 });
        const short = api.getPreferredBlockSize({ filename: 'abc' });
        expect((await short).bsize).toBe(3);
        await long;
      }),
    );
  }
  expect(seen.sort()).toEqual(expected.sort());
});

describe('bounds', () => {
  test('a client that does not fetch its answers is not read further, and loses nothing', async () => {
    const big = 'x'.repeat(200_000);
    let handled = 0;
    const server = await serve(
      {
        getLinkTarget: () => {
          handled++;
          return { targetPath: big };
        },
      },
      { limits: { maxQueuedBytes: 1_000_000 } },
    );
    let socket: Connection | undefined;
    const slow = {
      ...host,
      net: {
        ...host.net,
        connect: async (options: Parameters<typeof host.net.connect>[0]) => {
          socket = await host.net.connect(options);
          return socket;
        },
      },
    };
    const client = new RpcClient(slow, { address: server.address, protocol: CLIENT_PROTOCOL, user: 'alice' });
    closers.push(() => client.close());
    await expect(client.call(ClientNamenodeProtocol, 'getLinkTarget', { path: '/' })).resolves.toMatchObject({
      targetPath: big,
    });
    socket?.pause();
    const calls = Array.from({ length: 200 }, () => client.call(ClientNamenodeProtocol, 'getLinkTarget', { path: '/' }));
    await host.clock.sleep(100);
    expect(handled).toBeLessThan(150);
    socket?.resume();
    expect((await Promise.all(calls)).every((r) => r.targetPath === big)).toBe(true);
  });

  test('calls in flight of one connection are bounded; the rest waits its turn', async () => {
    let running = 0;
    let most = 0;
    const server = await serve(
      {
        async renewLease() {
          most = Math.max(most, ++running);
          await host.clock.sleep(2);
          running--;
          return {};
        },
      },
      { limits: { maxCallsInFlight: 10 } },
    );
    const api = rpcProxy(clientOf(server), ClientNamenodeProtocol);
    await Promise.all(Array.from({ length: 95 }, () => api.renewLease({ clientName: 'c' })));
    expect(most).toBe(10);
  });

  test('connections above the bound are dropped; nobody acts for another unasked', async () => {
    const server = await serve({ renewLease: () => ({}) }, { limits: { maxConnections: 1 } });
    const imposter = clientOf(server, { user: 'alice', realUser: 'mallory' });
    await expect(imposter.call(ClientNamenodeProtocol, 'renewLease', { clientName: 'c' })).rejects.toMatchObject({
      code: 'EAUTHORIZE',
      message: 'User: mallory is not allowed to impersonate alice',
    });
    await expect.poll(() => server.connectionCount).toBe(0);
    await clientOf(server).call(ClientNamenodeProtocol, 'renewLease', { clientName: 'c' });
    await expect(clientOf(server).call(ClientNamenodeProtocol, 'renewLease', { clientName: 'c' })).rejects.toMatchObject({
      code: 'ECONN',
    });
    expect(server.counters.droppedConnections).toBe(1);
  });

  async function talk(server: RpcServer, bytes: Uint8Array): Promise<Buffer> {
    const socket = await host.net.connect(server.address);
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      socket.start({
        onData: (chunk) => void chunks.push(chunk),
        onEnd: () => socket.end(),
        onClose: () => resolve(Buffer.concat(chunks)),
      });
      socket.write(bytes);
    });
  }

  test('browsers, old clients and noise are answered and cut off', async () => {
    const server = await serve({});
    expect((await talk(server, Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toString()).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
    expect((await talk(server, Buffer.from('hrpc\x08\x00\x00'))).toString()).toContain(
      'Server IPC version 9 cannot communicate with client version 8',
    );
    expect((await talk(server, Buffer.from('hrpc\x0a\x00\x00'))).toString()).toContain('RPC$VersionMismatch');
    expect(await talk(server, Buffer.from('hrpc\x09\x00\x00\xff\xff\xff\xff', 'latin1'))).toHaveLength(0);
    expect((await talk(server, Buffer.from('hrpc\x09\x00\x00\x00\x00\x00\x02\x01\x00', 'latin1'))).toString()).toContain(
      'Error decoding RpcRequestHeaderProto',
    );
    await expect.poll(() => server.connectionCount).toBe(0);
  });

  test('connections that stay silent are closed', async () => {
    const server = await serve({}, { limits: { idleScanIntervalMs: 5, handshakeTimeoutMs: 1 } });
    expect(await talk(server, Buffer.from('hrpc'))).toHaveLength(0);
  });
});
