// If these fail, a broken or hostile peer stops a DataNode, fills its memory, keeps its connections, or spoils what others
// write and read.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hdfs } from '../../src/client/index.ts';
import type { DataNode } from '../../src/server/datanode/datanode.ts';
import { ClientDatanodeProtocolService } from '../../src/wire/messages/client-datanode.ts';
import { InterDatanodeProtocolService } from '../../src/wire/messages/inter-datanode.ts';
import { OpWriteBlockProto, type OpWriteBlockProtoInit } from '../../src/wire/messages/transfer.ts';
import { encodeOp, OPS, Op } from '../../src/wire/transfer/ops.ts';
import { dataNodeConfiguration, packet, startTestDataNode, untilLive } from './support/data-node.ts';
import { delimited, HostileMessages, type Plausible } from './support/hostile-messages.ts';
import { nameNodeConfiguration, startTestNameNode, type TestNameNode, temporaryDirectory } from './support/name-node.ts';
import { answerOf, callFrame, opening, targetsOf } from './support/rpc-calls.ts';
import { Chance, mutated, SEED, share, VERBOSE } from './support/seeds.ts';
import { converse, frames, RawPeer } from './support/sockets.ts';
import { Watch } from './support/watch.ts';

/** A connection that says nothing more is ended within this: the socket timeout of these tests is 2 s. */
const END_MS = 30_000;
const LONGEST_TURN_MS = 500;
const GROWTH_MIB = 400;
/** Hostile connections at a time. */
const TOGETHER = 32;

/** Real blocks that hostile sessions aim at. */
const KNOWN_BLOCKS = 30;

const directory = temporaryDirectory('datanode');
const watch = new Watch();
let server: TestNameNode;
let dataNode: DataNode;
let good: Hdfs;
let nextBlock = 0n;

beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  const configuration = nameNodeConfiguration(`${directory.path}/name`, { 'dfs.heartbeat.interval': '1' });
  server = await startTestNameNode(configuration, watch);
  dataNode = await startTestDataNode(dataNodeConfiguration(configuration, server.port, `${directory.path}/data`), watch);
  await untilLive(server, 1);
  good = await server.client();
  // The blocks that hostile sessions name as known: all are taken, so that no forged replica stands where a good file's next
  // block is to go. With one DataNode there would be no other place for it.
  for (let i = 0; i < KNOWN_BLOCKS; i++) await good.writeFile(`/known/file-${i}`, `known ${i}`);
  watch.begin();
});

afterAll(async () => {
  watch.end();
  await good.close();
  await dataNode.stop();
  await server.nameNode.stop();
  directory.remove();
});

/** Somebody who writes and reads as one should, while and after the others do not. */
async function serveTheGood(round: number): Promise<void> {
  const content = Buffer.alloc(200_000 + (round % 1000), `round ${round} `);
  const path = `/good/file-${round % 5}`;
  await good.writeFile(path, content, { overwrite: true });
  expect((await good.readFile(path)).equals(content)).toBe(true);
  expect(watch.trouble).toEqual([]);
}

const port = (): number => dataNode.addresses.transfer.port;
const pool = (): string => server.nameNode.system.blockPoolId;

/** Runs hostile sessions side by side; each must end, once its peer has ended its side. */
async function hostile(name: string, rounds: number, session: (chance: Chance, round: number) => Buffer): Promise<void> {
  const chance = new Chance(name);
  for (let round = 0; round < rounds; round += TOGETHER) {
    const sessions = Array.from({ length: Math.min(TOGETHER, rounds - round) }, (_, i) => session(chance, round + i));
    watch.skip();
    const answers = await Promise.all(sessions.map((bytes) => converse(port(), bytes, END_MS)));
    for (const [index, { closed }] of answers.entries()) {
      expect(closed, `${name}, round ${round + index}: ${sessions[index]?.toString('hex')}`).toBe(true);
    }
    expect(watch.trouble, `${name}, round ${round}`).toEqual([]);
    if (round % (TOGETHER * 25) === 0) await serveTheGood(round);
  }
  await serveTheGood(rounds);
}

const TOKEN = { identifier: Buffer.alloc(0), password: Buffer.alloc(0), kind: '', service: '' };

/** A well-formed WRITE_BLOCK of a block that nobody asked for. */
function writeRequest(blockId: bigint, changes: Partial<OpWriteBlockProtoInit> = {}): Buffer {
  return encodeOp(Op.WRITE_BLOCK, OpWriteBlockProto, {
    header: {
      baseHeader: { block: { poolId: pool(), blockId, generationStamp: 1001, numBytes: 0 }, token: TOKEN },
      clientName: 'hostile',
    },
    targets: [],
    stage: 6,
    pipelineSize: 1,
    minBytesRcvd: 0,
    maxBytesRcvd: 0,
    latestGenerationStamp: 0,
    requestedChecksum: { type: 2, bytesPerChecksum: 512 },
    ...changes,
  });
}

const newBlock = (): bigint => 2n ** 40n + nextBlock++;

function plausible(chance: Chance): Plausible {
  const known = (): bigint =>
    chance.happens(0.5)
      ? 2n ** 40n + BigInt(chance.below(Number(nextBlock) + 1))
      : 1073741824n + BigInt(chance.below(KNOWN_BLOCKS));
  return {
    poolId: pool,
    blockId: known,
    generationStamp: () => 1000n + BigInt(chance.below(6)),
    latestGenerationStamp: () => chance.of([0n, 1001n, 1005n, 2000n]),
    numBytes: () => chance.of([0n, 1n, 1000n, 200_000n]),
    minBytesRcvd: () => chance.of([0n, 1000n]),
    maxBytesRcvd: () => chance.of([0n, 1000n, 2n ** 40n]),
    offset: () => BigInt(chance.below(300_000)),
    len: () => BigInt(chance.below(300_000)),
    bytesPerChecksum: () => chance.of([512n, 512n, 1n, 16777216n]),
    clientName: () => chance.of(['hostile', '']),
    pipelineSize: () => 1n,
    newGenStamp: () => 1000n + BigInt(chance.below(20)),
    recoveryId: () => 1000n + BigInt(chance.below(20)),
    newLength: () => chance.of([0n, 1000n, 100n]),
    newBlockId: () => 0n,
    ipAddr: () => '127.0.0.1',
    hostName: () => 'localhost',
    // Nobody listens on 1; the node itself is a target that loops.
    xferPort: () => chance.of([1n, BigInt(port()), 70_000n]),
    storageId: () => chance.of(['', 'DS-1']),
  };
}

test('mutated sessions of a writer', async () => {
  await hostile('written sessions', share(0.12), (chance) => {
    // Little data, so that most changes meet headers and lengths.
    const [first, second] = chance.of([
      [20, 9],
      [512, 30],
      [1024, 476],
    ] as const);
    const session = Buffer.concat([
      writeRequest(newBlock()),
      packet(0, 0, chance.bytes(first), false),
      packet(1, first, chance.bytes(second), false),
      packet(2, first + second, Buffer.alloc(0), true),
    ]);
    return mutated(chance, session);
  });
});

test('packets that lie', async () => {
  const data = Buffer.alloc(1500, 'data');
  const first = data.subarray(0, 1024);
  const many = (length: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length }, () => one));
  const lies: readonly (() => Buffer)[] = [
    () => packet(0, 0, first, false, { payloadLength: 17 * 1024 * 1024 }),
    () => packet(0, 0, first, false, { payloadLength: 16 * 1024 * 1024 - 100 }),
    () => packet(0, 0, first, false, { payloadLength: -1 }),
    () => packet(0, 0, first, false, { payloadLength: 0x7fffffff }),
    () => packet(0, 0, first, false, { payloadLength: 4 }),
    () => packet(0, 0, first, false, { headerLength: 0 }),
    () => packet(0, 0, first, false, { headerLength: -1 }),
    () => packet(0, 0, first, false, { headerLength: 32767 }),
    () => packet(0, 0, first, false, { headerLength: 3 }),
    // Gaps, repetition and going back.
    () => Buffer.concat([packet(0, 0, first, false), packet(7, 1024, first, false)]),
    () => Buffer.concat([packet(0, 0, first, false), packet(0, 0, first, false)]),
    () => Buffer.concat([packet(5, 0, first, false), packet(4, 1024, first, false)]),
    () => Buffer.concat([packet(0, 4096, first, false), packet(1, 0, first, false)]),
    () => packet(0, 2 ** 52, first, false),
    () => packet(0, 2 ** 62, first, false),
    () => packet(0, -512, first, false),
    () => packet(-1, 0, first, false),
    () => packet(-2, 0, first, true),
    () => many(200, packet(-1, 0, Buffer.alloc(0), false)),
    // The last packet: with data, twice, first, with more behind it.
    () => packet(0, 0, first, true),
    () => packet(0, 0, Buffer.alloc(0), true),
    () => Buffer.concat([packet(0, 0, Buffer.alloc(0), true), packet(1, 0, Buffer.alloc(0), true)]),
    () => Buffer.concat([packet(0, 0, first, false), packet(1, 1024, Buffer.alloc(0), true), packet(2, 1024, first, false)]),
    () => packet(0, 99, Buffer.alloc(0), true),
    // An unaligned piece in the middle, chunks across packets.
    () => Buffer.concat([packet(0, 0, data.subarray(0, 100), false), packet(1, 100, data.subarray(100, 700), false)]),
    () => Buffer.concat([packet(0, 0, data.subarray(0, 100), false), packet(1, 50, data.subarray(50, 1500), false)]),
    () => Buffer.concat([packet(0, 0, data, false), packet(1, 1500, data, false), packet(2, 3000, Buffer.alloc(0), true)]),
    // Wrong sums.
    () => Buffer.concat([packet(0, 0, first, false).fill(0, 40, 44), packet(1, 1024, Buffer.alloc(0), true)]),
  ];
  const stages = [6, 6, 6, 7, 8, 0, 1, 3];
  await hostile('lying packets', Math.max(share(0.05), lies.length * 8), (chance, round) => {
    const lie = lies[round % lies.length] as () => Buffer;
    const stage = stages[Math.floor(round / lies.length) % stages.length] as OpWriteBlockProtoInit['stage'];
    const clientName = chance.happens(0.2) ? '' : 'hostile';
    const id = chance.happens(0.7) ? newBlock() : 2n ** 40n + BigInt(chance.below(Number(nextBlock) + 1));
    const header = {
      baseHeader: { block: { poolId: pool(), blockId: id, generationStamp: 1001, numBytes: 0 }, token: TOKEN },
      clientName,
    };
    const checksum = chance.of([
      { type: 2, bytesPerChecksum: 512 },
      { type: 2, bytesPerChecksum: 512 },
      { type: 2, bytesPerChecksum: 512 },
      { type: 0, bytesPerChecksum: 512 },
      { type: 1, bytesPerChecksum: 1 },
      { type: 2, bytesPerChecksum: 0 },
      { type: 2, bytesPerChecksum: 2 ** 31 },
      { type: 2, bytesPerChecksum: 16 * 1024 * 1024 },
    ] as const);
    return Buffer.concat([
      writeRequest(id, { stage, header, requestedChecksum: checksum, latestGenerationStamp: 1002 }),
      lie(),
    ]);
  });
});

test('every op code with hostile messages', async () => {
  const chance = new Chance('ops');
  const names: Readonly<Record<number, string | undefined>> = Object.fromEntries(
    Object.values(Op).map((code) => [code, OPS[code].message?.name]),
  );
  const known = Object.keys(names).map(Number);
  await hostile('op codes', Math.max(share(0.12), 400), (_chance, round) => {
    const code = round < 256 ? round : chance.of(known);
    const hostility = chance.of([0, 0.02, 0.1, 0.4]);
    const messages = new HostileMessages(chance, { plausible: plausible(chance), hostility });
    const name = names[code];
    const body = name === undefined ? chance.bytes(chance.below(200)) : messages.message('transfer', name);
    const version = chance.happens(0.02) ? chance.below(65536) : 28;
    const after = chance.happens(0.3) ? packet(0, 0, Buffer.alloc(700, 1), chance.happens(0.3)) : Buffer.alloc(0);
    return Buffer.concat([Buffer.from([version >> 8, version & 0xff, code]), delimited(body), after]);
  });
});

test('pipelines that loop, lead nowhere, or have 10,000 nodes', async () => {
  const node = (ipAddr: string, xferPort: number) => ({
    id: { ipAddr, hostName: 'localhost', datanodeUuid: 'x', xferPort, infoPort: 1, ipcPort: 1 },
  });
  const itself = node('127.0.0.1', port());
  const targets = [
    [itself],
    Array.from({ length: 400 }, () => itself),
    Array.from({ length: 10_000 }, () => itself),
    [node('127.0.0.1', 1)],
    [node('127.0.0.1', 70_000)],
    [node('127.0.0.1', 0)],
    [node('', port())],
    [node('not an address', port())],
    [node('127.0.0.1\0', port())],
    // The NameNode's RPC and web ports do not speak the protocol.
    [node('127.0.0.1', server.port)],
    [node('127.0.0.1', server.httpPort)],
    [node('127.0.0.1', dataNode.addresses.ipc.port)],
  ];
  await hostile('pipelines', targets.length * 2, (_chance, round) => {
    const transfer = round >= targets.length;
    return Buffer.concat([
      writeRequest(newBlock(), { targets: targets[round % targets.length] ?? [], ...(transfer ? { stage: 7 } : {}) }),
      packet(0, 0, Buffer.alloc(600), false),
      packet(1, 600, Buffer.alloc(0), true),
    ]);
  });
});

test('half sessions that fall silent are ended, and slow senders hold nobody up', async () => {
  const chance = new Chance('silence');
  const session = Buffer.concat([writeRequest(newBlock()), packet(0, 0, Buffer.alloc(1024), false)]);
  const silent = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const peer = await RawPeer.connect(port());
      const whole = i % 2 === 0 ? session : Buffer.concat([writeRequest(newBlock()), packet(0, 0, Buffer.alloc(1024), false)]);
      peer.send(whole.subarray(0, chance.below(whole.length)));
      return peer;
    }),
  );
  const slow = await RawPeer.connect(port());
  const slowSession = Buffer.concat([
    writeRequest(newBlock()),
    packet(0, 0, Buffer.alloc(64), false),
    packet(1, 64, Buffer.alloc(0), true),
  ]);
  let sent = 0;
  const drip = setInterval(() => {
    if (sent < slowSession.length) slow.send(slowSession.subarray(sent, ++sent));
  }, 2);
  for (let round = 0; round < 5; round++) await serveTheGood(round);
  for (const peer of silent) {
    expect(await peer.until(() => false, END_MS), 'a silent connection was kept').toBe(true);
    peer.destroy();
  }
  // All of it, unless the NameNode hears of the block first: it belongs to no file, and so is deleted under its writer.
  expect(await slow.until(() => false, END_MS)).toBe(true);
  clearInterval(drip);
  slow.destroy();
  await serveTheGood(6);
});

test('calls of both RPC protocols with hostile arguments', async () => {
  const chance = new Chance('datanode calls');
  const targets = [
    ...targetsOf('org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol', 'client-datanode', ClientDatanodeProtocolService),
    ...targetsOf(
      'org.apache.hadoop.hdfs.server.protocol.InterDatanodeProtocol',
      'inter-datanode',
      InterDatanodeProtocolService,
    ),
  ].filter(({ name }) => name !== 'shutdownDatanode');
  const rpcPort = dataNode.addresses.ipc.port;
  const rounds = share(0.1);
  let peer: RawPeer | undefined;
  let answered = 0;
  let calls = 0;
  for (let round = 0; round < rounds; round++) {
    if (peer === undefined || peer.closed || round % 50 === 0) {
      peer?.destroy();
      peer = await RawPeer.connect(rpcPort);
      peer.send(opening(chance.bytes(16), 'x', server.user));
      calls = 0;
    }
    const target = chance.of(chance.happens(0.5) ? targets.filter(({ protocol }) => protocol.includes('Inter')) : targets);
    const messages = new HostileMessages(chance, { plausible: plausible(chance), hostility: chance.of([0, 0.02, 0.1, 0.4]) });
    peer.send(callFrame(target, chance.bytes(16), round, messages.message(target.schema, target.request)));
    const live = peer;
    const wanted = ++calls;
    expect(await live.until(() => frames(live.received).length >= wanted, END_MS), target.name).toBe(true);
    const last = frames(live.received)[wanted - 1];
    if (last !== undefined && answerOf(last).error === undefined) answered++;
    expect(watch.trouble, target.name).toEqual([]);
    if (round % 200 === 0) await serveTheGood(round);
  }
  peer?.destroy();
  expect(answered).toBeGreaterThan(0);
  await serveTheGood(rounds);
});

test('all of it stayed within the bounds, and the DataNode starts again on what is left', async () => {
  if (VERBOSE) console.log(`longest turn ${watch.longestTurnMs} ms, grown ${watch.grownMiB} MiB`);
  expect(watch.longestTurnMs).toBeLessThan(LONGEST_TURN_MS);
  expect(watch.grownMiB).toBeLessThan(GROWTH_MIB);
  const content = Buffer.alloc(300_000, 'kept');
  await good.writeFile('/kept', content);
  await dataNode.stop();
  const base = nameNodeConfiguration(`${directory.path}/name`);
  dataNode = await startTestDataNode(dataNodeConfiguration(base, server.port, `${directory.path}/data`), watch);
  const end = performance.now() + 40_000;
  for (;;) {
    const read = await good.readFile('/kept').catch(() => Buffer.alloc(0));
    if (read.equals(content)) break;
    expect(performance.now()).toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await serveTheGood(9);
  expect(watch.trouble).toEqual([]);
});
