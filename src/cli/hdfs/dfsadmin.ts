// hdfs dfsadmin -report, -safemode, -saveNamespace, -rollEdits, -refreshNodes, -metasave, with Apache's text; the other
// commands stand in files beside this one, by what they concern. Apache: DFSAdmin.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { binaryPrefix } from '../../base/sizes.ts';
import { type DataNodeFilter, type DataNodeReport, HdfsAdmin, type SafeModeAction } from '../../client/admin.ts';
import { UserMappings } from '../../client/user-mappings.ts';
import type { Configuration } from '../../config/configuration.ts';
import { defaultFileSystem } from '../../config/default-file-system.ts';
import { nameOfAddress } from '../../host/address-name.ts';
import type { Host } from '../../host/host.ts';
import { requireKnownHost } from '../known-host.ts';
import { unsupportedScheme } from '../shell/file-systems.ts';
import { javaDate, type Terminal } from '../terminal.ts';
import { DATANODE_COMMANDS, type DataNodeCommand, type DataNodeWords } from './dfsadmin-datanode.ts';
import { LIST_OPEN_FILES_USAGE, listOpenFiles, printTopology, setBalancerBandwidth } from './dfsadmin-inspect.ts';
import { QUOTA_COMMANDS, runQuotaCommand } from './dfsadmin-quota.ts';
import { RECONFIG_USAGE, REFRESH_USAGE, reconfigure, refresh } from './dfsadmin-reconfig.ts';
import { PROVISION_USAGE, provisionSnapshotTrash } from './dfsadmin-snapshots.ts';
import { finalizeUpgrade, ROLLING_USAGE, restoreFailedStorage, rollingUpgrade, upgrade } from './dfsadmin-storage.ts';
import { FAILED, usage } from './dfsadmin-usage.ts';
import { fetchImage } from './fetch-image.ts';
import { localFileSystem } from './path-argument.ts';
import { MAPPING_COMMANDS } from './user-mappings.ts';

/** Words that Apache's knows, with why they do nothing here. */
const REFUSED: Readonly<Record<string, string>> = {
  '-allowSnapshot': 'snapshots are not built yet',
  '-disallowSnapshot': 'snapshots are not built yet',
};

/** Words that Apache's takes in any case. */
const CASELESS = ['-allowSnapshot', '-disallowSnapshot', '-provisionSnapshotTrash', '-getBalancerBandwidth'] as const;

/** Of every word, in the order in which they are shown. */
const USAGES: Readonly<Record<string, string>> = {
  '-report': '-report [-live] [-dead] [-decommissioning] [-enteringmaintenance] [-inmaintenance] [-slownodes]',
  '-safemode': '-safemode enter | leave | get | wait | forceExit',
  '-saveNamespace': '-saveNamespace [-beforeShutdown]',
  '-rollEdits': '-rollEdits',
  '-restoreFailedStorage': '-restoreFailedStorage true|false|check',
  '-finalizeUpgrade': '-finalizeUpgrade',
  '-rollingUpgrade': ROLLING_USAGE,
  '-upgrade': '-upgrade <query | finalize>',
  '-refreshNodes': '-refreshNodes',
  ...Object.fromEntries(Object.keys(REFUSED).map((word) => [word, `${word} <snapshotDir>`])),
  '-provisionSnapshotTrash': PROVISION_USAGE,
  ...Object.fromEntries(Object.keys(MAPPING_COMMANDS).map((word) => [word, word])),
  '-refresh': REFRESH_USAGE,
  '-reconfig': RECONFIG_USAGE,
  '-metasave': '-metasave filename',
  '-fetchImage': '-fetchImage <local directory>',
  '-printTopology': '-printTopology',
  '-setBalancerBandwidth': '-setBalancerBandwidth <bandwidth in bytes per second>',
  '-listOpenFiles': LIST_OPEN_FILES_USAGE,
  ...usagesOf(QUOTA_COMMANDS),
  ...usagesOf(DATANODE_COMMANDS),
};

function usagesOf(table: Readonly<Record<string, { readonly usage: string }>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(table).map(([word, { usage }]) => [word, usage]));
}

const USAGE = [
  'Usage: hdfs dfsadmin',
  'Only an administrator may use these:',
  ...Object.values(USAGES).map((usage) => `\t[${usage}]`),
  '',
  '',
].join('\n');

const WAIT_MS = 5000;
const RULE = '-------------------------------------------------';

const SAFE_MODE_WORDS: Readonly<Record<string, SafeModeAction | 'wait'>> = {
  enter: 'enter',
  leave: 'leave',
  get: 'get',
  wait: 'wait',
  forceexit: 'forceExit',
};

const SECTIONS: readonly (readonly [option: string, filter: DataNodeFilter, title: string])[] = [
  ['-live', 'live', 'Live'],
  ['-dead', 'dead', 'Dead'],
  ['-decommissioning', 'decommissioning', 'Decommissioning'],
  ['-enteringmaintenance', 'enteringMaintenance', 'Entering maintenance'],
  ['-inmaintenance', 'inMaintenance', 'In maintenance'],
];

const SLOW_NODES = '-slownodes';

export async function runDfsadmin(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const [given, ...args] = argv;
  const command = CASELESS.find((word) => word.toLowerCase() === given?.toLowerCase()) ?? given;
  const name = given?.replace(/^-/, '') ?? '';
  if (command === undefined || !Object.hasOwn(USAGES, command)) {
    if (command !== undefined && command !== '-help') terminal.stderr.write(`${name}: Unknown command\n`);
    (command === '-help' ? terminal.stdout : terminal.stderr).write(USAGE);
    return command === '-help' ? 0 : FAILED;
  }
  const elsewhere = notHdfs(configuration);
  if (elsewhere !== undefined && !Object.hasOwn(DATANODE_COMMANDS, command)) {
    return await refusing(terminal, name, () => Promise.reject(elsewhere));
  }
  if (Object.hasOwn(REFUSED, command)) {
    if (args.length !== 1) return usageOf(terminal, command);
    terminal.stderr.write(`${name}: ${REFUSED[command]}\n`);
    return FAILED;
  }
  const node = DATANODE_COMMANDS[command];
  if (node !== undefined) {
    return await refusing(terminal, name, () => runDataNodeCommand({ host, terminal, configuration }, node, args));
  }
  return await refusing(terminal, name, () => administer(host, terminal, configuration, command, args));
}

async function administer(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  command: string,
  args: readonly string[],
): Promise<number> {
  await requireKnownHost(host, configuration);
  const admin = new HdfsAdmin(host, configuration);
  try {
    switch (command) {
      case '-report':
        if (args.length > SECTIONS.length + 1) return usageOf(terminal, command);
        return await printReport(host, terminal, admin, args);
      case '-safemode':
        return await safeMode(host, terminal, admin, args);
      case '-saveNamespace':
        if (args.length > 1) return usageOf(terminal, command);
        return await saveNamespace(terminal, configuration, admin, args);
      case '-rollEdits':
        if (args.length > 0) return usageOf(terminal, command);
        terminal.stdout.write(`Successfully rolled edit logs.\nNew segment starts at txid ${await admin.rollEdits()}\n`);
        return 0;
      case '-restoreFailedStorage':
        return await restoreFailedStorage(terminal, admin, args);
      case '-finalizeUpgrade':
        return await finalizeUpgrade(terminal, admin, args);
      case '-rollingUpgrade':
        return await rollingUpgrade(terminal, admin, args);
      case '-provisionSnapshotTrash':
        return await provisionSnapshotTrash(host, terminal, configuration, args);
      case '-upgrade':
        return await upgrade(terminal, admin, args);
      case '-refreshNodes':
        if (args.length > 0) return usageOf(terminal, command);
        await admin.refreshNodes();
        terminal.stdout.write('Refresh nodes successful\n');
        return 0;
      case '-metasave': {
        const [fileName] = args;
        if (fileName === undefined || args.length > 1) return usageOf(terminal, command);
        await admin.metaSave(fileName);
        terminal.stdout.write(
          `Created metasave file ${fileName} in the log directory of namenode ${configuration.require('fs.defaultFS')}\n`,
        );
        return 0;
      }
      case '-fetchImage': {
        const [target] = args;
        if (target === undefined || args.length > 1) return usageOf(terminal, command);
        // Whoever serves is asked first, as Apache's looks for it.
        await admin.safeMode('get');
        return await fetchImage(host, terminal, configuration, target);
      }
      case '-reconfig':
        if (args.length !== 3) return usageOf(terminal, command);
        return await reconfigure({ host, terminal, configuration, admin }, args);
      case '-refresh':
        if (args.length < 2) return usageOf(terminal, command);
        return await refresh({ host, terminal, configuration }, args);
      case '-listOpenFiles':
        return await listOpenFiles({ host, terminal, configuration }, admin, args);
      case '-printTopology':
        return await printTopology(host, terminal, admin, args);
      case '-setBalancerBandwidth':
        return await setBalancerBandwidth(terminal, admin, args);
      default: {
        const mapping = Object.hasOwn(MAPPING_COMMANDS, command) ? MAPPING_COMMANDS[command] : undefined;
        if (mapping === undefined) return await runQuotaCommand(host, terminal, configuration, command, args);
        if (args.length > 0 && mapping.isStrict) return usageOf(terminal, command);
        const mappings = new UserMappings(host, configuration);
        try {
          await mapping.run(mappings);
        } finally {
          mappings.close();
        }
        terminal.stdout.write(`${mapping.done}\n`);
        return 0;
      }
    }
  } finally {
    admin.close();
  }
}

/** Why fs.defaultFS is nothing to administer; undefined for an HDFS. */
function notHdfs(configuration: Configuration): HdfsError | undefined {
  const uri = defaultFileSystem(configuration);
  const scheme = /^([a-z][\w+.-]*):/i.exec(uri)?.[1];
  if (scheme === 'hdfs') return undefined;
  if (scheme !== undefined && scheme !== 'file') return unsupportedScheme(scheme);
  return new HdfsError('EILLEGAL', localFileSystem(uri));
}

/** Runs a command; what it refuses is printed in one line, and behind a wrong word the usage. */
async function refusing(terminal: Terminal, name: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    terminal.stderr.write(`${name}: ${messageOf(error).split('\n', 1)[0]}\n`);
    return error.code === 'EILLEGAL' ? usageOf(terminal, `-${name}`) : FAILED;
  }
}

const usageOf = (terminal: Terminal, command: string): number => usage(terminal, USAGES[command] ?? command);

function runDataNodeCommand(
  context: DataNodeCommand,
  { usage, least, most, run }: DataNodeWords,
  args: readonly string[],
): Promise<number> {
  if (args.length >= least && args.length <= most) return run(context, args);
  context.terminal.stderr.write(`Usage: hdfs dfsadmin [${usage}]\n`);
  return Promise.resolve(FAILED);
}

async function safeMode(host: Host, terminal: Terminal, admin: HdfsAdmin, args: readonly string[]): Promise<number> {
  const word = SAFE_MODE_WORDS[args[0]?.toLowerCase() ?? ''];
  if (word === undefined || args.length !== 1) {
    const code = usageOf(terminal, '-safemode');
    // Apache's counts the words alone.
    return args.length === 1 ? 0 : code;
  }
  let on = await admin.safeMode(word === 'wait' ? 'get' : word);
  while (word === 'wait' && on) {
    await host.clock.sleep(WAIT_MS, terminal.interrupted);
    on = await admin.safeMode('get');
  }
  terminal.stdout.write(`Safe mode is ${on ? 'ON' : 'OFF'}\n`);
  return 0;
}

async function saveNamespace(
  terminal: Terminal,
  configuration: Configuration,
  admin: HdfsAdmin,
  args: readonly string[],
): Promise<number> {
  let seconds = 0;
  let transactions = 0;
  if (args[0] === '-beforeShutdown') {
    const periods = configuration.getInt('dfs.namenode.missing.checkpoint.periods.before.shutdown');
    seconds = (configuration.getDuration('dfs.namenode.checkpoint.period') / 1000) * periods;
    transactions = configuration.getLong('dfs.namenode.checkpoint.txns') * periods;
    terminal.stdout.write(
      `Do checkpoint if necessary before stopping namenode. The time window is ${seconds} seconds, and the transaction gap is ${transactions}\n`,
    );
  }
  const saved = await admin.saveNamespace(seconds, transactions);
  terminal.stdout.write(saved ? 'Save namespace successful\n' : 'No extra checkpoint has been made\n');
  return 0;
}

const described = (bytes: number): string => `${bytes} (${binaryPrefix(bytes, 2, 'B')})`;
const percent = (part: number, whole: number): string => `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;

async function printReport(host: Host, terminal: Terminal, admin: HdfsAdmin, args: readonly string[]): Promise<number> {
  const { capacity, used, remaining } = await admin.capacity();
  const present = used + remaining;
  const blocks = await admin.blockStats();
  const groups = await admin.blockGroupStats();
  const lines: string[] = [];
  if (await admin.safeMode('get')) lines.push('Safe mode is ON');
  lines.push(
    `Configured Capacity: ${described(capacity)}`,
    `Present Capacity: ${described(present)}`,
    `DFS Remaining: ${described(remaining)}`,
    `DFS Used: ${described(used)}`,
    `DFS Used%: ${percent(used, present)}`,
    'Replicated Blocks:',
    `\tUnder replicated blocks: ${blocks.low_redundancy}`,
    `\tBlocks with corrupt replicas: ${blocks.corrupt_blocks}`,
    `\tMissing blocks: ${blocks.missing_blocks}`,
    `\tMissing blocks (with replication factor 1): ${blocks.missing_repl_one_blocks}`,
    ...optional('Badly Distributed Blocks', blocks.badly_distributed_blocks),
    ...optional('Low redundancy blocks with highest priority to recover', blocks.highest_prio_low_redundancy_blocks),
    `\tPending deletion blocks: ${blocks.pending_deletion_blocks}`,
    'Erasure Coded Block Groups: ',
    `\tLow redundancy block groups: ${groups.low_redundancy}`,
    `\tBlock groups with corrupt internal blocks: ${groups.corrupt_blocks}`,
    `\tMissing block groups: ${groups.missing_blocks}`,
    ...optional('Badly Distributed Blocks', groups.badly_distributed_blocks),
    ...optional('Low redundancy blocks with highest priority to recover', groups.highest_prio_low_redundancy_blocks),
    `\tPending deletion blocks: ${groups.pending_deletion_blocks}`,
    '',
    RULE,
  );
  // What comes next is for superusers only; whoever is none has seen this, as in Hadoop.
  const flush = (): void => {
    terminal.stdout.write(
      lines
        .splice(0)
        .map((line) => `${line}\n`)
        .join(''),
    );
  };
  flush();
  const filtered = args.includes(SLOW_NODES) || SECTIONS.some(([option]) => args.includes(option));
  for (const [option, filter, title] of SECTIONS) {
    if (filtered && !args.includes(option)) continue;
    const nodes = await admin.dataNodes(filter);
    if (nodes.length > 0 || filtered) lines.push(`${title} datanodes (${nodes.length}):`, '');
    for (const node of nodes) lines.push(...(await nodeLines(host, terminal, node)), '', '');
    flush();
  }
  if (!filtered || args.includes(SLOW_NODES)) {
    const nodes = await admin.slowDataNodes();
    if (nodes.length > 0 || filtered) lines.push(`Slow datanodes (${nodes.length}):`, '');
    for (const node of nodes) lines.push(...(await nodeLines(host, terminal, node)), '', '');
  }
  flush();
  return 0;
}

function optional(label: string, value: number | undefined): readonly string[] {
  return value === undefined ? [] : [`\t${label}: ${value}`];
}

const ADMIN_STATES: Readonly<Record<DataNodeReport['adminState'], string>> = {
  normal: 'Normal',
  decommissioning: 'Decommission in progress',
  decommissioned: 'Decommissioned',
  enteringMaintenance: 'Entering maintenance',
  inMaintenance: 'In maintenance',
};

async function nodeLines(host: Host, terminal: Terminal, node: DataNodeReport): Promise<readonly string[]> {
  const address = node.name.slice(0, node.name.lastIndexOf(':'));
  const name = await nameOfAddress(host.dns, address);
  const cacheRemaining = node.cacheCapacity - node.cacheUsed;
  // Of nothing, all is used and none is left, as Hadoop computes it.
  const share = (part: number, empty: string): string => (node.cacheCapacity === 0 ? empty : percent(part, node.cacheCapacity));
  return [
    `Name: ${node.name} (${name})`,
    `Hostname: ${node.hostName}`,
    ...(node.rack === '/default-rack' ? [] : [`Rack: ${node.rack}`]),
    `Decommission Status : ${ADMIN_STATES[node.adminState]}`,
    `Configured Capacity: ${described(node.capacity)}`,
    `DFS Used: ${described(node.dfsUsed)}`,
    `Non DFS Used: ${described(node.nonDfsUsed)}`,
    `DFS Remaining: ${described(node.remaining)}`,
    `DFS Used%: ${node.capacity === 0 ? '100.00%' : percent(node.dfsUsed, node.capacity)}`,
    `DFS Remaining%: ${percent(node.remaining, node.capacity)}`,
    `Configured Cache Capacity: ${described(node.cacheCapacity)}`,
    `Cache Used: ${described(node.cacheUsed)}`,
    `Cache Remaining: ${described(cacheRemaining)}`,
    `Cache Used%: ${share(node.cacheUsed, '100.00%')}`,
    `Cache Remaining%: ${share(cacheRemaining, '0.00%')}`,
    `Xceivers: ${node.xceivers}`,
    `Last contact: ${javaDate(terminal, node.lastContactMs)}`,
    `Last Block Report: ${node.lastBlockReportMs === 0 ? 'Never' : javaDate(terminal, node.lastBlockReportMs)}`,
    `Num of Blocks: ${node.blocks}`,
  ];
}
