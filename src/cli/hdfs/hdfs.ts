// The commands `hdfs` and `hadoop`: Apache's options in front, then a subcommand.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { loadConfiguration } from '../../config/load.ts';
import type { Host } from '../../host/host.ts';
import type { HostMaker } from '../context.ts';
import { printError } from '../errors.ts';
import { parseGenericOptions } from '../generic-options.ts';
import { absolutePath } from '../paths.ts';
import { runShell } from '../shell/shell.ts';
import type { Terminal } from '../terminal.ts';
import { type DaemonAction, runDaemon } from './daemon.ts';
import { runDfsadmin } from './dfsadmin.ts';
import { runGetconf } from './getconf.ts';
import { printVersion } from './hadoop-version.ts';
import { runOev } from './oev.ts';
import { runDataNode, runNameNode } from './roles.ts';
import { runSecondaryNameNode } from './secondary.ts';

const SUBCOMMANDS = ['dfs', 'namenode', 'secondarynamenode', 'datanode', 'dfsadmin', 'getconf', 'oev', 'version'] as const;

/** Subcommands of Hadoop that are not built yet, so that they are refused by name rather than unknown. */
const NOT_YET = [
  'balancer',
  'cacheadmin',
  'classpath',
  'crypto',
  'debug',
  'dfsrouter',
  'dfsrouteradmin',
  'diskbalancer',
  'ec',
  'envvars',
  'fetchdt',
  'fsck',
  'groups',
  'haadmin',
  'httpfs',
  'jmxget',
  'journalnode',
  'lsSnapshottableDir',
  'mover',
  'nfs3',
  'oiv',
  'oiv_legacy',
  'portmap',
  'snapshotDiff',
  'sps',
  'storagepolicies',
  'zkfc',
];

function usage(command: string): string {
  return [
    `Usage: ${command} [--config DIR] [--daemon start|stop|status] SUBCOMMAND [ARG...]`,
    '',
    ...(command === 'hadoop'
      ? ['  fs        work with files', '  version   print the version']
      : [
          '  dfs       work with files',
          '  namenode  run the NameNode; -format makes a new file system',
          '  secondarynamenode  make checkpoints for a NameNode',
          '  datanode  run a DataNode',
          '  dfsadmin  look after a cluster',
          '  getconf   print values of the configuration',
          '  oev       show an edit log file, or make one of its XML',
          '  version   print the version',
        ]),
    '',
    '',
  ].join('\n');
}

interface Parsed {
  readonly directory: string | undefined;
  readonly daemon: string | undefined;
  readonly rest: readonly string[];
}

/** Options of hadoop-functions.sh that mean something here; those of its clusters of ssh sessions do not. */
function parseFront(argv: readonly string[]): Parsed {
  let directory: string | undefined;
  let daemon: string | undefined;
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at];
    if (word === '--config' || word === '--conf' || word === '--daemon' || word === '--loglevel') {
      const value = argv[++at];
      if (value === undefined) throw new HdfsError('EINVAL', `${word} needs a value`);
      if (word === '--daemon') daemon = value;
      else if (word !== '--loglevel') directory = value;
    } else if (word !== '--debug') break;
  }
  return { directory, daemon, rest: argv.slice(at) };
}

export async function runHdfs(command: string, hosts: HostMaker, terminal: Terminal, argv: readonly string[]): Promise<number> {
  const { directory, daemon, rest } = parseFront(argv);
  const [subcommand, ...args] = rest;
  if (subcommand === undefined || subcommand === '--help' || subcommand === '-help' || subcommand === '-h') {
    (subcommand === undefined ? terminal.stderr : terminal.stdout).write(usage(command));
    return subcommand === undefined ? 1 : 0;
  }
  const host = hosts('error');
  const conf = directory ?? host.machine.env('HADOOP_CONF_DIR');
  const where = conf === undefined || conf === '' ? undefined : absolutePath(conf, terminal.cwd);
  const load = async (words: readonly string[]): Promise<{ configuration: Configuration; rest: readonly string[] }> => {
    const { overrides, files, rest: after } = parseGenericOptions(words);
    const configuration = await loadConfiguration(host, {
      directory: where,
      files: files.map((file) => absolutePath(file, terminal.cwd)),
      overrides,
    });
    return { configuration, rest: after };
  };
  if (daemon !== undefined) {
    if (daemon !== 'start' && daemon !== 'stop' && daemon !== 'status') {
      terminal.stderr.write(`ERROR: --daemon must be start, stop or status, not ${daemon}\n`);
      return 1;
    }
    return runDaemon(host, terminal, {
      command,
      action: daemon satisfies DaemonAction,
      role: subcommand,
      directory: where,
      args,
    });
  }
  switch (command === 'hadoop' && subcommand === 'fs' ? 'dfs' : subcommand) {
    case 'dfs': {
      const loaded = await load(args);
      return runQuietly(terminal, loaded.rest[0] ?? 'dfs', () => runShell(host, terminal, loaded.configuration, loaded.rest));
    }
    case 'dfsadmin': {
      const loaded = await load(args);
      return runDfsadmin(host, terminal, loaded.configuration, loaded.rest);
    }
    case 'getconf': {
      const loaded = await load(args);
      return runGetconf(terminal, loaded.configuration, loaded.rest);
    }
    case 'namenode': {
      const loaded = await load(args);
      return runNameNode(hosts('info'), terminal, loaded.configuration, loaded.rest);
    }
    case 'secondarynamenode': {
      const loaded = await load(args);
      return runSecondaryNameNode(hosts('info'), terminal, loaded.configuration, loaded.rest);
    }
    case 'datanode': {
      const loaded = await load(args);
      const reload = async (): Promise<Configuration> => (await load(args)).configuration;
      return runDataNode(hosts('info'), terminal, loaded.configuration, loaded.rest, reload);
    }
    case 'oev': {
      const { rest: words } = parseGenericOptions(args);
      return runOev(host, terminal, words);
    }
    case 'version':
      printVersion(terminal);
      return 0;
    default:
      if (NOT_YET.includes(subcommand)) {
        terminal.stderr.write(`${command} ${subcommand}: not built yet\n`);
        return 1;
      }
      terminal.stderr.write(`ERROR: ${subcommand} is not COMMAND nor fully qualified CLASSNAME.\n${usage(command)}`);
      return 1;
  }
}

/** The shell prints what fails with one path itself; what comes here concerns the whole command. */
async function runQuietly(terminal: Terminal, word: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'EPIPE') return 0;
    printError(terminal, word.replace(/^-/, ''), error);
    return 1;
  }
}

export function isSubcommand(name: string): boolean {
  return (SUBCOMMANDS as readonly string[]).includes(name);
}

export type { Host };
