// If these fail, calls hang for ever over a dead peer, or idle connections pile up at the NameNode.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { Simulation } from '../host/sim/index.ts';
import { ClientNamenodeProtocol } from '../wire/messages/client-namenode.ts';
import { RpcClient, rpcProxy } from './client.ts';
import { RpcServer, type RpcServerLimits } from './server.ts';
import { defineService, type Handlers } from './service.ts';

const PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';

function cluster(handlers: Handlers<typeof ClientNamenodeProtocol>, seed = 1, limits?: Partial<RpcServerLimits>) {
  const sim = new Simulation({ seed });
  const nn = sim.node('nn');
  const user = sim.node('user');
  const services = [defineService({ protocol: PROTOCOL, version: 1, methods: ClientNamenodeProtocol, handlers })];
  const serve = async (): Promise<RpcServer> => {
    const server = new RpcServer(nn.host, { name: 'nn', address: { host: '0.0.0.0', port: 8020 }, services, limits });
    await server.start();
    return server;
  };
  const client = new RpcClient(user.host, { address: { host: 'nn', port: 8020 }, protocol: PROTOCOL, user: 'alice' });
  return { sim, nn, user, serve, client, api: rpcProxy(client, ClientNamenodeProtocol) };
}

test('an idle connection is closed by the client after ten seconds, and made anew', async () => {
  const { sim, serve, api, client } = cluster({ getPreferredBlockSize: ({ filename }) => ({ bsize: filename.length }) });
  const server = await sim.run(serve());
  expect((await sim.run(api.getPreferredBlockSize({ filename: 'abc' }))).bsize).toBe(3);
  await sim.advance(5000);
  expect(server.connectionCount).toBe(1);
  await sim.advance(6000);
  expect(server.connectionCount).toBe(0);
  expect((await sim.run(api.getPreferredBlockSize({ filename: 'abcd' }))).bsize).toBe(4);
  expect(server.counters.acceptedConnections).toBe(2);
  client.close();
});

test('a long call is kept alive by pings, and one over a dead peer ends by its time limit', async () => {
  const { sim, nn, serve, api, client } = cluster({
    getPreferredBlockSize: async () => {
      await nn.host.clock.sleep(300_000);
      return { bsize: 1 };
    },
  });
  await sim.run(serve());
  expect((await sim.run(api.getPreferredBlockSize({ filename: 'a' }, { timeoutMs: 0 }))).bsize).toBe(1);
  const call = api.getPreferredBlockSize({ filename: 'a' });
  call.catch(() => undefined);
  await sim.advance(10);
  nn.crash('power');
  await expect(sim.run(call)).rejects.toMatchObject({ code: 'ETIMEDOUT', message: /failed on socket timeout exception/ });
  client.close();
});

test('at the threshold the server closes connections that idle, and no others', async () => {
  const limits = { idleThreshold: 2, maxIdleMs: 20_000 };
  const { sim, user, serve, api } = cluster({ renewLease: () => ({}) }, 1, limits);
  const server = await sim.run(serve());
  const lasting = { address: { host: 'nn', port: 8020 }, protocol: PROTOCOL, user: 'bob', maxIdleMs: 1e9 };
  const others = [1, 2, 3].map(() => new RpcClient(user.host, lasting));
  for (const other of others) await sim.run(other.call(ClientNamenodeProtocol, 'renewLease', { clientName: 'c' }));
  await sim.run(api.renewLease({ clientName: 'c' }));
  expect(server.connectionCount).toBe(4);
  await sim.advance(60_000);
  expect(server.connectionCount).toBe(1);
});

test('a client that takes nothing of its answers is let go after a quarter of an hour, and nobody else', async () => {
  const targetPath = 'x'.repeat(3_000_000);
  const { sim, user, serve, api } = cluster({ getLinkTarget: () => ({ targetPath }), renewLease: () => ({}) });
  const server = await sim.run(serve());
  const lasting = { address: { host: 'nn', port: 8020 }, protocol: PROTOCOL, user: 'bob', maxIdleMs: 1e9 };
  const other = new RpcClient(sim.node('other').host, lasting);
  const ask = () => sim.run(other.call(ClientNamenodeProtocol, 'getLinkTarget', { path: '/l' }));
  expect((await ask()).targetPath).toHaveLength(targetPath.length);
  await sim.run(api.renewLease({ clientName: 'c' }));
  api.getLinkTarget({ path: '/l' }).catch(() => undefined);
  user.pause(3_600_000);
  await sim.advance(14 * 60_000);
  expect(server.connectionCount).toBe(2);
  await sim.advance(2 * 60_000);
  expect(server.connectionCount).toBe(1);
  expect((await ask()).targetPath).toHaveLength(targetPath.length);
  expect(server.counters.acceptedConnections).toBe(2);
  other.close();
});

test('a call repeated through crashes runs under one number; one seed gives one history', async () => {
  const history = async (seed: number): Promise<string> => {
    const seen: string[] = [];
    const { sim, nn, serve, api, client } = cluster(
      {
        mkdirs: async (_request, call) => {
          seen.push(`${call.callId}/${call.retryCount}`);
          await nn.host.clock.sleep(50);
          return { result: true };
        },
      },
      seed,
    );
    await sim.run(serve());
    const retry = (error: HdfsError, tries: number): number | undefined =>
      error.code === 'ECONN' && tries < 10 ? 500 : undefined;
    const call = api.mkdirs({ src: '/a', masked: { perm: 0 }, createParent: true }, { retry });
    await sim.advance(20);
    nn.crash('process');
    await sim.advance(700);
    nn.restart();
    await sim.run(serve());
    expect((await sim.run(call)).result).toBe(true);
    client.close();
    return `${seen.join()} ${sim.hash}`;
  };
  const first = await history(1);
  expect(first).toMatch(/^0\/0,0\/[1-9]/);
  expect(await history(1)).toBe(first);
  expect(new HdfsError('ECONN', 'x').retriable).toBe(true);
});

test('a try that was given up, and is answered late, does not answer for the one that is made after it', async () => {
  let tries = 0;
  const { sim, nn, serve, client, api } = cluster({
    getPreferredBlockSize: () => ({ bsize: 1 }),
    mkdirs: async () => {
      if (++tries > 1) {
        await nn.host.clock.sleep(500);
        return { result: true };
      }
      await nn.host.clock.sleep(1300);
      throw new HdfsError('EINVAL', 'not yet');
    },
  });
  await sim.run(serve());
  const retry = (error: HdfsError): number | undefined => (error.code === 'ETIMEDOUT' ? 100 : undefined);
  const call = api.mkdirs({ src: '/a', masked: { perm: 0 }, createParent: true }, { timeoutMs: 1000, retry });
  // Something else is answered meanwhile: the connection stays.
  await sim.advance(500);
  await sim.run(api.getPreferredBlockSize({ filename: 'a' }));
  expect(await sim.run(call)).toEqual({ result: true });
  expect(tries).toBe(2);
  client.close();
});

test('behind a call that was not answered in time, over a connection that is silent since, the next try has another one', async () => {
  let tries = 0;
  const { sim, nn, serve, client, api } = cluster({
    mkdirs: async () => {
      if (++tries === 1) await nn.host.clock.sleep(60_000);
      return { result: true };
    },
  });
  const server = await sim.run(serve());
  const retry = (error: HdfsError): number | undefined => (error.code === 'ETIMEDOUT' ? 100 : undefined);
  const call = api.mkdirs({ src: '/a', masked: { perm: 0 }, createParent: true }, { timeoutMs: 1000, retry });
  expect(await sim.run(call)).toEqual({ result: true });
  expect(server.counters.acceptedConnections).toBe(2);
  client.close();
});

test('a handler that has read a long request gives its memory back, and the next one comes to lie there', async () => {
  const seen: Uint8Array[] = [];
  let isRead = false;
  const { sim, serve, client, api } = cluster({
    setXAttr: ({ xAttr }, call) => {
      seen.push(xAttr?.value as Uint8Array);
      if (isRead) call.requestRead?.();
      // Twice is as once.
      if (isRead) call.requestRead?.();
      return {};
    },
  });
  await sim.run(serve());
  const send = (mark: number) => {
    const value = Buffer.alloc(1_200_000, mark);
    return sim.run(api.setXAttr({ src: '/a', xAttr: { namespace: 0, name: 'n', value }, flag: 1 }));
  };
  await send(1);
  isRead = true;
  for (const mark of [2, 3, 4]) await send(mark);
  const memory = seen.map(({ buffer }) => buffer);
  expect(memory[1]).not.toBe(memory[0]);
  expect(memory[2]).toBe(memory[1]);
  expect(memory[3]).toBe(memory[1]);
  expect(Buffer.alloc(1_200_000, 1).equals(seen[0] as Uint8Array)).toBe(true);
  expect(Buffer.alloc(1_200_000, 4).equals(seen[3] as Uint8Array)).toBe(true);
  client.close();
});
