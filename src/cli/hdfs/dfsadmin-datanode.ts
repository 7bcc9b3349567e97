// hdfs dfsadmin's commands that talk to a DataNode itself: -getVolumeReport, -triggerBlockReport, -shutdownDatanode and
// more. Apache: DFSAdmin.
import { HdfsError } from '../../base/errors.ts';
import { binaryPrefix } from '../../base/sizes.ts';
import { DataNodeAdmin } from '../../client/datanode-admin.ts';
import type { Configuration } from '../../config/configuration.ts';
import { parseHostPort } from '../../config/nameservices.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import { FAILED } from './dfsadmin-usage.ts';
import { Words, WrongWord } from './words.ts';

export interface DataNodeCommand {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly configuration: Configuration;
}

export interface DataNodeWords {
  readonly usage: string;
  /** How many words it takes; beyond `most` it is told its usage. */
  readonly least: number;
  readonly most: number;
  run(command: DataNodeCommand, args: readonly string[]): Promise<number>;
}

export const DATANODE_COMMANDS: Readonly<Record<string, DataNodeWords>> = {
  '-triggerBlockReport': {
    usage: '-triggerBlockReport [-incremental] <datanode_host:ipc_port> [-namenode <namenode_host:ipc_port>]',
    least: 1,
    most: 4,
    run: triggerBlockReport,
  },
  '-evictWriters': {
    usage: '-evictWriters <datanode_host:ipc_port>',
    least: 1,
    most: Number.POSITIVE_INFINITY,
    run: (command, args) =>
      withReachable(command, args[0] ?? '', async (node) => {
        await node.evictWriters();
        command.terminal.stdout.write(`Requested writer eviction to datanode ${args[0]}\n`);
        return 0;
      }),
  },
  '-shutdownDatanode': {
    usage: '-shutdownDatanode <datanode_host:ipc_port> [upgrade]',
    least: 1,
    most: 2,
    run: async (command, args) => {
      const [address = '', word] = args;
      if (word !== undefined && word.toLowerCase() !== 'upgrade') {
        command.terminal.stderr.write('Usage: hdfs dfsadmin [-shutdownDatanode <datanode_host:ipc_port> [upgrade]]\n');
        return FAILED;
      }
      return withDataNode(command, address, async (node) => {
        await node.shutdown(word !== undefined);
        command.terminal.stdout.write(`Submitted a shutdown request to datanode ${address}\n`);
        return 0;
      });
    },
  },
  '-getDatanodeInfo': {
    usage: '-getDatanodeInfo <datanode_host:ipc_port>',
    least: 1,
    most: 1,
    run: (command, args) =>
      withReachable(command, args[0] ?? '', async (node) => {
        const { uptimeSeconds, softwareVersion, configVersion } = await node.info();
        command.terminal.stdout.write(
          `Uptime: ${uptimeSeconds}, Software version: ${softwareVersion}, Config version: ${configVersion}\n`,
        );
        return 0;
      }),
  },
  '-getBalancerBandwidth': {
    usage: '-getBalancerBandwidth <datanode_host:ipc_port>',
    least: 1,
    most: 1,
    run: (command, args) =>
      withReachable(command, args[0] ?? '', async (node) => {
        command.terminal.stdout.write(`Balancer bandwidth is ${await node.balancerBandwidth()} bytes per second.\n`);
        return 0;
      }),
  },
  '-getVolumeReport': { usage: '-getVolumeReport datanode_host:ipc_port', least: 1, most: 1, run: volumeReport },
  '-refreshNamenodes': {
    usage: '-refreshNamenodes datanode_host:ipc_port',
    least: 1,
    most: 1,
    run: (command, args) =>
      withDataNode(command, args[0] ?? '', async (node) => {
        await node.refreshNameNodes();
        return 0;
      }),
  },
  '-deleteBlockPool': {
    usage: '-deleteBlockPool datanode_host:ipc_port blockpoolId [force]',
    least: 2,
    most: 3,
    run: async (command, args) => {
      const [address = '', pool = '', word] = args;
      if (word !== undefined && word !== 'force') {
        command.terminal.stderr.write('Usage: hdfs dfsadmin [-deleteBlockPool datanode_host:ipc_port blockpoolId [force]]\n');
        return FAILED;
      }
      return withDataNode(command, address, async (node) => {
        await node.deleteBlockPool(pool, word !== undefined);
        return 0;
      });
    },
  },
};

/** What goes wrong on the way; all else is what the server has answered. */
const ON_THE_WAY: ReadonlySet<string> = new Set(['ECONN', 'ETIMEDOUT']);

/** As Java's Throwable prints itself. */
export function javaText(error: unknown): string {
  if (!(error instanceof HdfsError)) throw error;
  const { code, javaClass } = error;
  const shown = ON_THE_WAY.has(code) ? javaClass : `org.apache.hadoop.ipc.RemoteException(${javaClass})`;
  return `${shown}: ${error.message.split('\n', 1)[0]}`;
}

/** Throws HdfsError EILLEGAL. */
export function requireHostPort(address: string): void {
  const port = /:(\d+)$/.exec(address)?.[1];
  if (Number(port) > 65_535) throw new HdfsError('EILLEGAL', `port out of range:${port}`);
  try {
    parseHostPort(address, 'the address of the DataNode');
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    throw new HdfsError('EILLEGAL', `Does not contain a valid host:port authority: ${address}`, { cause: error });
  }
}

export async function withDataNode(
  { host, configuration }: DataNodeCommand,
  address: string,
  run: (node: DataNodeAdmin) => Promise<number>,
): Promise<number> {
  requireHostPort(address);
  const node = new DataNodeAdmin(host, configuration, address);
  try {
    return await run(node);
  } finally {
    node.close();
  }
}

async function volumeReport(command: DataNodeCommand, args: readonly string[]): Promise<number> {
  return withDataNode(command, args[0] ?? '', async (node) => {
    const volumes = await node.volumes();
    const bytes = (value: number): string => `${value}(${binaryPrefix(value, 2, 'B')})`;
    const out = [`Active Volumes : ${volumes.length}`];
    for (const volume of volumes) {
      out.push(
        '',
        `Directory: ${volume.path}`,
        `StorageType: ${volume.storageType}`,
        `Capacity Used: ${bytes(volume.used)}`,
        `Capacity Left: ${bytes(volume.free)}`,
        `Capacity Reserved: ${bytes(volume.reserved)}`,
        `Reserved Space for Replicas: ${bytes(volume.reservedForReplicas)}`,
        `Blocks: ${volume.blocks}`,
      );
    }
    command.terminal.stdout.write(`${out.join('\n')}\n`);
    return 0;
  });
}

/** Throws HdfsError EILLEGAL for a wrong word. */
function taken<T>(take: () => T): T {
  try {
    return take();
  } catch (error) {
    if (error instanceof WrongWord) throw new HdfsError('EILLEGAL', error.message, { cause: error });
    throw error;
  }
}

async function triggerBlockReport(command: DataNodeCommand, args: readonly string[]): Promise<number> {
  const { stdout, stderr } = command.terminal;
  const words = new Words(args);
  const [nameNode, incremental, address] = taken(() => [words.value('-namenode'), words.flag('-incremental'), words.operand()]);
  if (address === undefined) {
    stderr.write('You must specify a host:port pair.\n');
    return 1;
  }
  if (words.left.length > 0) {
    stderr.write(`Can't understand arguments: ${words.left.join(' ')}\n`);
    return 1;
  }
  if (nameNode !== undefined) requireHostPort(nameNode);
  try {
    await withDataNode(command, address, async (node) => {
      await node.triggerBlockReport(incremental, nameNode);
      return 0;
    });
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EILLEGAL') throw error;
    stderr.write(`triggerBlockReport error: ${javaText(error)}\n`);
    return 1;
  }
  const what = incremental ? 'an incremental' : 'a full';
  stdout.write(`Triggering ${what} block report on ${address}${nameNode === undefined ? '' : ` to namenode ${nameNode}`}.\n`);
  return 0;
}

/** As withDataNode, where Apache says of every failure that the node is out of reach. */
async function withReachable(...[command, address, run]: Parameters<typeof withDataNode>): Promise<number> {
  return withDataNode(command, address, async (node) => {
    try {
      return await run(node);
    } catch (error) {
      throw new HdfsError('EIO', `Datanode unreachable. ${javaText(error)}`, { cause: error });
    }
  });
}
