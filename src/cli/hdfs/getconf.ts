// hdfs getconf. Apache: GetConf.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { dataNodeNameservices, formatHostPort, namenodeIds, parseHostPort, suffixed } from '../../config/nameservices.ts';
import type { Terminal } from '../terminal.ts';

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

export function runGetconf(terminal: Terminal, configuration: Configuration, argv: readonly string[]): number {
  const { stdout, stderr } = terminal;
  const [command, argument] = argv;
  try {
    switch (command?.toLowerCase()) {
      case '-confkey': {
        if (argument === undefined) break;
        const value = configuration.get(argument);
        if (value === undefined) {
          stderr.write(`Configuration ${argument} is missing.\n`);
          return FAILED;
        }
        stdout.write(`${value}\n`);
        return 0;
      }
      case '-namenodes':
        stdout.write(`${addresses(configuration, hostsOnly).join(' ')}\n`);
        return 0;
      case '-nnrpcaddresses': {
        const found = addresses(configuration, (text) => [text]);
        if (found.length === 0) stderr.write('Did not get namenode service rpc addresses.\n');
        for (const address of found) stdout.write(`${address}\n`);
        return found.length === 0 ? FAILED : 0;
      }
      case '-secondarynamenodes':
        stdout.write(`${suffixedHosts(configuration, 'dfs.namenode.secondary.http-address').join(' ')}\n`);
        return 0;
      case '-backupnodes':
        stdout.write('0.0.0.0\n');
        return 0;
      case '-journalnodes':
        stdout.write(`${journalNodes(configuration).join(' ')}\n`);
        return 0;
      case '-includefile':
        return file(terminal, configuration, 'dfs.hosts');
      case '-excludefile':
        return file(terminal, configuration, 'dfs.hosts.exclude');
      default:
        break;
    }
    stderr.write(USAGE);
    return FAILED;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    stderr.write(`${messageOf(error)}\n`);
    return FAILED;
  }
}

const hostsOnly = (address: string): readonly string[] => [parseHostPort(address, address).host];

function addresses(configuration: Configuration, shape: (address: string) => readonly string[]): readonly string[] {
  return dataNodeNameservices(configuration).flatMap(({ namenodes }) =>
    namenodes.flatMap((node) => shape(formatHostPort(node))),
  );
}

function suffixedHosts(configuration: Configuration, key: string): readonly string[] {
  const nameservices = configuration.getStrings('dfs.nameservices');
  const found: string[] = [];
  for (const nameservice of nameservices.length === 0 ? [undefined] : nameservices) {
    for (const namenode of namenodeIds(configuration, nameservice)) {
      const name = suffixed(key, nameservice, namenode);
      const value = configuration.get(name) ?? configuration.get(key);
      if (value !== undefined) found.push(parseHostPort(value, name).host);
    }
  }
  return found;
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

function file(terminal: Terminal, configuration: Configuration, key: 'dfs.hosts' | 'dfs.hosts.exclude'): number {
  const value = configuration.get(key);
  if (value === undefined || value === '') {
    terminal.stderr.write(`Configuration ${key} is missing.\n`);
    return FAILED;
  }
  terminal.stdout.write(`${value}\n`);
  return 0;
}
