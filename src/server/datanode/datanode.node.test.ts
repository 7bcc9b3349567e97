// If this fails, a DataNode does not register, loses blocks over a restart, breaks a pipeline, or can be brought down by
// nonsense on its data port. Real sockets and disks, and a NameNode that only listens.
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crcOfBytes } from '../../base/crc.ts';
import { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { nodeHost } from '../../host/node/index.ts';
import { nodeNet } from '../../host/node/net.ts';
import { RpcServer } from '../../rpc/server.ts';
import { defineService } from '../../rpc/service.ts';
import { ByteSource } from '../../transfer/byte-source.ts';
import {
  BlockCommandProto_Action,
  DatanodeCommandProto_Type,
  type DatanodeCommandProtoInit,
  DatanodeProtocolService,
  type DatanodeRegistrationProto,
} from '../../wire/messages/datanode.ts';
import { ChecksumTypeProto, type ExtendedBlockProtoInit, type StorageReportProto } from '../../wire/messages/hdfs.ts';
import {
  BlockOpResponseProto,
  ClientReadStatusProto,
  OpBlockChecksumProto,
  OpReadBlockProto,
  OpWriteBlockProto,
  PipelineAckProto,
  Status,
} from '../../wire/messages/transfer.ts';
import { encodeOp, Op } from '../../wire/transfer/ops.ts';
import { packetHeaderBytes, parsePacketHeader, parsePacketLengths, writePacketHeader } from '../../wire/transfer/packet.ts';
import { DataNode } from './datanode.ts';
import { DATANODE_PROTOCOL } from './namenode-actor.ts';

const POOL = 'BP-1-127.0.0.1-1';
const TOKEN = { identifier: Buffer.alloc(0), password: Buffer.alloc(0), kind: '', service: '' };
const host: Host = nodeHost({ logLevel: 'silent' });

/** A NameNode that takes what it is told, and keeps it. */
class Listening {
  readonly registrations: DatanodeRegistrationProto[] = [];
  readonly news: string[] = [];
  readonly reports: number[] = [];
  /** Bytes that the last heartbeat said are used. */
  used = 0;
  commands: DatanodeCommandProtoInit[] = [];
  readonly server: RpcServer;

  constructor() {
    this.server = new RpcServer(host, {
      name: 'NameNode',
      address: { host: '127.0.0.1', port: 0 },
      services: [
        defineService({
          protocol: DATANODE_PROTOCOL,
          version: 1,
          methods: DatanodeProtocolService,
          handlers: {
            versionRequest: () => ({
              info: {
                buildVersion: 'x',
                unused: 0,
                blockPoolID: POOL,
                storageInfo: { layoutVersion: -67, namespceID: 7, clusterID: 'CID-1', cTime: 0 },
                softwareVersion: '3.5.0',
                capabilities: 1,
                state: 0 as const,
              },
            }),
            registerDatanode: ({ registration }) => {
              const id = registration.datanodeID;
              const known = { ...registration, datanodeID: { ...id, ipAddr: '127.0.0.1' } };
              this.registrations.push(known);
              return { registration: known };
            },
            sendHeartbeat: ({ requestFullBlockReportLease, reports }) => ({
              ...this.hear(reports),
              cmds: this.commands.splice(0),
              haStatus: { state: 0 as const, txid: 1 },
              fullBlockReportLeaseId: requestFullBlockReportLease ? 5n : 0n,
            }),
            blockReport: ({ reports }) => {
              this.reports.push(reports.reduce((sum, report) => sum + (report.numberOfBlocks ?? 0), 0));
              return {};
            },
            blockReceivedAndDeleted: ({ blocks }) => {
              for (const storage of blocks) {
                for (const { block, status } of storage.blocks) this.news.push(`${status} ${block.blockId} ${block.numBytes}`);
              }
              return {};
            },
          },
          refused: {
            cacheReport: 'x',
            errorReport: 'x',
            reportBadBlocks: 'x',
            commitBlockSynchronization: 'x',
          },
        }),
      ],
    });
  }

  private hear(reports: readonly StorageReportProto[]): object {
    this.used = reports.reduce((sum, { dfsUsed }) => sum + (dfsUsed ?? 0), 0);
    return {};
  }
}

let root: string;
let namenode: Listening;
let nodes: DataNode[];

async function startNode(name: string, on = host, keys: Record<string, string> = {}): Promise<DataNode> {
  const node = new DataNode(
    on,
    Configuration.of({
      'fs.defaultFS': `hdfs://127.0.0.1:${namenode.server.address.port}`,
      'dfs.datanode.data.dir': join(root, name),
      'dfs.datanode.address': '127.0.0.1:0',
      'dfs.datanode.ipc.address': '127.0.0.1:0',
      'dfs.datanode.http.address': '127.0.0.1:0',
      'dfs.heartbeat.interval': '1',
      ...keys,
    }),
  );
  const before = namenode.registrations.length;
  nodes.push(node);
  await node.start();
  await until(() => namenode.registrations.length > before && namenode.reports.length > before);
  return node;
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 50_000; performance.now() < end && !condition(); ) await host.clock.sleep(10);
  expect(condition()).toBe(true);
}

async function open(node: DataNode): Promise<ByteSource> {
  const connection = await host.net.connect(node.addresses.transfer);
  const source = new ByteSource(connection, { borrowedChunks: false, clock: host.clock });
  source.timeoutMs = 10_000;
  return source.start();
}

const blockProto = (id: bigint, numBytes = 0): ExtendedBlockProtoInit => ({
  poolId: POOL,
  blockId: id,
  generationStamp: 1001,
  numBytes,
});

const NO_BYTES = Buffer.alloc(0);

function sumsOf(data: Buffer): Buffer {
  const sums = Buffer.alloc(Math.ceil(data.length / 512) * 4);
  for (let i = 0; i * 512 < data.length; i++) {
    sums.writeUInt32BE(crcOfBytes('CRC32C', data, i * 512, Math.min(data.length, (i + 1) * 512)), i * 4);
  }
  return sums;
}

function packetOf(data: Buffer, offset: number, seqno: number, last: boolean, damage = false): Buffer {
  const sums = sumsOf(data);
  const at = packetHeaderBytes(false);
  const bytes = Buffer.alloc(at + sums.length + data.length);
  const header = { offsetInBlock: offset, seqno, lastPacketInBlock: last, dataLen: data.length, syncBlock: false };
  writePacketHeader(bytes, 0, header, sums.length);
  sums.copy(bytes, at);
  data.copy(bytes, at + sums.length);
  if (damage) bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  return bytes;
}

async function startWrite(pipeline: readonly DataNode[], id: bigint): Promise<ByteSource> {
  const source = await open(pipeline[0] as DataNode);
  const targets = pipeline.slice(1).map((node, i) => ({
    id: {
      ipAddr: '127.0.0.1',
      hostName: 'localhost',
      datanodeUuid: `u${i}`,
      xferPort: node.addresses.transfer.port,
      infoPort: 1,
      ipcPort: 1,
    },
  }));
  source.connection.write(
    encodeOp(Op.WRITE_BLOCK, OpWriteBlockProto, {
      header: { baseHeader: { block: blockProto(id), token: TOKEN }, clientName: 'test' },
      targets,
      stage: 6,
      pipelineSize: pipeline.length,
      minBytesRcvd: 0,
      maxBytesRcvd: 0,
      latestGenerationStamp: 0,
      requestedChecksum: { type: ChecksumTypeProto.CHECKSUM_CRC32C, bytesPerChecksum: 512 },
      targetStorageTypes: targets.map(() => 1 as const),
    }),
  );
  return source;
}

async function write(pipeline: readonly DataNode[], id: bigint, content: Buffer): Promise<void> {
  const source = await startWrite(pipeline, id);
  expect((await source.readDelimited(BlockOpResponseProto, 1000)).status).toBe(Status.SUCCESS);
  let seqno = 0;
  for (let at = 0; at < content.length; at += 64 * 1024) {
    source.connection.write(packetOf(content.subarray(at, at + 64 * 1024), at, seqno++, false));
  }
  source.connection.write(packetOf(Buffer.alloc(0), content.length, seqno, true));
  for (let expected = 0; expected <= seqno; expected++) {
    const ack = await source.readDelimited(PipelineAckProto, 1000);
    expect(ack.seqno).toBe(expected);
    expect(ack.reply).toEqual(pipeline.map(() => Status.SUCCESS));
  }
  expect(await source.waitOrEnd(1)).toBe(false);
  source.connection.destroy();
}

interface ReadOptions {
  readonly sendChecksums?: boolean;
  /** Before the first packet is fetched. */
  readonly waitMs?: number;
}

async function read(
  source: ByteSource,
  id: bigint,
  offset: number,
  length: number,
  { sendChecksums = true, waitMs = 0 }: ReadOptions = {},
): Promise<{ data: Buffer; from: number; longest: number }> {
  source.connection.write(
    encodeOp(Op.READ_BLOCK, OpReadBlockProto, {
      header: { baseHeader: { block: blockProto(id), token: TOKEN }, clientName: 'test' },
      offset,
      len: length,
      sendChecksums,
    }),
  );
  const response = await source.readDelimited(BlockOpResponseProto, 10_000);
  if (response.status !== Status.SUCCESS) throw new Error(response.message);
  const parts: Buffer[] = [];
  const from = response.readOpChecksumInfo?.chunkOffset ?? 0;
  await host.clock.sleep(waitMs);
  let longest = 0;
  for (let at = from, seqno = 0; ; seqno++) {
    const lengths = parsePacketLengths(await source.read(6), 0);
    longest = Math.max(longest, lengths.totalBytes);
    const rest = await source.read(lengths.totalBytes - 6);
    const header = parsePacketHeader(rest, 0, lengths);
    expect(header).toMatchObject({ offsetInBlock: at, seqno });
    const data = rest.subarray(rest.length - header.dataLen);
    const sums = rest.subarray(packetHeaderBytes(false) - 6, rest.length - header.dataLen);
    if (header.lastPacketInBlock) break;
    expect(sums.equals(sendChecksums ? sumsOf(data) : NO_BYTES)).toBe(true);
    parts.push(data);
    at += data.length;
  }
  source.connection.write(ClientReadStatusProto.encodeDelimited({ status: Status.CHECKSUM_OK }));
  return { data: Buffer.concat(parts), from, longest };
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tuskfs-dn-'));
  nodes = [];
  namenode = new Listening();
  await namenode.server.start();
});

afterEach(async () => {
  for (const node of nodes) await node.stop();
  await namenode.server.close();
  rmSync(root, { recursive: true });
});

const content = Buffer.from(Array.from({ length: 300_001 }, (_, i) => (i * 7 + (i >> 9)) & 0xff));

test('a block goes through a pipeline, is read in parts on one connection, and is there after a restart', async () => {
  const first = await startNode('a');
  const second = await startNode('b');
  await write([first, second], 1073741825n, content);
  await until(() => namenode.news.filter((line) => line === '2 1073741825 300001').length === 2);
  for (const node of [first, second]) {
    const source = await open(node);
    expect((await read(source, 1073741825n, 0, content.length)).data.equals(content)).toBe(true);
    const part = await read(source, 1073741825n, 1000, 10);
    expect(part.from).toBe(512);
    expect(part.data.equals(content.subarray(512, 1024))).toBe(true);
    await expect(read(source, 1073741825n, 300_000, 10)).rejects.toThrow(/don't match block/);
    source.connection.destroy();
  }
  await first.stop();
  const again = await startNode('a');
  expect(namenode.reports.at(-1)).toBe(1);
  const source = await open(again);
  expect((await read(source, 1073741825n, 0, content.length)).data.equals(content)).toBe(true);
  source.connection.destroy();
});

describe.each([
  ['the kernel, where it can', host],
  ['reading and writing', { ...host, net: nodeNet(host.log, undefined, () => Promise.resolve(undefined)) }],
])('a long block, sent by %s', (_name, on) => {
  // More than the kernel takes for a reader that does not fetch anything.
  const long = Buffer.alloc(20_000_001);
  for (let at = 0; at + 4 < long.length; at += 4) long.writeUInt32LE(at, at);
  const file = (): string => join(root, 'a/current', POOL, 'current/finalized/subdir0/subdir0/blk_10');

  test('comes whole, in parts, without checksums, and to who is slow', async () => {
    const node = await startNode('a', on);
    await write([node], 10n, long);
    const source = await open(node);
    expect((await read(source, 10n, 0, long.length)).data.equals(long)).toBe(true);
    const part = await read(source, 10n, 1_000_001, 5_000_000);
    expect(part.from).toBe(999_936);
    expect(part.data.equals(long.subarray(999_936, 6_000_128))).toBe(true);
    expect((await read(source, 10n, 0, long.length, { sendChecksums: false })).data.equals(long)).toBe(true);
    expect((await read(source, 10n, 0, long.length, { waitMs: 300 })).data.equals(long)).toBe(true);
    source.connection.destroy();
  });

  test('comes in packets that are taken where the same is configured', async () => {
    const node = await startNode('a', on, { 'dfs.data.transfer.max.packet.size': '200000' });
    await write([node], 10n, long);
    const source = await open(node);
    const { data, longest } = await read(source, 10n, 0, long.length);
    expect(data.equals(long)).toBe(true);
    expect(longest).toBeLessThanOrEqual(200_000);
    source.connection.destroy();
  });

  test('ends its connection where the file ends too early, and is still served to others where it does not', async () => {
    const node = await startNode('a', on);
    await write([node], 10n, long);
    truncateSync(file(), 2_000_000);
    const source = await open(node);
    await expect(read(source, 10n, 0, long.length)).rejects.toThrow(/Premature EOF|reset/);
    source.connection.destroy();
    const other = await open(node);
    expect((await read(other, 10n, 512, 1_024_000)).data.equals(long.subarray(512, 1_024_512))).toBe(true);
    other.connection.destroy();
  });

  test('does not keep the node from serving others when its reader goes away', async () => {
    const node = await startNode('a', on);
    await write([node], 10n, long);
    for (let i = 0; i < 10; i++) {
      const source = await open(node);
      const reading = read(source, 10n, 0, long.length, { waitMs: 5 });
      reading.catch(() => undefined);
      await host.clock.sleep(i);
      source.connection.destroy();
      await expect(reading).rejects.toThrow();
    }
    const source = await open(node);
    expect((await read(source, 10n, 0, long.length)).data.equals(long)).toBe(true);
    source.connection.destroy();
  });
});

test('bytes that came damaged are not acknowledged', async () => {
  const node = await startNode('a');
  const source = await startWrite([node], 5n);
  await source.readDelimited(BlockOpResponseProto, 1000);
  source.connection.write(packetOf(content.subarray(0, 1000), 0, 0, false, true));
  expect((await source.readDelimited(PipelineAckProto, 1000)).reply).toEqual([Status.ERROR_CHECKSUM]);
  expect(await source.waitOrEnd(1).catch(() => false)).toBe(false);
  source.connection.destroy();
});

test('a node after us that cannot be reached is named', async () => {
  const first = await startNode('a');
  const second = await startNode('b');
  const { port } = second.addresses.transfer;
  const targets = [first, { addresses: second.addresses } as DataNode];
  await second.stop();
  const source = await startWrite(targets, 6n);
  const answer = await source.readDelimited(BlockOpResponseProto, 10_000);
  expect(answer).toMatchObject({ status: Status.ERROR, firstBadLink: `127.0.0.1:${port}` });
  source.connection.destroy();
});

test('what a dead writer left is cut to what its checksums prove, and is not readable before recovery', async () => {
  const node = await startNode('a');
  const source = await startWrite([node], 7n);
  await source.readDelimited(BlockOpResponseProto, 1000);
  source.connection.write(packetOf(content.subarray(0, 1300), 0, 0, false));
  await source.readDelimited(PipelineAckProto, 1000);
  source.connection.destroy();
  await node.stop();
  const rbw = join(root, 'a/current', POOL, 'current/rbw');
  expect(readdirSync(rbw)).toEqual(['blk_7', 'blk_7_1001.meta']);
  truncateSync(join(rbw, 'blk_7'), 1100);
  writeFileSync(join(root, 'a/current', POOL, 'tmp/blk_8'), 'half a copy');
  const again = await startNode('a');
  expect(namenode.reports.at(-1)).toBe(1);
  const reader = await open(again);
  await expect(read(reader, 7n, 0, 100)).rejects.toThrow(/not readable.*RWR, blk_7_1001, length 1024/);
  reader.connection.destroy();
});

test('the NameNode has blocks deleted, and hears of it', async () => {
  const node = await startNode('a');
  await write([node], 9n, content);
  const chunks = Math.ceil(content.length / 512);
  // Counted before it was written: what the empty pool takes.
  const empty = 7 * 4096;
  await until(() => namenode.used === empty + content.length + 7 + 4 * chunks);
  namenode.commands = [
    {
      cmdType: DatanodeCommandProto_Type.BlockCommand,
      blkCmd: {
        action: BlockCommandProto_Action.INVALIDATE,
        blockPoolId: POOL,
        blocks: [{ blockId: 9n, genStamp: 1001 }],
      },
    },
  ];
  await until(() => namenode.news.includes('3 9 300001'));
  await until(() => namenode.used === empty);
});

test('nonsense on the data port ends its connection and nothing else; what is refused is refused with its reason', async () => {
  const node = await startNode('a');
  for (const nonsense of [
    Buffer.from([0xde, 0xad, 0xbe, 0xef]),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0, 28, 80, 0xff, 0xff, 0xff, 0xff, 0x07]),
  ]) {
    const source = await open(node);
    source.connection.write(nonsense);
    expect(await source.waitOrEnd(1).catch(() => false)).toBe(false);
    source.connection.destroy();
  }
  const source = await open(node);
  source.connection.write(encodeOp(Op.COPY_BLOCK, OpBlockChecksumProto, { header: { block: blockProto(9n), token: TOKEN } }));
  expect(await source.readDelimited(BlockOpResponseProto, 1000)).toMatchObject({ status: Status.ERROR_UNSUPPORTED });
  source.connection.destroy();
  const reader = await open(node);
  await expect(read(reader, 404n, 0, 1)).rejects.toThrow(/Replica not found for BP-1-127.0.0.1-1:blk_404_1001/);
  reader.connection.destroy();
});
