// hdfs getconf. Apache: GetConf.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { dataNodeNameservices, type HostPort, namenodeIds, parseHostPort, suffixed } from '../../config/nameservices.ts';
import { nameOfAddress } from '../../host/address-name.ts';
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';
import { isHelpWord } from './help-word.ts';

const USAGE = [
  'hdfs getconf is utility for getting configuration information from the config file.',
  '',
  'hdfs getconf ',
  '\t[-namenodes]\t\t\tNameNodes of the cluster',
  '\t[-secondaryNameNodes]\t\t\tsecondary NameNodes of the cluster',
  '\t[-backupNodes]\t\t\tbackup nodes of the cluster',
  '\t[-journalNodes]\t\t\tJournalNodes of the cluster',
  '\t[-includeFile]\t\t\tfile with the DataNodes that may join',
  '\t[-excludeFile]\t\t\tfile with the DataNodes that are to leave',
  '\t[-nnRpcAddresses]\t\t\tRPC addresses of the NameNodes',
  '\t[-confKey [key]]\t\t\tvalue of one key',
  '',
].join('\n');

const FAILED = 255;

export async function runGetconf(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const { stdout, stderr } = terminal;
  if (isHelpWord(argv)) {
    stdout.write(USAGE);
    return 0;
  }
  const [word, ...args] = argv;
  const command = Object.hasOwn(COMMANDS, word?.toLowerCase() ?? '') ? COMMANDS[word?.toLowerCase() ?? ''] : undefined;
  try {
    if (command !== undefined) return await command({ host, terminal, configuration }, args);
    stderr.write(USAGE);
    return FAILED;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    stderr.write(`${messageOf(error)}\n`);
    return FAILED;
  }
}

interface Asked {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly configuration: Configuration;
}

type ConfCommand = (asked: Asked, args: readonly string[]) => Promise<number> | number;

/** One that takes no words. */
const alone =
  (command: (asked: Asked) => Promise<number> | number): ConfCommand =>
  (asked, [argument]) => {
    if (argument !== undefined) throw new HdfsError('EINVAL', `Did not expect argument: ${argument}`);
    return command(asked);
  };

/** One that prints names of hosts, parted by blanks. */
const printing = (hosts: (configuration: Configuration) => readonly string[]): ConfCommand =>
  alone(async ({ host, terminal, configuration }) => {
    const names: string[] = [];
    for (const each of hosts(configuration)) names.push(await nameOf(host, each));
    terminal.stdout.write(`${names.join(' ')}\n`);
    return 0;
  });

/** An address is told by its name, where it has one, as Java's InetSocketAddress.getHostName does. */
function nameOf({ dns }: Host, host: string): Promise<string> | string {
  const isAddress = /^\d+(?:\.\d+){3}$|:/.test(host);
  return isAddress && host !== '0.0.0.0' ? nameOfAddress(dns, host) : host;
}

const printValue = ({ terminal, configuration }: Asked, key: string): number => {
  const value = configuration.get(key);
  if (value === undefined) {
    terminal.stderr.write(`Configuration ${key} is missing.\n`);
    return FAILED;
  }
  terminal.stdout.write(`${value}\n`);
  return 0;
};

/** By their words, without regard to case. */
const COMMANDS: Readonly<Record<string, ConfCommand>> = {
  '-namenodes': printing((configuration) => addresses(configuration).map(({ host }) => host)),
  '-secondarynamenodes': printing((configuration) =>
    suffixedHosts(configuration, 'secondary namenode', 'dfs.namenode.secondary.http-address'),
  ),
  '-backupnodes': printing((configuration) => suffixedHosts(configuration, 'backup node', 'dfs.namenode.backup.address')),
  '-journalnodes': printing(journalNodes),
  '-includefile': alone((asked) => printValue(asked, 'dfs.hosts')),
  '-excludefile': alone((asked) => printValue(asked, 'dfs.hosts.exclude')),
  '-nnrpcaddresses': alone(async ({ host, terminal, configuration }) => {
    const found = addresses(configuration);
    if (found.length === 0) terminal.stderr.write('Did not get namenode service rpc addresses.\n');
    for (const { host: each, port } of found) terminal.stdout.write(`${await nameOf(host, each)}:${port}\n`);
    return found.length === 0 ? FAILED : 0;
  }),
  '-confkey': (asked, args) => {
    const [key] = args;
    if (key === undefined || args.length > 1) throw new HdfsError('EINVAL', 'usage: -confKey [key]');
    return printValue(asked, key);
  },
};

function addresses(configuration: Configuration): readonly HostPort[] {
  return dataNodeNameservices(configuration).flatMap(({ namenodes }) => namenodes);
}

/** Throws HdfsError EINVAL when none is configured. */
function suffixedHosts(configuration: Configuration, what: string, key: string): readonly string[] {
  const nameservices = configuration.getStrings('dfs.nameservices');
  const found: string[] = [];
  for (const nameservice of nameservices.length === 0 ? [undefined] : nameservices) {
    for (const namenode of namenodeIds(configuration, nameservice)) {
      const name = suffixed(key, nameservice, namenode);
      const value = configuration.get(name);
      if (value !== undefined) found.push(parseHostPort(value, name).host);
    }
  }
  if (found.length > 0) return found;
  throw new HdfsError('EINVAL', `Incorrect configuration: ${what} address ${key} is not configured.`);
}

function journalNodes(configuration: Configuration): readonly string[] {
  const hosts = new Set<string>();
  for (const uri of configuration.getStrings('dfs.namenode.shared.edits.dir')) {
    const match = /^qjournal:\/\/([^/]+)/.exec(uri);
    for (const address of match?.[1]?.split(';') ?? [])
      hosts.add(parseHostPort(address, 'dfs.namenode.shared.edits.dir', 8485).host);
  }
  return [...hosts];
}
