// hdfs dfsadmin -reconfig and -refresh: having a running daemon read its configuration again, and what somebody registered
// with it. Apache: DFSAdmin.
import { HdfsError } from '../../base/errors.ts';
import type { HdfsAdmin } from '../../client/admin.ts';
import { DataNodeAdmin } from '../../client/datanode-admin.ts';
import { genericRefresh } from '../../client/generic-refresh.ts';
import { NameNodeReconfiguration, type ReconfigurableNode, type ReconfigurationTask } from '../../client/reconfiguration.ts';
import { javaDate, type Terminal } from '../terminal.ts';
import { type DataNodeCommand, javaText, requireHostPort } from './dfsadmin-datanode.ts';
import { FAILED } from './dfsadmin-usage.ts';

export interface ReconfigCommand extends DataNodeCommand {
  readonly admin: HdfsAdmin;
}

export const RECONFIG_USAGE = '-reconfig <namenode|datanode> <host:ipc_port|livenodes|decomnodes> <start|status|properties>';
export const REFRESH_USAGE = '-refresh <host:ipc_port> <resource_identifier> [arg1..argn]';

type OneNode = (command: ReconfigCommand, type: string, address: string) => Promise<number>;

/** Undefined: nodes of this type cannot be asked, and that was said. */
async function withNode<T>(
  { host, configuration, terminal }: ReconfigCommand,
  type: string,
  address: string,
  ask: (node: ReconfigurableNode) => Promise<T>,
): Promise<T | undefined> {
  const Admin = type === 'namenode' ? NameNodeReconfiguration : type === 'datanode' ? DataNodeAdmin : undefined;
  if (Admin === undefined) {
    terminal.stderr.write(`Node type ${type} does not support reconfiguration.\n`);
    return undefined;
  }
  const node = new Admin(host, configuration, address);
  try {
    return await ask(node);
  } finally {
    node.close();
  }
}

export async function reconfigure(command: ReconfigCommand, args: readonly string[]): Promise<number> {
  const { stdout, stderr } = command.terminal;
  const [type = '', address = '', operation] = args;
  const inBulk = operation !== 'properties' && (address === 'livenodes' || address === 'decomnodes');
  if (/^(start|status|properties)$/.test(operation ?? '') && /^(name|data)node$/.test(type) && !inBulk)
    requireHostPort(address);
  if (operation === 'properties') return properties(command, type, address);
  const one = operation === 'start' ? startOne : operation === 'status' ? statusOfOne : undefined;
  if (one === undefined) {
    stderr.write(`Unknown operation: ${operation}\n`);
    return FAILED;
  }
  if (!inBulk) return one(command, type, address);
  if (type !== 'datanode') {
    stderr.write('Only datanode type supports reconfiguration in bulk.\n');
    return 1;
  }
  const nodes = await command.admin.dataNodes(address === 'livenodes' ? 'live' : 'decommissioning');
  const results = await Promise.all(nodes.map(({ ipcAddress }) => one(command, type, ipcAddress)));
  const failed = results.filter((code) => code !== 0).length;
  const what = operation === 'start' ? 'Starting of reconfiguration task' : 'Retrieval of reconfiguration status';
  stdout.write(`${what} successful on ${results.length - failed} nodes, failed on ${failed} nodes.\n`);
  return failed === 0 ? 0 : 1;
}

const startOne: OneNode = async (command, type, address) => {
  const { stdout, stderr } = command.terminal;
  try {
    const asked = await withNode(command, type, address, async (node) => {
      await node.startReconfiguration();
      return true;
    });
    // Hadoop says so of what it cannot ask, too.
    stdout.write(`Started reconfiguration task on node [${address}].\n`);
    return asked === true ? 0 : 1;
  } catch (error) {
    stderr.write(`Node [${address}] reconfiguring: ${javaText(error)}.\n`);
    return 1;
  }
};

const statusOfOne: OneNode = async (command, type, address) => {
  const { stdout, stderr } = command.terminal;
  const begin = `Reconfiguring status for node [${address}]: `;
  try {
    const asked = await withNode(command, type, address, async (node) => ({ task: await node.reconfiguration() }));
    stdout.write(asked === undefined ? `${begin}\n` : `${begin}${statusText(command.terminal, asked.task)}`);
    return asked === undefined ? 1 : 0;
  } catch (error) {
    stderr.write(`Node [${address}] reloading configuration: ${javaText(error)}.\n`);
    return 1;
  }
};

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

const properties: OneNode = async (command, type, address) => {
  const { stdout, stderr } = command.terminal;
  try {
    const names = await withNode(command, type, address, (node) => node.reconfigurableProperties());
    if (names === undefined) return 1;
    stdout.write(`Node [${address}] Reconfigurable properties:\n${names.map((name) => `${name}\n`).join('')}`);
    return 0;
  } catch (error) {
    stderr.write(`Node [${address}] reconfiguration: ${javaText(error)}.\n`);
    return 1;
  }
};

export async function refresh(command: DataNodeCommand, args: readonly string[]): Promise<number> {
  const { host, configuration, terminal } = command;
  const [address = '', identifier = '', ...rest] = args;
  requireHostPort(address);
  try {
    const responses = await genericRefresh(host, configuration, address, identifier, rest);
    const lines = responses.map(
      ({ returnCode, message, sender }) =>
        `${sender === undefined ? '' : `${sender}: `}${message ?? ''} (exit ${returnCode})\n`,
    );
    terminal.stdout.write(`Refresh Responses:\n\n${lines.join('')}`);
    const failed = responses.map(({ returnCode }) => returnCode).filter((code) => code !== 0);
    return failed.length > 1 ? FAILED : (failed[0] ?? 0) & 0xff;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    // As Hadoop, which does not say why.
    terminal.stdout.write('Failed to get response.\n\n');
    return FAILED;
  }
}
