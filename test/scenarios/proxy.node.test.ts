// If this fails, the network faults of the scenarios with real processes are not the ones that they say they are, and what
// they prove is worth nothing.
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePorts, sleep } from './processes.ts';
import { CuttingProxy } from './proxy.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An echo behind a proxy, and a connection to it. */
async function start() {
  const [port = 0, behind = 0] = await freePorts(2);
  const accepted: Socket[] = [];
  let received = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket);
    socket.on('data', (bytes) => (received += bytes.length));
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((done) => server.listen(behind, '127.0.0.1', done));
  closers.push(() => new Promise((done) => server.close(done)));
  const proxy = new CuttingProxy({
    name: 'echo',
    listen: { host: '127.0.0.1', port },
    target: { host: '127.0.0.1', port: behind },
  });
  await proxy.start();
  closers.push(() => proxy.close());
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const seen = { text: '', error: undefined as unknown, ended: false };
  client.on('data', (bytes) => (seen.text += String(bytes)));
  client.on('end', () => (seen.ended = true));
  client.on('error', (error) => (seen.error = error));
  await new Promise((done) => client.once('connect', done));
  return { proxy, client, seen, received: () => received };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !condition(); await sleep(5)) {
    if (performance.now() > end) throw new Error('it does not happen');
  }
}

test('it passes on what comes, and the end of it', async () => {
  const { client, seen } = await start();
  client.end('hello');
  await until(() => seen.ended);
  expect(seen.text).toBe('hello');
  expect(seen.error).toBeUndefined();
});

test('it holds one direction while the other passes, and passes it on when it heals', async () => {
  const { proxy, client, seen, received } = await start();
  proxy.hold(['down']);
  client.write('one');
  await until(() => received() === 3);
  await sleep(50);
  expect(seen.text).toBe('');
  proxy.heal();
  await until(() => seen.text === 'one');
  proxy.hold(['up', 'down']);
  client.write('two');
  await sleep(50);
  expect(received()).toBe(3);
  proxy.heal();
  await until(() => seen.text === 'onetwo');
});

test('it delays what passes', async () => {
  const { proxy, client, seen } = await start();
  proxy.delayMs = 80;
  const began = performance.now();
  client.write('late');
  await until(() => seen.text === 'late');
  expect(performance.now() - began).toBeGreaterThan(150);
});

test('it cuts a connection after a certain byte, and resets it', async () => {
  const { proxy, client, seen, received } = await start();
  proxy.cutIn(4);
  client.write('abcdefgh');
  await until(() => seen.error !== undefined || client.destroyed);
  await sleep(20);
  expect(received()).toBe(4);
});

test('it resets what is connected, and takes new connections', async () => {
  const { proxy, client, seen } = await start();
  client.write('x');
  await until(() => seen.text === 'x');
  proxy.reset();
  await until(() => client.destroyed);
  expect((seen.error as NodeJS.ErrnoException | undefined)?.code).toBe('ECONNRESET');
});
