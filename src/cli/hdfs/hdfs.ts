// The commands `hdfs` and `hadoop`: Apache's options in front, then a subcommand.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { loadConfiguration } from '../../config/load.ts';
import type { Host } from '../../host/host.ts';
import type { HostMaker } from '../context.ts';
import { printError } from '../errors.ts';
import { checkCarried, GENERIC_USAGE, parseGenericOptions } from '../generic-options.ts';
import { absolutePath } from '../paths.ts';
import { runShell } from '../shell/shell.ts';
import { nobodyReads, type Terminal } from '../terminal.ts';
import { runCacheAdmin } from './cacheadmin.ts';
import { runCheckNative } from './checknative.ts';
import { runClasspath } from './classpath.ts';
import { type BuiltCommand, HDFS_COMMANDS, type HdfsCommand, hdfsCommand } from './commands.ts';
import { runConfTest } from './conftest.ts';
import { runCrypto } from './crypto.ts';
import { type DaemonAction, runDaemon } from './daemon.ts';
import { runDaemonLog } from './daemonlog.ts';
import { runDebug } from './debug.ts';
import { runDfsadmin } from './dfsadmin.ts';
import { runErasureCoding } from './ec.ts';
import { printEnvironment } from './envvars.ts';
import { runFetchdt } from './fetchdt.ts';
import { fsckHelp, runFsck } from './fsck.ts';
import { runGetconf } from './getconf.ts';
import { HADOOP_COMMANDS, hadoopCommand } from './hadoop-commands.ts';
import { printVersion } from './hadoop-version.ts';
import { runHttpFs } from './httpfs.ts';
import { runJmxget } from './jmxget.ts';
import { runOev } from './oev.ts';
import { runOiv } from './oiv.ts';
import { runDataNode, runNameNode } from './roles.ts';
import { runSecondaryNameNode } from './secondary.ts';
import { runLsSnapshot, runLsSnapshottableDir, runSnapshotDiff } from './snapshots.ts';
import { runStoragePolicies } from './storagepolicies.ts';
import { runGroups } from './user-mappings.ts';

function usage(command: string): string {
  const table: Readonly<Record<string, HdfsCommand>> = command === 'hadoop' ? HADOOP_COMMANDS : HDFS_COMMANDS;
  const shown = Object.entries(table).flatMap(([name, entry]) => ('help' in entry ? [[name, entry.help] as const] : []));
  const width = Math.max(...shown.map(([name]) => name.length));
  return [
    `Usage: ${command} [--config DIR] [--daemon start|stop|status] SUBCOMMAND [ARG...]`,
    '',
    ...shown.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`),
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
    try {
      const options = parseGenericOptions(words);
      if (options.mistake !== undefined) terminal.stdout.write(GENERIC_USAGE);
      const files: string[] = [];
      for (const file of options.files.map((each) => absolutePath(each, terminal.cwd))) {
        if (await host.disk.exists(file)) files.push(file);
        else if (WANT_THEIR_FILES.has(name)) {
          throw new Unready(new HdfsError('ENOENT', `file:${file} not found`), 'java.lang.RuntimeException');
        }
      }
      await checkCarried(host, terminal.cwd, options);
      const configuration = await loadWith(host, where, files, options.overrides);
      return { configuration, rest: options.rest };
    } catch (error) {
      if (error instanceof HdfsError && (error.code === 'ENOENT' || error.code === 'EILLEGAL')) throw new Unready(error);
      throw error;
    }
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
  const own = command === 'hadoop' ? hadoopCommand(subcommand) : undefined;
  const name = own !== undefined && subcommand === 'fs' ? 'dfs' : subcommand;
  const known = own !== undefined && 'refused' in own ? own : hdfsCommand(name);
  switch (own === undefined ? undefined : subcommand) {
    case 'checknative':
      return runCheckNative(terminal, args);
    case 'conftest':
      return runConfTest(host, terminal, where, parseGenericOptions(args).rest);
    case 'daemonlog':
      return runDaemonLog(host, terminal, parseGenericOptions(args).rest);
    case 'jnipath':
      terminal.stdout.write('\n');
      return 0;
  }
  if (known === undefined) {
    terminal.stderr.write(`ERROR: ${subcommand} is not COMMAND nor fully qualified CLASSNAME.\n${usage(command)}`);
    return 1;
  }
  if ('refused' in known) {
    terminal.stderr.write(`${command} ${subcommand}: ${known.refused}\n`);
    return 1;
  }
  if (command === 'hadoop' && own === undefined) {
    terminal.stderr.write(
      `WARNING: Use of this script to execute ${name} is deprecated.\n` +
        `WARNING: Attempting to execute replacement "hdfs ${name}" instead.\n\n`,
    );
  }
  try {
    return await RUNNERS[name as BuiltCommand]({ hosts, host, terminal, args, load, directory: where });
  } catch (error) {
    if (!(error instanceof Unready)) throw error;
    terminal.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/**
 * Commands that do not begin where a file of -conf is missing. Hadoop's shell does not, its other commands pass over it; we have
 * daemons not do so either, which would come up with directories that nobody meant.
 */
const WANT_THEIR_FILES: ReadonlySet<string> = new Set(['dfs', 'namenode', 'secondarynamenode', 'datanode', 'httpfs']);

/** Generic options of which a command does not even begin: as Java tells an exception that nobody catches. */
class Unready extends Error {
  override readonly name = 'Unready';

  constructor(cause: HdfsError, javaClass = cause.javaClass) {
    super(`${javaClass}: ${cause.message}`, { cause });
  }
}

/** Rejects with Unready where files of the command line cannot be read. */
async function loadWith(
  host: Host,
  directory: string | undefined,
  files: readonly string[],
  overrides: Readonly<Record<string, string>>,
): Promise<Configuration> {
  try {
    return await loadConfiguration(host, { directory, files, overrides });
  } catch (error) {
    if (error instanceof HdfsError && files.length > 0) throw new Unready(error, 'java.lang.RuntimeException');
    throw error;
  }
}

interface Run {
  /** A host whose log says as much as its name. */
  readonly hosts: HostMaker;
  readonly host: Host;
  readonly terminal: Terminal;
  readonly args: readonly string[];
  /** The configuration, and what is left of the words without the generic options. */
  readonly load: (words: readonly string[]) => Promise<{ configuration: Configuration; rest: readonly string[] }>;
  /** Of the configuration, where one is named. */
  readonly directory: string | undefined;
}

const RUNNERS: Readonly<Record<BuiltCommand, (run: Run) => Promise<number>>> = {
  dfs: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runQuietly(terminal, rest[0] ?? 'dfs', () => runShell(host, terminal, configuration, rest));
  },
  namenode: async ({ hosts, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    const reload = async (): Promise<Configuration> => (await load(args)).configuration;
    return runQuietly(terminal, 'namenode', () => runNameNode(hosts('info'), terminal, configuration, rest, reload));
  },
  secondarynamenode: async ({ hosts, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runQuietly(terminal, 'secondarynamenode', () => runSecondaryNameNode(hosts('info'), terminal, configuration, rest));
  },
  datanode: async ({ hosts, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    const reload = async (): Promise<Configuration> => (await load(args)).configuration;
    return runQuietly(terminal, 'datanode', () => runDataNode(hosts('info'), terminal, configuration, rest, reload));
  },
  httpfs: async ({ hosts, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runQuietly(terminal, 'httpfs', () => runHttpFs(hosts('info'), terminal, configuration, rest));
  },
  dfsadmin: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runDfsadmin(host, terminal, configuration, rest);
  },
  debug: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runDebug(host, terminal, configuration, rest);
  },
  fsck: async ({ host, terminal, args, load }) => {
    const answered = fsckHelp(terminal, args);
    if (answered !== undefined) return answered;
    const { configuration, rest } = await load(args);
    return runQuietly(terminal, 'fsck', () => runFsck(host, terminal, configuration, rest));
  },
  getconf: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runGetconf(host, terminal, configuration, rest);
  },
  groups: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runGroups(host, terminal, configuration, rest);
  },
  ec: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runErasureCoding(host, terminal, configuration, rest);
  },
  oev: async ({ host, terminal, args }) => runOev(host, terminal, parseGenericOptions(args).rest),
  oiv: async ({ host, terminal, args }) => runOiv(host, terminal, parseGenericOptions(args).rest),
  storagepolicies: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runStoragePolicies(host, terminal, configuration, rest);
  },
  cacheadmin: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runCacheAdmin(host, terminal, configuration, rest);
  },
  crypto: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runCrypto(host, terminal, configuration, rest);
  },
  fetchdt: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runFetchdt(host, terminal, configuration, rest);
  },
  jmxget: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runJmxget(host, terminal, configuration, rest);
  },
  lsSnapshot: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runLsSnapshot(host, terminal, configuration, rest);
  },
  snapshotDiff: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runSnapshotDiff(host, terminal, configuration, rest);
  },
  lsSnapshottableDir: async ({ host, terminal, args, load }) => {
    const { configuration, rest } = await load(args);
    return runLsSnapshottableDir(host, terminal, configuration, rest);
  },
  envvars: async ({ host, terminal, directory }) => {
    printEnvironment(host, terminal, directory);
    return 0;
  },
  classpath: async ({ terminal, args }) => runClasspath(terminal, args),
  version: async ({ terminal }) => {
    printVersion(terminal);
    return 0;
  },
};

/** What fails ends the command with 1, whatever it is. (The shell prints what fails with one path itself.) */
async function runQuietly(terminal: Terminal, word: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (nobodyReads(error)) return 0;
    printError(terminal, word.replace(/^-/, ''), error);
    return 1;
  }
}

export type { Host };
