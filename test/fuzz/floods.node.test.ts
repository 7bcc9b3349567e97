// If these fail, somebody who opens many connections, sends half of things or never reads his answers stops a daemon,
// fills its memory, or holds up the clients that behave. The web ports stand it too.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hdfs } from '../../src/client/index.ts';
import { ClientNamenodeProtocol, GetListingRequestProto } from '../../src/wire/messages/client-namenode.ts';
import { DatanodeProtocolService } from '../../src/wire/messages/datanode.ts';
import { delimited } from './support/hostile-messages.ts';
import { nameNodeConfiguration, startTestNameNode, type TestNameNode, temporaryDirectory } from './support/name-node.ts';
import { answerOf, callFrame, opening, targetsOf } from './support/rpc-calls.ts';
import { Chance, mutated, SEED, share, VERBOSE } from './support/seeds.ts';
import { converse, frames, RawPeer } from './support/sockets.ts';
import { Watch } from './support/watch.ts';

const CLIENT = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
/** A client that behaves gets its answer within this while the others flood; alone it takes about a millisecond. */
const ANSWER_MS = 15_000;

const directory = temporaryDirectory('floods');
const watch = new Watch();
let server: TestNameNode;
let good: Hdfs;

beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  server = await startTestNameNode(nameNodeConfiguration(directory.path), watch);
  good = await server.client();
  await good.mkdir('/many');
  for (let i = 0; i < 200; i++) await good.mkdir(`/many/directory-with-a-name-of-some-length-${i}`);
  watch.begin();
});

afterAll(async () => {
  watch.end();
  await good.close();
  await server.nameNode.stop();
  directory.remove();
});

async function serveTheGood(): Promise<number> {
  const before = performance.now();
  expect((await good.stat('/many')).isDirectory()).toBe(true);
  const took = performance.now() - before;
  expect(took).toBeLessThan(ANSWER_MS);
  expect(watch.trouble).toEqual([]);
  return took;
}

const megabytes = (): number => process.memoryUsage().rss / 1048576;

test('2,000 idle connections and 500 half handshakes cost little and hold nobody up', async () => {
  const before = megabytes();
  const descriptors = watch.descriptors;
  const clientId = Buffer.alloc(16, 1);
  const whole = opening(clientId, CLIENT, 'idle');
  const peers: RawPeer[] = [];
  for (let i = 0; i < 2500; i += 100) {
    const batch = await Promise.all(Array.from({ length: 100 }, () => RawPeer.connect(server.port)));
    for (const [index, peer] of batch.entries()) {
      peer.send(i < 2000 ? whole : whole.subarray(0, 1 + ((i + index) % (whole.length - 1))));
    }
    peers.push(...batch);
    await serveTheGood();
  }
  const grown = megabytes() - before;
  if (VERBOSE) console.log(`2,500 connections: ${grown} MiB with both ends`);
  // Both ends are in this process.
  expect(grown).toBeLessThan(200);
  for (const peer of peers) peer.destroy();
  const end = performance.now() + 30_000;
  while (watch.descriptors > descriptors + 20) {
    expect(performance.now(), `${watch.descriptors} descriptors, ${descriptors} before`).toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await serveTheGood();
});

test('10,000 calls whose answers nobody reads are held back, and answered when somebody does', async () => {
  const [listing] = targetsOf(CLIENT, 'client-namenode', ClientNamenodeProtocol).filter(({ name }) => name === 'getListing');
  if (listing === undefined) throw new Error('no getListing');
  const clientId = Buffer.alloc(16, 2);
  const body = GetListingRequestProto.encode({ src: '/many', startAfter: Buffer.alloc(0), needLocation: false });
  const calls = Buffer.concat(Array.from({ length: 10_000 }, (_, i) => callFrame(listing, clientId, i, body)));
  const before = megabytes();
  const peer = await RawPeer.connect(server.port);
  peer.socket.pause();
  peer.send(opening(clientId, CLIENT, server.user));
  peer.send(calls);
  let slowest = 0;
  for (let i = 0; i < 40; i++) {
    slowest = Math.max(slowest, await serveTheGood());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const held = megabytes() - before;
  if (VERBOSE) console.log(`unread answers: ${held} MiB, slowest good answer ${slowest} ms`);
  // All answers would take 200 MB and more; held are 4 MiB, what the kernel takes, and the calls.
  expect(held).toBeLessThan(100);
  // They come when they are read.
  let answers = 0;
  let rest: Buffer = Buffer.alloc(0);
  peer.socket.removeAllListeners('data');
  const done = new Promise<void>((resolve) => {
    peer.socket.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([rest, chunk]);
      let used = 0;
      for (const frame of frames(bytes)) {
        answers++;
        used += frame.length + 4;
      }
      rest = Buffer.from(bytes.subarray(used));
      if (answers >= 1000) resolve();
    });
  });
  peer.socket.resume();
  await done;
  peer.destroy();
  await serveTheGood();
});

test('frames that announce 128 MiB and never come take no memory', async () => {
  const before = megabytes();
  const clientId = Buffer.alloc(16, 3);
  const announced = Buffer.concat([opening(clientId, CLIENT, 'liar'), Buffer.from([0x08, 0, 0, 0]), Buffer.alloc(1000)]);
  const peers = await Promise.all(Array.from({ length: 200 }, () => RawPeer.connect(server.port)));
  for (const peer of peers) peer.send(announced);
  for (let i = 0; i < 10; i++) await serveTheGood();
  expect(megabytes() - before).toBeLessThan(100);
  for (const peer of peers) peer.destroy();
  await serveTheGood();
});

test('frames full of tiny elements are refused before they take much time or memory', async () => {
  const clientId = Buffer.alloc(16, 4);
  const repeated = (pair: readonly number[], count: number): Buffer => Buffer.alloc(pair.length * count, Buffer.from(pair));
  const storage = delimited(Buffer.from([0x0a, 1, 0x61, 0x10, 0, 0x18, 0]));
  const longs = Buffer.alloc(5_000_000, 5);
  const targets = [
    ...targetsOf(CLIENT, 'client-namenode', ClientNamenodeProtocol),
    ...targetsOf('org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol', 'datanode', DatanodeProtocolService),
  ];
  const cases: readonly (readonly [string, Buffer])[] = [
    // addBlock: favoured nodes without a name.
    ['addBlock', repeated([0x32, 0], 5_000_000)],
    // create: one FsPermissionProto where one is wanted, again and again; then crypto versions, an enum, one by one.
    ['create', repeated([0x12, 2, 8, 0], 3_000_000)],
    ['create', repeated([0x40, 2], 5_000_000)],
    // blockReport: one storage with longs of one byte, of the old form.
    [
      'blockReport',
      Buffer.concat([
        Buffer.from([0x1a]),
        delimited(Buffer.concat([Buffer.from([0x0a]), storage, Buffer.from([0x12]), delimited(longs)])),
      ]),
    ],
  ];
  for (const [name, body] of cases) {
    const target = targets.find((candidate) => candidate.name === name);
    if (target === undefined) throw new Error(`no ${name}`);
    const frame = callFrame(target, clientId, 1, body);
    const peer = await RawPeer.connect(server.port);
    peer.send(opening(clientId, CLIENT, server.user));
    const before = megabytes();
    peer.send(frame);
    watch.skip();
    watch.longestTurnMs = 0;
    expect(await peer.until(() => frames(peer.received).length > 0, 20_000), name).toBe(true);
    const grown = megabytes() - before;
    const answer = answerOf(frames(peer.received)[0] as Buffer);
    if (VERBOSE) console.log(name, answer.message, `${watch.longestTurnMs} ms, ${grown} MiB`);
    expect(answer.error).toContain('InvalidProtocolBufferException');
    // Measured: 100 to 600 ms of CPU, and 250 MiB for the longs.
    expect(watch.longestTurnMs, name).toBeLessThan(3000);
    expect(grown, name).toBeLessThan(600);
    peer.destroy();
    await serveTheGood();
  }
});

test('odd HTTP requests are answered or ended', async () => {
  const chance = new Chance('http');
  const port = server.httpPort;
  const requests = [
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /jmx?qry=Hadoop:service=NameNode,name=* HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /jmx?get=a::b::c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /jmx?get=__proto__::constructor HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /jmx?get=java.lang:type=Memory::__proto__ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    `GET /jmx?qry=${'*'.repeat(5000)}a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    `GET /jmx?qry=${'(a+)+'.repeat(1000)}$ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    'GET /jmx?qry=%00%ff%2e%2e&qry=2&callback=alert(1) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /conf?format=xml&name=%3Cscript%3E HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /%zz%c0%af HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET //jmx//%2f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET http://other.example/jmx HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n',
    'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'CONNECT other.example:80 HTTP/1.1\r\nHost: other.example\r\n\r\n',
    'PUT /jmx HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nabc',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nabcde\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(5000)}\r\n`,
    `GET /${'a'.repeat(60_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    'GET / HTTP/9.9\r\n\r\n',
    'GET /\r\n\r\n',
    '\r\n\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'hrpc\x09\x00\x00',
  ];
  const rounds = Math.max(requests.length, share(0.02));
  for (let round = 0; round < rounds; round += 8) {
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const original = Buffer.from(requests[(round + i) % requests.length] as string, 'latin1');
        const bytes = round + i < requests.length ? original : mutated(chance, original);
        const { bytes: answer, closed } = await converse(port, bytes, 25_000);
        const shown = JSON.stringify(bytes.toString('latin1').slice(0, 200));
        expect(closed, `kept: ${shown}`).toBe(true);
        const text = answer.toString('latin1');
        if (text !== '') expect(text, shown).toMatch(/^HTTP\/1\.1 [1-5]\d\d /);
        // Own slips would be a 500 with "internal error"; 505 is for another version of HTTP.
        expect(text, shown).not.toMatch(/^HTTP\/1\.1 5(?!05)/);
        // What stands behind a request whose length is disputed is not taken for another request.
        expect(text, shown).not.toContain('smuggled');
      }),
    );
    await serveTheGood();
  }
});

test('slow HTTP requests hold nobody up', async () => {
  const slow = await Promise.all(Array.from({ length: 100 }, () => RawPeer.connect(server.httpPort)));
  for (const peer of slow) peer.send(Buffer.from('GET /jmx HTTP/1.1\r\nHost: x\r\nX-Slow: '));
  for (let i = 0; i < 5; i++) {
    const { bytes } = await converse(
      server.httpPort,
      Buffer.from('GET /jmx HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      10_000,
    );
    expect(bytes.toString('latin1', 0, 15)).toBe('HTTP/1.1 200 OK');
    for (const peer of slow) peer.send(Buffer.from('y'));
    await serveTheGood();
  }
  for (const peer of slow) peer.destroy();
  await serveTheGood();
  if (VERBOSE) console.log(`longest turn ${watch.longestTurnMs} ms, grown ${watch.grownMiB} MiB`);
});
