// hdfs debug: looks at single replicas and single leases, for those who know what they do. Apache: DebugAdmin.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { connect } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import { parseInt32 } from '../../config/values.ts';
import type { Host } from '../../host/host.ts';
import { absolutePath } from '../paths.ts';
import { emptyPath } from '../shell/path-errors.ts';
import type { Terminal } from '../terminal.ts';
import { computeMeta, verifyMeta } from './debug-meta.ts';
import { requireHdfs } from './path-argument.ts';
import { pathOf, Words, WrongWord } from './words.ts';

const RETRY_MS = 5000;

interface DebugCommand {
  readonly usage: string;
  readonly help: string;
  /** Words that have to be behind it; 1 where it says none. */
  readonly least?: number;
  readonly run: (words: Words, host: Host, terminal: Terminal, configuration: Configuration) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, DebugCommand>> = {
  verifyMeta: {
    usage: 'verifyMeta -meta <metadata-file> [-block <block-file>]',
    help: '  Shows the checksum of a meta file, and with a block file whether its bytes fit the sums.',
    run: async (words, host, terminal) => {
      const meta = words.value('-meta');
      if (meta === undefined) {
        terminal.stderr.write('You must specify a meta file with -meta\n');
        return 1;
      }
      return verifyMeta(host, terminal, { meta, block: words.value('-block') });
    },
  },
  computeMeta: {
    usage: 'computeMeta -block <block-file> -out <output-metadata-file>',
    help: [
      '  Makes a meta file from the bytes of a block file. Where these are damaged, the damage counts as good from then on:',
      '  only for a block file that is certainly right.',
    ].join('\n'),
    run: async (words, host, terminal, configuration) => {
      const refuse = (code: number, text: string): number => {
        terminal.stderr.write(`${text}\n`);
        return code;
      };
      const block = words.value('-block');
      if (block === undefined) return refuse(2, 'You must specify a block file with -block');
      const path = absolutePath(block, terminal.cwd);
      if (!(await host.disk.exists(path)) || (await host.disk.stat(path)).isDirectory) {
        return refuse(3, `Block file <${block}> does not exist or is not a file`);
      }
      const out = words.value('-out');
      if (out === undefined) return refuse(4, 'You must specify a output file with -out');
      if (await host.disk.exists(absolutePath(out, terminal.cwd))) return refuse(5, 'output file already exists!');
      return computeMeta(host, terminal, configuration, { block, out });
    },
  },
  recoverLease: {
    usage: 'recoverLease -path <path> [-retries <num-retries>]',
    help: '  Takes a file away from whoever writes it, and closes it. One try without -retries.',
    run: recoverLease,
  },
  verifyEC: {
    usage: 'verifyEC -file <file> [-blockId <blk_Id>] [-skipFailureBlocks]',
    least: 2,
    help: '  Tells what is no erasure coded file; the blocks of one are not looked at: erasure coding is not built yet.',
    run: verifyErasureCoding,
  },
};

const USAGE = [
  'Usage: hdfs debug <command> [arguments]',
  '',
  'These commands are for advanced users: wrongly used, they can lose data.',
  '',
  ...Object.values(COMMANDS).map(({ usage }) => usage),
  '',
  '',
].join('\n');

export async function runDebug(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const { stdout, stderr } = terminal;
  const [word = '', ...rest] = argv;
  const name = word.replace(/^-/, '');
  if (name === 'help') {
    const about = rest[0] === undefined || !Object.hasOwn(COMMANDS, rest[0]) ? undefined : COMMANDS[rest[0]];
    stdout.write(about === undefined ? USAGE : `${about.usage}\n${about.help}\n\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    stdout.write(USAGE);
    return 0;
  }
  if (rest.length < (command.least ?? 1)) {
    stdout.write(`${command.usage}\n${command.help}\n\n`);
    return 1;
  }
  try {
    return await command.run(new Words(rest), host, terminal, configuration);
  } catch (error) {
    if (error instanceof WrongWord) {
      stderr.write(`RuntimeException: java.lang.${error.javaClass}: ${error.message}\n`);
      return 1;
    }
    const isDisk = error instanceof Error && error.name === 'DiskError';
    if (!(error instanceof HdfsError || error instanceof ProtocolError || isDisk)) throw error;
    stderr.write(`${name}: ${messageOf(error)}\n`);
    return 1;
  }
}

async function recoverLease(words: Words, host: Host, terminal: Terminal, configuration: Configuration): Promise<number> {
  const { stdout, stderr } = terminal;
  const path = words.value('-path');
  const retries = words.value('-retries') ?? '1';
  if (path === undefined) {
    stderr.write('You must supply a -path argument to recoverLease.\n');
    return 1;
  }
  if (path === '') throw new WrongWord(emptyPath().message);
  if (parseInt32(retries) === undefined || !/^[+-]?\d+$/.test(retries)) {
    stderr.write(`Failed to parse the argument to -retries: java.lang.NumberFormatException: For input string: "${retries}"\n`);
    return 1;
  }
  const most = Number(retries);
  const [, authority] = /^hdfs:\/\/([^/]*)/.exec(path) ?? [];
  if (authority === undefined && /^[a-z][\w+.-]*:/i.test(path)) {
    stderr.write(`Invalid filesystem for path ${path}: needed scheme hdfs, but got: ${path.split(':')[0]}\n`);
    return 1;
  }
  const uri = authority === undefined || authority === '' ? {} : { uri: `hdfs://${authority}` };
  const hdfs = await connect({ host, configuration, ...uri });
  try {
    for (let retry = 0; ; ) {
      try {
        if (await hdfs.recoverLease(path.replace(/^hdfs:\/\/[^/]*/, ''))) {
          stdout.write(`recoverLease SUCCEEDED on ${path}\n`);
          return 0;
        }
        stderr.write('recoverLease returned false.\n');
      } catch (error) {
        if (!(error instanceof HdfsError)) throw error;
        stderr.write(`recoverLease got exception: ${messageOf(error)}\n`);
        if (error.code === 'ENOENT') {
          stderr.write(`Giving up on recoverLease for ${path} after 1 try\n`);
          return 1;
        }
      }
      if (++retry >= most) break;
      stderr.write(`Retrying in ${RETRY_MS} ms...\n`);
      await host.clock.sleep(RETRY_MS, terminal.interrupted);
      stderr.write(`Retry #${retry}\n`);
    }
    stderr.write(`Giving up on recoverLease for ${path} after ${most} ${most === 1 ? 'try' : 'tries'}.\n`);
    return 1;
  } finally {
    await hdfs.close();
  }
}

async function verifyErasureCoding(
  words: Words,
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
): Promise<number> {
  const { stderr } = terminal;
  const file = pathOf(words.value('-file'));
  requireHdfs(configuration);
  const hdfs = await connect({ host, configuration });
  const reason = async (): Promise<string> => {
    const stats = await hdfs.stat(file);
    if (!stats.isFile()) return `File ${file} is not a regular file.`;
    if (!(await hdfs.isFileClosed(file))) return `File ${file} is not closed.`;
    return stats.erasureCoded ? 'verifyEC: erasure coding is not built yet' : `File ${file} is not erasure coded.`;
  };
  try {
    stderr.write(`${await reason()}\n`);
  } catch (error) {
    if (!(error instanceof HdfsError) || error.code !== 'ENOENT') throw error;
    stderr.write(`File ${file} does not exist.\n`);
  } finally {
    await hdfs.close();
  }
  return 1;
}
