// If these fail, a broken or hostile client stops the NameNode, fills its memory, holds up other clients, or changes the
// namespace by a request that was refused.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { HdfsError } from '../../src/base/errors.ts';
import { blockId, genStamp, inodeId } from '../../src/base/ids.ts';
import { HdfsAdmin } from '../../src/client/admin.ts';
import type { Hdfs } from '../../src/client/index.ts';
import { Configuration } from '../../src/config/configuration.ts';
import { RpcClient, rpcProxy } from '../../src/rpc/client.ts';
import { nameDirectories } from '../../src/server/namenode/directories.ts';
import type { NamespaceIdentity } from '../../src/server/namenode/identity.ts';
import { readIdentity } from '../../src/server/namenode/storage.ts';
import { GetUserMappingsProtocolService, RefreshUserMappingsProtocolService } from '../../src/wire/messages/admin.ts';
import { ClientNamenodeProtocol } from '../../src/wire/messages/client-namenode.ts';
import { DatanodeLifelineProtocolService, DatanodeProtocolService } from '../../src/wire/messages/datanode.ts';
import { HAServiceProtocolService } from '../../src/wire/messages/ha.ts';
import type { DatanodeInfoProto, ExtendedBlockProto } from '../../src/wire/messages/hdfs.ts';
import { NamenodeProtocolService } from '../../src/wire/messages/namenode.ts';
import { ReconfigurationProtocolService } from '../../src/wire/messages/reconfiguration.ts';
import { refusedMethods } from '../../src/wire/tables/services.ts';
import { HostileMessages, type Plausible, varint } from './support/hostile-messages.ts';
import { nameNodeConfiguration, startTestNameNode, type TestNameNode, temporaryDirectory } from './support/name-node.ts';
import { answerOf, type CallAnswer, callFrame, opening, type Target, targetsOf } from './support/rpc-calls.ts';
import { Chance, mutated, SEED, share, VERBOSE } from './support/seeds.ts';
import { converse, frames, RawPeer } from './support/sockets.ts';
import { Watch } from './support/watch.ts';

/** A call of a hostile client is answered, or its connection ended, within this. */
const ANSWER_MS = 30_000;
/** CPU time that one turn of the NameNode's thread may take on account of such calls; measured: below 60. */
const LONGEST_TURN_MS = 500;
/** Resident memory that all of it together may leave behind. */
const GROWTH_MIB = 400;

const CLIENT = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';
const TARGETS: readonly Target[] = [
  ...targetsOf(CLIENT, 'client-namenode', ClientNamenodeProtocol),
  ...targetsOf('org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol', 'datanode', DatanodeProtocolService),
  ...targetsOf('org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol', 'datanode', DatanodeLifelineProtocolService),
  ...targetsOf('org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol', 'namenode', NamenodeProtocolService),
  ...targetsOf('org.apache.hadoop.ha.HAServiceProtocol', 'ha', HAServiceProtocolService),
  ...targetsOf('org.apache.hadoop.tools.GetUserMappingsProtocol', 'admin', GetUserMappingsProtocolService),
  ...targetsOf('org.apache.hadoop.security.RefreshUserMappingsProtocol', 'admin', RefreshUserMappingsProtocolService),
  ...targetsOf('org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol', 'reconfiguration', ReconfigurationProtocolService),
];
const REFUSED = new Set(Object.keys(refusedMethods('ClientNamenodeProtocol')));
/** Refused methods answer all alike: most calls go to the others. */
const handled = (targets: readonly Target[]): readonly Target[] => targets.filter(({ name }) => !REFUSED.has(name));
/** What a refused call may have logged all the same: the recovery of a silent writer's lease begins when another asks. */
const LOGS_WHEN_REFUSED = new Set(['create', 'append', 'recoverLease', 'truncate']);
/** These end what the other tests need; their arguments are fuzzed all the same, by a user who may not. */
const ONLY_AS_MALLORY = new Set(['setSafeMode', 'saveNamespace', 'rollEdits']);

const directory = temporaryDirectory('namenode');
// metaSave writes there.
vi.stubEnv('HADOOP_LOG_DIR', directory.path);
const watch = new Watch();
let server: TestNameNode;
let good: Hdfs;
let identity: NamespaceIdentity;

beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  server = await startTestNameNode(nameNodeConfiguration(directory.path), watch);
  good = await server.client();
  identity = await readIdentity(server.host, nameDirectories(nameNodeConfiguration(directory.path)).all);
  watch.begin();
});

afterAll(async () => {
  watch.end();
  await good.close();
  await server.nameNode.stop();
  directory.remove();
  vi.unstubAllEnvs();
});

/** The client that minds its own business, and must not notice anything. */
async function serveTheGood(round: number): Promise<void> {
  const path = `/good/${round % 7}`;
  const before = performance.now();
  await good.mkdir(path, { recursive: true });
  expect((await good.stat(path)).isDirectory()).toBe(true);
  await expect(good.stat(`/good/none-${round}`)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(performance.now() - before).toBeLessThan(ANSWER_MS);
  expect(watch.trouble).toEqual([]);
}

/** Values that let calls get past the first checks: names, ids and holders that exist. */
function plausible(chance: Chance): Plausible {
  const paths = [
    '/f/a',
    '/f/b',
    '/f/c',
    '/f/d/e',
    '/f/open',
    '/f',
    '/',
    '/f/d',
    '/f/link',
    '/f/long',
    '/f/x0',
    '/f/x1',
    '/f/x2',
    '/f/dir',
  ];
  const path = (): string => chance.of(paths);
  const holder = (): string => chance.of(['holder-1', 'holder-2', 'holder-3']);
  const { namespace, blockPoolId } = server.nameNode.system;
  const blockNumber = (): bigint => BigInt(namespace.lastBlockId) - BigInt(chance.below(5));
  const stamp = (): bigint => BigInt(namespace.genStamp) - BigInt(chance.below(5));
  const uuid = (): string => chance.of(['dn-1', 'dn-1', 'dn-1', 'dn-2', 'dn-3', '__proto__', 'dn-4']);
  return {
    src: path,
    dst: path,
    path,
    trg: path,
    target: path,
    filename: path,
    srcs: path,
    clientName: holder,
    holder,
    client: holder,
    newHolder: holder,
    userName: () => chance.of(['alice', 'mallory', 'root']),
    username: () => chance.of(['alice', 'mallory', '']),
    groupname: () => chance.of(['users', 'supergroup', '']),
    user: () => chance.of(['alice', 'root']),
    fileId: () =>
      chance.of([0n, 16385n, BigInt(namespace.lastInodeId), BigInt(namespace.lastInodeId) - BigInt(chance.below(20))]),
    poolId: () => blockPoolId,
    blockPoolId: () => blockPoolId,
    blockId: blockNumber,
    generationStamp: stamp,
    genStamp: stamp,
    newGenStamp: () => stamp() + BigInt(chance.below(3)),
    'CreateRequestProto.replication': () => BigInt(1 + chance.below(4)),
    replication: () => BigInt(1 + chance.below(4)),
    blockSize: () => 1048576n * BigInt(1 + chance.below(200)),
    createFlag: () => BigInt(1 + chance.below(3)),
    createParent: () => BigInt(chance.below(2)),
    policyName: () => chance.of(['HOT', 'COLD', 'ALL_SSD', 'LAZY_PERSIST', 'PROVIDED']),
    perm: () => BigInt(chance.below(0o2000)),
    offset: () => BigInt(chance.below(1000)),
    length: () => BigInt(chance.below(2 ** 31)),
    datanodeUuid: uuid,
    storageUuid: () => chance.of(['s-1', 's-2', 's-3', 'constructor']),
    storageUuids: () => chance.of(['s-1', 's-2', 's-3']),
    storageIDs: () => chance.of(['s-1', 's-2', 's-3']),
    ipAddr: () => chance.of(['127.0.0.1', '10.0.0.1']),
    hostName: () => chance.of(['localhost', 'dn.example']),
    xferPort: () => BigInt(9866 + chance.of([0, 0, 0, 1, 2, 3])),
    softwareVersion: () => '3.5.0',
    namespceID: () => BigInt(identity.namespaceId),
    namespaceID: () => BigInt(identity.namespaceId),
    clusterID: () => identity.clusterId,
    cTime: () => BigInt(identity.cTime),
    blocksBuffers: () => packedBlocks(chance),
    numberOfBlocks: () => chance.of([0n, 1n, 3n, 3n, 3n, 10_000_000n, 2n ** 40n]),
    'StorageBlockReportProto.blocks': () => BigInt(chance.below(4)),
    requests: () => chance.bytes(16),
  };
}

/** Three replicas as a full report packs them, or something like it. */
function packedBlocks(chance: Chance): Buffer {
  const parts: Buffer[] = [];
  const { lastBlockId: last, genStamp: stamp } = server.nameNode.system.namespace;
  for (let i = chance.of([0, 1, 3, 3, 3, 50]); i > 0; i--) {
    const id = (BigInt(last) - BigInt(chance.below(5))) << 1n;
    parts.push(
      varint(id),
      varint(BigInt(chance.below(2 ** 31))),
      varint(BigInt(stamp) - BigInt(chance.below(5))),
      varint(BigInt(chance.below(6))),
    );
  }
  return Buffer.concat(parts);
}

/** Registers DataNodes under names that reports and targets then use. */
async function registerNodes(): Promise<void> {
  const { blockManager } = server.nameNode.system;
  for (let i = 1; i <= 3; i++) {
    const id = {
      ipAddr: '127.0.0.1',
      hostName: 'localhost',
      datanodeUuid: `dn-${i}`,
      xferPort: 9865 + i,
      infoPort: 1,
      infoSecurePort: 0,
      ipcPort: 1,
    };
    const now = server.nameNode.system.now();
    blockManager.registerDatanode({ id, location: '/default-rack', softwareVersion: '3.5.0' }, now);
    blockManager.heartbeat(
      id,
      {
        reports: [
          {
            storage: { storageId: `s-${i}`, type: 1, state: 0 },
            capacity: 2 ** 40,
            dfsUsed: 0,
            remaining: 2 ** 39,
            blockPoolUsed: 0,
            nonDfsUsed: 0,
            mount: undefined,
          },
        ],
        cacheCapacity: 0,
        cacheUsed: 0,
        xceiverCount: 1,
        failedVolumes: 0,
        volumeFailureSummary: undefined,
        xmitsInProgress: 0,
        requestFullBlockReportLease: false,
      },
      now,
    );
  }
}

async function call(
  peer: RawPeer,
  seen: { count: number },
  frame: Buffer,
): Promise<{ readonly answer: CallAnswer | undefined; readonly inTime: boolean }> {
  peer.send(frame);
  const wanted = seen.count + 1;
  const inTime = await peer.until(() => frames(peer.received).length >= wanted, ANSWER_MS);
  const all = frames(peer.received);
  if (all.length < wanted) return { answer: undefined, inTime };
  seen.count = all.length;
  return { answer: answerOf(all[all.length - 1] as Buffer), inTime };
}

async function prepareTree(): Promise<void> {
  await registerNodes();
  await good.rm('/f', { recursive: true, force: true, skipTrash: true });
  for (const path of ['/f/d', '/f/dir/sub', '/f/dir/sub2']) await good.mkdir(path, { recursive: true });
  for (const path of ['/f/a', '/f/b', '/f/c', '/f/d/e']) await good.writeFile(path, '');
  await writeSome();
}

/** The same in the middle: DataNodes that were said to be full may refuse a block. */
async function renewTree(): Promise<void> {
  await prepareTree().catch((error: unknown) => {
    if (!(error instanceof HdfsError)) throw error;
  });
}

/** Files with blocks as writers leave them: one closed, one open with a block, one open with two. */
async function writeSome(): Promise<void> {
  const { nameNode, host, user, port } = server;
  const rpc = new RpcClient(host, { address: { host: '127.0.0.1', port }, protocol: CLIENT, user });
  const calls = rpcProxy(rpc, ClientNamenodeProtocol);
  try {
    for (const [index, blocks] of [1, 1, 2].entries()) {
      const src = `/f/x${index}`;
      const clientName = `holder-${index + 1}`;
      const created = await calls.create({
        src,
        masked: { perm: 0o666 },
        clientName,
        createFlag: 3,
        createParent: true,
        replication: 1,
        blockSize: 134217728,
      });
      const fileId = created.fs?.fileId ?? 0;
      let previous: ExtendedBlockProto | undefined;
      for (let i = 0; i < blocks; i++) {
        const added = await calls.addBlock({ src, clientName, previous, fileId });
        previous = { ...added.block.b, numBytes: 1000 };
        const [node] = added.block.locs;
        nameNode.system.blockManager.incrementalReport(
          { ...(node as DatanodeInfoProto).id, infoSecurePort: 0 },
          { storageId: added.block.storageIDs[0] as string, type: 1, state: 0 },
          [
            {
              id: blockId(previous.blockId),
              numBytes: 1000,
              genStamp: genStamp(previous.generationStamp),
              status: 1,
              deleteHint: '',
            },
          ],
          nameNode.system.now(),
        );
      }
      if (index === 0) await calls.complete({ src, clientName, last: previous, fileId });
    }
  } finally {
    rpc.close();
  }
}

describe('calls of every method with hostile arguments', () => {
  test.each(['root', 'mallory'])(
    'as %s: a typed answer or the end of the connection, and nothing logged for a refusal',
    async (who) => {
      const chance = new Chance(`arguments of ${who}`);
      const user = who === 'root' ? server.user : who;
      await renewTree();
      const targets = TARGETS.filter(({ name }) => who !== 'root' || !ONLY_AS_MALLORY.has(name));
      const served = handled(targets);
      const { editLog } = server.nameNode.system;
      const classes = new Map<string, number>();
      const clientIds = [chance.bytes(16), chance.bytes(16), Buffer.alloc(0), chance.bytes(5), chance.bytes(64)];
      let peer: RawPeer | undefined;
      let seen = { count: 0 };
      let callId = 0;
      const rounds = share(0.3);
      for (let round = 0; round < rounds; round++) {
        if (peer === undefined || peer.closed || round % 50 === 0) {
          peer?.destroy();
          peer = await RawPeer.connect(server.port);
          peer.send(opening(clientIds[0] as Buffer, CLIENT, user));
          seen = { count: 0 };
        }
        if (round % 200 === 0) {
          await serveTheGood(round);
          if (who === 'root') await renewTree();
        }
        const target = chance.of(chance.happens(0.95) ? served : targets);
        const hostility = chance.of([0, 0, 0.02, 0.05, 0.3]);
        const messages = new HostileMessages(chance, { plausible: plausible(chance), hostility });
        let body = messages.message(target.schema, target.request);
        if (chance.happens(0.05)) body = mutated(chance, body);
        // Some numbers are used again: the retry cache must not confuse their calls.
        const id = chance.happens(0.05) ? chance.below(round + 1) : ++callId;
        watch.skip();
        const before = editLog.lastTxid;
        const what = `round ${round}: ${target.name}`;
        const frame = callFrame(target, chance.happens(0.9) ? (clientIds[0] as Buffer) : chance.of(clientIds), id, body);
        const { answer, inTime } = await call(peer, seen, frame);
        expect(inTime, `${what} was not answered`).toBe(true);
        expect(watch.trouble, what).toEqual([]);
        if (answer !== undefined) {
          classes.set(answer.error ?? 'ok', (classes.get(answer.error ?? 'ok') ?? 0) + 1);
          if (answer.error !== undefined && !LOGS_WHEN_REFUSED.has(target.name)) {
            expect(editLog.lastTxid, `${what} was refused (${answer.message}) and changed something`).toBe(before);
          }
        }
      }
      peer?.destroy();
      if (VERBOSE) console.log(who, Object.fromEntries(classes));
      expect(classes.get('ok') ?? 0).toBeGreaterThan(rounds / 20);
      await serveTheGood(rounds);
    },
  );
});

test('a name that the disk refuses for a file of metaSave is the caller’s error, not a fault of the NameNode', async () => {
  const admin = new HdfsAdmin(server.host, Configuration.of({ 'fs.defaultFS': `hdfs://127.0.0.1:${server.port}` }));
  try {
    await expect(admin.metaSave('é'.repeat(300))).rejects.toMatchObject({ code: 'EIO' });
    await admin.metaSave('short');
    expect(watch.trouble).toEqual([]);
  } finally {
    admin.close();
  }
});

test('mutated sessions are answered or closed, and nobody else notices', async () => {
  const chance = new Chance('sessions');
  const messages = new HostileMessages(chance, { plausible: plausible(chance), hostility: 0 });
  const rounds = share(0.3);
  for (let round = 0; round < rounds; round++) {
    const clientId = chance.bytes(16);
    const calls = Array.from({ length: 1 + chance.below(4) }, (_, index) => {
      const target = chance.of(TARGETS.filter(({ name }) => !ONLY_AS_MALLORY.has(name)));
      return callFrame(target, clientId, index, messages.message(target.schema, target.request));
    });
    const session = Buffer.concat([opening(clientId, CLIENT, server.user), ...calls]);
    const { closed } = await converse(server.port, mutated(chance, session), ANSWER_MS);
    expect(closed, `session ${round} was left hanging`).toBe(true);
    if (round % 100 === 0) await serveTheGood(round);
  }
  await serveTheGood(rounds);
});

test('all of it stayed within the bounds of time, memory and descriptors', async () => {
  await serveTheGood(0);
  if (VERBOSE) console.log(`longest turn ${watch.longestTurnMs} ms, grown ${watch.grownMiB} MiB`);
  expect(watch.longestTurnMs).toBeLessThan(LONGEST_TURN_MS);
  expect(watch.grownMiB).toBeLessThan(GROWTH_MIB);
});

test('what was logged meanwhile is loaded again, from the log and from an image, and is the same', async () => {
  const tree = async (client: Hdfs): Promise<string[]> => {
    const lines: string[] = [];
    for await (const entry of client.opendir('/', { recursive: true })) {
      // How much an open file is known to hold is not logged before its block is: the same as with Apache.
      const { inodes } = server.nameNode.system.namespace;
      const isOpen = inodes.underConstruction(inodes.find(inodeId(entry.stats.ino))) !== undefined;
      lines.push(JSON.stringify([entry.parentPath, entry.name, { ...entry.stats, size: isOpen ? 'open' : entry.stats.size }]));
    }
    return lines.sort();
  };
  const before = await tree(good);
  expect(before.length).toBeGreaterThan(0);
  for (const via of ['log', 'image']) {
    await good.close();
    await server.nameNode.stop();
    server = await startTestNameNode(nameNodeConfiguration(directory.path), watch, false);
    good = await server.client();
    expect(await tree(good), `after a start from the ${via}`).toEqual(before);
    await server.nameNode.checkpointer.save();
  }
  expect(watch.trouble).toEqual([]);
});
