// hdfs dfsadmin's commands that talk to a DataNode itself: -reconfig, -getVolumeReport, -triggerBlockReport and more.
// Apache: DFSAdmin.
import { HdfsError } from '../../base/errors.ts';
import { binaryPrefix } from '../../base/sizes.ts';
import type { HdfsAdmin } from '../../client/admin.ts';
import { DataNodeAdmin, type ReconfigurationTask } from '../../client/datanode-admin.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { javaDate, type Terminal } from '../terminal.ts';

const FAILED = 255;

export interface DataNodeCommand {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly configuration: Configuration;
  readonly admin: HdfsAdmin;
}

export const DATANODE_COMMANDS: Readonly<
  Record<string, { readonly usage: string; run(command: DataNodeCommand, args: readonly string[]): Promise<number> }>
> = {
  '-reconfig': {
    usage: '-reconfig <namenode|datanode> <host:ipc_port|livenodes|decomnodes> <start|status|properties>',
    run: reconfigure,
  },
  '-triggerBlockReport': {
    usage: '-triggerBlockReport [-incremental] <datanode_host:ipc_port> [-namenode <namenode_host:ipc_port>]',
    run: triggerBlockReport,
  },
  '-evictWriters': {
    usage: '-evictWriters <datanode_host:ipc_port>',
    run: (command, args) =>
      withDataNode(command, args[0] ?? '', async (node) => {
        await node.evictWriters();
        command.terminal.stdout.write(`Requested writer eviction to datanode ${args[0]}\n`);
        return 0;
      }),
  },
  '-shutdownDatanode': {
    usage: '-shutdownDatanode <datanode_host:ipc_port> [upgrade]',
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
    run: (command, args) =>
      withDataNode(command, args[0] ?? '', async (node) => {
        const { uptimeSeconds, softwareVersion, configVersion } = await node.info();
        command.terminal.stdout.write(
          `Uptime: ${uptimeSeconds}, Software version: ${softwareVersion}, Config version: ${configVersion}\n`,
        );
        return 0;
      }),
  },
  '-getBalancerBandwidth': {
    usage: '-getBalancerBandwidth <datanode_host:ipc_port>',
    run: (command, args) =>
      withDataNode(command, args[0] ?? '', async (node) => {
        command.terminal.stdout.write(`Balancer bandwidth is ${await node.balancerBandwidth()} bytes per second.\n`);
        return 0;
      }),
  },
  '-getVolumeReport': { usage: '-getVolumeReport datanode_host:ipc_port', run: volumeReport },
};

/** As Java's Throwable prints itself. */
function javaText(error: unknown): string {
  if (!(error instanceof HdfsError)) throw error;
  return `${error.javaClass}: ${error.message.split('\n', 1)[0]}`;
}

async function withDataNode(
  { host, configuration }: DataNodeCommand,
  address: string,
  run: (node: DataNodeAdmin) => Promise<number>,
): Promise<number> {
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

async function triggerBlockReport(command: DataNodeCommand, args: readonly string[]): Promise<number> {
  const { stdout, stderr } = command.terminal;
  const at = args.indexOf('-namenode');
  const nameNode = at < 0 ? undefined : args[at + 1];
  const rest = args.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
  const incremental = rest.includes('-incremental');
  const [address, ...more] = rest.filter((word) => word !== '-incremental');
  if (address === undefined) {
    stderr.write('You must specify a host:port pair.\n');
    return 1;
  }
  if (more.length > 0) {
    stderr.write(`Can't understand arguments: ${more.join(' ')}\n`);
    return 1;
  }
  try {
    await withDataNode(command, address, async (node) => {
      await node.triggerBlockReport(incremental, nameNode);
      return 0;
    });
  } catch (error) {
    stderr.write(`triggerBlockReport error: ${javaText(error)}\n`);
    return 1;
  }
  const what = incremental ? 'an incremental' : 'a full';
  stdout.write(`Triggering ${what} block report on ${address}${nameNode === undefined ? '' : ` to namenode ${nameNode}`}.\n`);
  return 0;
}

// ------------------------------------------------------------------------------------------------------ reconfiguration

async function reconfigure(command: DataNodeCommand, args: readonly string[]): Promise<number> {
  const { stdout, stderr } = command.terminal;
  const [type, address = '', operation] = args;
  const one = operation === 'start' ? startOne : operation === 'status' ? statusOfOne : undefined;
  if (one === undefined && operation !== 'properties') {
    stderr.write(`Unknown operation: ${operation}\n`);
    return FAILED;
  }
  const isBulk = address === 'livenodes' || address === 'decomnodes';
  if (type !== 'datanode') {
    stderr.write(
      isBulk && one !== undefined
        ? 'Only datanode type supports reconfiguration in bulk.\n'
        : `Node type ${type} does not support reconfiguration.\n`,
    );
    return 1;
  }
  if (one === undefined) return properties(command, address);
  if (!isBulk) return one(command, address);
  const nodes = await command.admin.dataNodes(address === 'livenodes' ? 'live' : 'decommissioning');
  const results = await Promise.all(nodes.map(({ ipcAddress }) => one(command, ipcAddress)));
  const failed = results.filter((code) => code !== 0).length;
  const what = operation === 'start' ? 'Starting of reconfiguration task' : 'Retrieval of reconfiguration status';
  stdout.write(`${what} successful on ${results.length - failed} nodes, failed on ${failed} nodes.\n`);
  return failed === 0 ? 0 : 1;
}

async function startOne(command: DataNodeCommand, address: string): Promise<number> {
  const { stdout, stderr } = command.terminal;
  try {
    return await withDataNode(command, address, async (node) => {
      await node.startReconfiguration();
      stdout.write(`Started reconfiguration task on node [${address}].\n`);
      return 0;
    });
  } catch (error) {
    stderr.write(`Node [${address}] reconfiguring: ${javaText(error)}.\n`);
    return 1;
  }
}

async function statusOfOne(command: DataNodeCommand, address: string): Promise<number> {
  const { stdout, stderr } = command.terminal;
  try {
    return await withDataNode(command, address, async (node) => {
      const task = await node.reconfiguration();
      stdout.write(`Reconfiguring status for node [${address}]: ${statusText(command.terminal, task)}`);
      return 0;
    });
  } catch (error) {
    stderr.write(`Node [${address}] reloading configuration: ${javaText(error)}.\n`);
    return 1;
  }
}

function statusText(terminal: Terminal, task: ReconfigurationTask | undefined): string {
  if (task === undefined) return 'no task was found.\n';
  const started = `started at ${javaDate(terminal, task.startedMs)}`;
  if (task.finishedMs === undefined) return `${started} and is still running.\n`;
  const lines = [`${started} and finished at ${javaDate(terminal, task.finishedMs)}.`];
  for (const { name, oldValue, newValue, error } of task.changes) {
    lines.push(error === undefined ? `SUCCESS: Changed property ${name}` : `FAILED: Change property ${name}`);
    lines.push(`\tFrom: "${oldValue}"`, `\tTo: "${newValue ?? 'null'}"`);
    if (error !== undefined) lines.push(`\tError: ${error}.`);
  }
  return `${lines.join('\n')}\n`;
}

async function properties(command: DataNodeCommand, address: string): Promise<number> {
  const { stdout, stderr } = command.terminal;
  try {
    return await withDataNode(command, address, async (node) => {
      const names = await node.reconfigurableProperties();
      stdout.write(`Node [${address}] Reconfigurable properties:\n${names.map((name) => `${name}\n`).join('')}`);
      return 0;
    });
  } catch (error) {
    stderr.write(`Node [${address}] reconfiguration: ${javaText(error)}.\n`);
    return 1;
  }
}
