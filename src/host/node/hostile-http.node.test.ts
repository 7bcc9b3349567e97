// If this failed, a client that sends slowly, too much or without end, or that never reads, could take a daemon's memory or all
// of its connections.
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpResponse, HttpServer, Log } from '../host.ts';
import { nodeHttp } from './http.ts';

const MIB = 1024 * 1024;
const MAX_CONNECTIONS = 20;
const SILENT: Log = { log: () => undefined };

const state = { produced: 0, ended: 0 };
const ANSWER_BYTES = 8 * MIB;
/** How the bodies of requests ended. */
const bodies: string[] = [];
/** Of requests that keep the thread busy: how many are under way, and in which turn of the event loop each began. */
const busy = { now: 0, most: 0, turns: [] as number[] };
let turn = 0;
let server: HttpServer;

async function* endless(): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      state.produced += MIB;
      yield Buffer.alloc(MIB);
    }
  } finally {
    state.ended++;
  }
}

async function* slow(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < ANSWER_BYTES; sent += MIB) {
    await new Promise((done) => setTimeout(done, 20));
    yield Buffer.alloc(MIB, 'a');
  }
}

async function taken(body: AsyncIterable<Uint8Array>): Promise<HttpResponse> {
  let bytes = 0;
  try {
    for await (const chunk of body) bytes += chunk.length;
    bodies.push(`whole ${bytes}`);
  } catch {
    bodies.push(`broken ${bytes}`);
  }
  return { status: 201, body: '' };
}

async function busyAnswer(): Promise<HttpResponse> {
  busy.most = Math.max(busy.most, ++busy.now);
  busy.turns.push(turn);
  for (const end = performance.now() + 10; performance.now() < end; );
  await Promise.resolve();
  busy.now--;
  return { status: 200, body: 'x' };
}

beforeAll(async () => {
  const http = nodeHttp(SILENT, {
    maxConnections: MAX_CONNECTIONS,
    headersTimeoutMs: 300,
    checkMs: 50,
    silenceTimeoutMs: 1000,
  });
  server = await http.listen({ host: '127.0.0.1', port: 0 }, ({ path, query, body }) => {
    if (path === '/busy') return busyAnswer();
    if (path === '/taken') return taken(body);
    if (path === '/slow') {
      return { status: 200, headers: { 'Content-Length': String(ANSWER_BYTES) }, body: slow() };
    }
    if (path === '/echo') return { status: 200, body: query.toString() };
    if (path === '/' && query.has('root')) return { status: 200, body: 'root' };
    return path === '/endless' ? { status: 200, body: endless() } : { status: 403, body: 'no' };
  });
});
afterAll(() => server.close());

const opened = (): Socket => connect(server.address.port, '127.0.0.1').on('error', () => undefined);

const closed = (socket: Socket): Promise<void> =>
  socket.closed ? Promise.resolve() : new Promise((done) => socket.once('close', () => done()));

/** What comes back until the server ends the connection; `drive` sends. */
async function answerTo(drive: (socket: Socket) => void): Promise<string> {
  const socket = opened();
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  drive(socket);
  await closed(socket);
  return answer;
}

test('headers without end are cut off', async () => {
  const answer = await answerTo((socket) => socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}`));
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
});

test('what could be read in two ways is refused, and a fragment is passed over', async () => {
  const told = (line: string) => answerTo((socket) => socket.write(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`));
  expect(await told('GET /%zz HTTP/1.1')).toMatch(/^HTTP\/1\.1 400 [\s\S]*Unable to parse URI path/);
  expect(await told('GET /%C0%AF HTTP/1.1')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await told('GET /echo?a=%f HTTP/1.1')).toMatch(/^HTTP\/1\.1 400 [\s\S]*Unable to parse URI query/);
  expect(await told('GET /echo HTTP/2.0')).toMatch(/^HTTP\/1\.1 505 /);
  expect(await told('GET /echo?a=1#b?c HTTP/1.1')).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\na=1$/);
});

test('a target that names the server, as proxies are told it, means the path alone', async () => {
  const told = (target: string) =>
    answerTo((socket) => socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
  for (const server of ['http://a', 'HTTP://a.b:9870', 'https://[::1]:1']) {
    expect(await told(`${server}/echo?a=http://b/`)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\na=http%3A%2F%2Fb%2F$/);
    expect(await told(`${server}?root=1`)).toMatch(/\r\n\r\nroot$/);
  }
});

test('who sends nothing, or headers byte by byte, is sent away', async () => {
  const begun = performance.now();
  const silent = answerTo(() => undefined);
  const slow = answerTo((socket) => {
    socket.write('GET / HTTP/1.1\r\n');
    const timer = setInterval(() => socket.write('a'), 20);
    socket.once('close', () => clearInterval(timer));
  });
  await silent;
  expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('who stays when it has been sent away makes room all the same', async () => {
  const http = nodeHttp(SILENT, { maxConnections: 1, headersTimeoutMs: 100, checkMs: 50 });
  const one = await http.listen({ host: '127.0.0.1', port: 0 }, () => ({ status: 200, body: 'x' }));
  const url = `http://127.0.0.1:${one.address.port}/`;
  const stays = connect({ port: one.address.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
  await new Promise((done) => stays.resume().once('end', done));
  const answered = () =>
    http
      .request(url)
      .then(({ status }) => status === 200)
      .catch(() => false);
  const until = performance.now() + 10_000;
  let isAnswered = false;
  while (!isAnswered && performance.now() < until) {
    await new Promise((done) => setTimeout(done, 50));
    isAnswered = await answered();
  }
  stays.destroy();
  await one.close();
  expect(isAnswered).toBe(true);
});

test('a body that cannot be read on ends at once, also of who stays', async () => {
  for (const broken of ['zz\r\n', '3\r\nabcdefgh\r\n']) {
    bodies.length = 0;
    const { port } = server.address;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      .on('error', () => undefined)
      .resume();
    socket.write(`PUT /taken HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`);
    await new Promise((done) => setTimeout(done, 50));
    const begun = performance.now();
    socket.write(broken);
    while (bodies.length === 0 && performance.now() - begun < 5000) await new Promise((done) => setTimeout(done, 5));
    expect(bodies[0]).toMatch(/^broken /);
    // Not by the time that nothing may move.
    expect(performance.now() - begun).toBeLessThan(900);
    socket.destroy();
  }
});

test.for([
  ['what cannot be read', '\0\0\r\n\r\n'],
  ['a target that is not escaped', 'GET /echo?\u00e9=1 HTTP/1.1\r\nHost: a\r\n\r\n'],
])('%s behind a request comes not between the bytes of its answer', async ([, next = '']) => {
  const answer = await answerTo((socket) => {
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    setTimeout(() => socket.write(next), 60);
  });
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  expect(body.slice(0, ANSWER_BYTES).replaceAll('a', '')).toBe('');
  expect(body.length).toBeGreaterThanOrEqual(ANSWER_BYTES);
  expect(body.slice(ANSWER_BYTES)).toMatch(/^HTTP\/1\.1 400 /);
});

test('who has said all that it has to say is answered', async () => {
  bodies.length = 0;
  const put = 'PUT /taken HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
  expect(await answerTo((socket) => socket.end(put))).toMatch(/^HTTP\/1\.1 201 /);
  expect(bodies).toEqual(['whole 3']);
  const answer = await answerTo((socket) => socket.end('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'));
  expect(answer.length).toBeGreaterThan(ANSWER_BYTES);
  await answerTo((socket) => socket.end(put.slice(0, -1)));
  expect(bodies[1]).toBe('broken 2');
});

test('a body that nobody wants is not taken', async () => {
  let sent = 0;
  const answer = await answerTo((socket) => {
    socket.write('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const more = (): void => {
      while (!socket.destroyed && sent < 1024 * MIB) {
        sent += MIB;
        if (!socket.write(`100000\r\n${'x'.repeat(MIB)}\r\n`)) break;
      }
    };
    socket.on('drain', more);
    more();
  });
  expect(answer).toMatch(/^(HTTP\/1\.1 403 |$)/);
  expect(sent).toBeLessThan(512 * MIB);
});

test('who does not read holds the answer back, and is sent away', async () => {
  const socket = opened();
  socket.pause();
  socket.write('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n');
  const until = performance.now() + 20_000;
  while (state.ended === 0 && performance.now() < until) await new Promise((done) => setTimeout(done, 20));
  expect(state.ended).toBe(1);
  expect(state.produced).toBeLessThan(64 * MIB);
  socket.destroy();
  await closed(socket);
});

test('connections beyond the bound are closed, and there is room again after them', async () => {
  const many = Array.from({ length: 3 * MAX_CONNECTIONS }, () => opened().resume());
  await Promise.all(many.map(closed));
  const answer = await answerTo((socket) => socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});

const PIPELINED = 'GET /busy HTTP/1.1\r\nHost: a\r\n\r\n';

test('requests that come together are begun one after the other, and leave turns to others', async () => {
  let counting = true;
  const count = (): void => {
    turn++;
    if (counting) setImmediate(count);
  };
  count();
  busy.turns.length = 0;
  busy.most = 0;
  const last = 'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const answer = await answerTo((socket) => socket.write(PIPELINED.repeat(20) + last));
  expect(answer.match(/HTTP\/1\.1 200 /g)).toHaveLength(21);
  expect(busy.most).toBe(1);
  expect(new Set(busy.turns).size).toBe(20);
  // As many connections with one request each.
  busy.turns.length = 0;
  const once = PIPELINED.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  await Promise.all(Array.from({ length: MAX_CONNECTIONS }, () => answerTo((socket) => socket.write(once))));
  counting = false;
  expect(new Set(busy.turns).size).toBe(MAX_CONNECTIONS);
});

test('who asks without end before anything is answered is sent away', async () => {
  busy.turns.length = 0;
  await answerTo((socket) => socket.write(PIPELINED.repeat(1000)));
  expect(busy.turns.length).toBeLessThan(120);
});
