// hdfs dfsadmin -listOpenFiles, -printTopology and -setBalancerBandwidth. Apache: DFSAdmin.
import { HdfsError } from '../../base/errors.ts';
import type { DataNodeReport, HdfsAdmin } from '../../client/admin.ts';
import { parseLong } from '../../config/values.ts';
import { nameOfAddress } from '../../host/address-name.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import type { DataNodeCommand } from './dfsadmin-datanode.ts';
import { FAILED, usage } from './dfsadmin-usage.ts';
import { pathArgument } from './path-argument.ts';

export const LIST_OPEN_FILES_USAGE = '-listOpenFiles [-blockingDecommission] [-path <path>]';
const COLUMN = 20;

export async function listOpenFiles(
  { host, terminal, configuration }: DataNodeCommand,
  admin: HdfsAdmin,
  args: readonly string[],
): Promise<number> {
  if (args.length > 3) return usage(terminal, LIST_OPEN_FILES_USAGE);
  const at = args.indexOf('-path');
  if (at >= 0 && args[at + 1] === undefined) {
    terminal.stderr.write('listOpenFiles: option -path requires 1 argument.\n');
    return usage(terminal, LIST_OPEN_FILES_USAGE);
  }
  const path = at < 0 ? '' : (args[at + 1] ?? '').trim();
  const under = path === '' ? '/' : pathArgument(host, configuration, path).path;
  const blockingDecommission = args.includes('-blockingDecommission');
  const columns = (host: string, name: string, file: string): void => {
    terminal.stdout.write(`${host.padEnd(COLUMN)}\t${name.padEnd(COLUMN)}\t${file}\n`);
  };
  let isHeaded = false;
  const head = (): void => {
    if (!isHeaded) columns('Client Host', 'Client Name', 'Open File Path');
    isHeaded = true;
  };
  try {
    for await (const file of admin.openFiles({ path: under, blockingDecommission })) {
      head();
      columns(file.clientMachine, file.clientName, file.path.padStart(COLUMN));
    }
  } catch (error) {
    if (error instanceof HdfsError) {
      head();
      terminal.stderr.write('List open files failed.\n');
    }
    throw error;
  }
  head();
  return 0;
}

const STATE_NAMES: Readonly<Record<DataNodeReport['adminState'], string>> = {
  normal: 'In Service',
  decommissioning: 'Decommission In Progress',
  decommissioned: 'Decommissioned',
  enteringMaintenance: 'Entering Maintenance',
  inMaintenance: 'In Maintenance',
};

/** Racks by their names; within one, nodes by their addresses, where Apache has the order of a hash. */
export async function printTopology(
  host: Host,
  terminal: Terminal,
  admin: HdfsAdmin,
  args: readonly string[],
): Promise<number> {
  if (args.length > 0) return usage(terminal, '-printTopology');
  const racks = new Map<string, DataNodeReport[]>();
  for (const node of await admin.dataNodes('all')) {
    const there = racks.get(node.rack);
    if (there === undefined) racks.set(node.rack, [node]);
    else there.push(node);
  }
  for (const [rack, nodes] of [...racks].sort(([a], [b]) => (a < b ? -1 : 1))) {
    terminal.stdout.write(`Rack: ${rack}\n`);
    for (const node of nodes.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = await nameOfAddress(host.dns, node.name.slice(0, node.name.lastIndexOf(':')));
      terminal.stdout.write(`   ${node.name} (${name}) ${STATE_NAMES[node.adminState]}\n`);
    }
    terminal.stdout.write('\n');
  }
  return 0;
}

export async function setBalancerBandwidth(terminal: Terminal, admin: HdfsAdmin, args: readonly string[]): Promise<number> {
  const words = '-setBalancerBandwidth <bandwidth in bytes per second>';
  const [text] = args;
  if (text === undefined || args.length > 1) return usage(terminal, words);
  const suffix = /[^\d]$/.exec(text.trim())?.[0] ?? '';
  if (suffix !== '' && !/[kmgtpe]/i.test(suffix)) {
    terminal.stderr.write(
      `setBalancerBandwidth: Invalid size prefix '${suffix}' in '${text}'. ` +
        'Allowed prefixes are k, m, g, t, p, e(case insensitive)\n',
    );
    return usage(terminal, words);
  }
  // Hexadecimal ones are none here.
  const bandwidth = /x/i.test(text) ? undefined : parseLong(text.trim());
  if (bandwidth === undefined) {
    const tooLarge = /^[+-]?\d+[kmgtpe]$/i.test(text.trim());
    terminal.stderr.write(
      tooLarge
        ? `setBalancerBandwidth: ${text.trim()} does not fit in a Long\n`
        : `NumberFormatException: For input string: "${text}"\n`,
    );
    return usage(terminal, words);
  }
  if (bandwidth < 0) {
    terminal.stderr.write('Bandwidth should be a non-negative integer\n');
    return FAILED;
  }
  try {
    await admin.setBalancerBandwidth(bandwidth);
  } catch (error) {
    if (error instanceof HdfsError) terminal.stderr.write('Balancer bandwidth is set failed.\n');
    throw error;
  }
  terminal.stdout.write(`Balancer bandwidth is set to ${bandwidth}\n`);
  return 0;
}
