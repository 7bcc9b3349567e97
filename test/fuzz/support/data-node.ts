// A DataNode in this process beside a NameNode of ours, and blocks as a client sends them.
import type { Configuration } from '../../../src/config/configuration.ts';
import { nodeHost } from '../../../src/host/node/index.ts';
import { DataChecksum } from '../../../src/server/datanode/data-checksum.ts';
import { DataNode } from '../../../src/server/datanode/datanode.ts';
import { writePacketHeader } from '../../../src/wire/transfer/packet.ts';
import type { TestNameNode } from './name-node.ts';
import type { Watch } from './watch.ts';

export function dataNodeConfiguration(base: Configuration, nameNodePort: number, directory: string): Configuration {
  return base.with({
    'fs.defaultFS': `hdfs://127.0.0.1:${nameNodePort}`,
    'dfs.namenode.rpc-address': `127.0.0.1:${nameNodePort}`,
    'dfs.datanode.data.dir': directory,
    'dfs.datanode.address': '127.0.0.1:0',
    'dfs.datanode.ipc.address': '127.0.0.1:0',
    'dfs.datanode.http.address': '127.0.0.1:0',
    'dfs.heartbeat.interval': '1',
    // Silent peers are given up soon, so that the test need not wait.
    'dfs.client.socket-timeout': '2000',
    'dfs.datanode.socket.reuse.keepalive': '500',
    'dfs.datanode.bp-ready.timeout': '1',
  });
}

export async function startTestDataNode(configuration: Configuration, watch: Watch): Promise<DataNode> {
  const dataNode = new DataNode(nodeHost({ logLevel: 'error', logWrite: watch.log }), configuration);
  await dataNode.start();
  return dataNode;
}

export async function untilLive(server: TestNameNode, count: number): Promise<void> {
  const { blockManager } = server.nameNode.system;
  const end = performance.now() + 30_000;
  while (blockManager.datanodes.aliveCount < count || blockManager.safeMode.isOn) {
    if (performance.now() > end) throw new Error('the DataNode was not taken in');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface PacketLies {
  readonly payloadLength?: number;
  readonly headerLength?: number;
}

/** One packet of a block with CRC32C sums of 512-byte chunks. */
export function packet(seqno: number, offset: number, data: Uint8Array, last: boolean, lies: PacketLies = {}): Buffer {
  const checksum = DataChecksum.of(2, 512);
  const sums = Buffer.alloc(checksum.sumBytes(data.length));
  checksum.compute(data, sums, 0);
  const header = Buffer.alloc(64);
  const end = writePacketHeader(
    header,
    0,
    { seqno, offsetInBlock: offset, dataLen: data.length, lastPacketInBlock: last, syncBlock: false },
    sums.length,
  );
  if (lies.payloadLength !== undefined) header.writeInt32BE(lies.payloadLength, 0);
  if (lies.headerLength !== undefined) header.writeInt16BE(lies.headerLength, 4);
  return Buffer.concat([header.subarray(0, end), sums, data]);
}
