// What `hdfs storagepolicies`, `ec`, `crypto` and `cacheadmin` have in common: a word that begins with a dash, options with
// values behind it, and how a failure is told. Apache: AdminHelper.
import { type ErrorCode, HdfsError } from '../../base/errors.ts';
import type { Hdfs } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import type { ShellFileSystem } from '../shell/file-system.ts';
import { FileSystems } from '../shell/file-systems.ts';
import { HdfsFileSystem } from '../shell/hdfs-file-system.ts';
import { Item } from '../shell/item.ts';
import type { Terminal } from '../terminal.ts';
import { localFileSystem } from './path-argument.ts';
import { pathOf, Words, WrongWord } from './words.ts';

/** Wrong words, and what failed at the NameNode. */
export const USAGE_FAILED = 1;
export const FAILED = 2;
/** Java's -1, of words that an exception is thrown of. */
const ILLEGAL = 255;

export interface AdminContext {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly configuration: Configuration;
  readonly systems: FileSystems;
  readonly words: Words;
  /** Of this command. */
  readonly usage: string;
}

export interface AdminCommand {
  /** Its name with its options. */
  readonly usage: string;
  readonly run: (context: AdminContext) => Promise<number>;
}

export interface AdminTool {
  readonly name: string;
  readonly commands: Readonly<Record<string, AdminCommand>>;
}

const HELP_USAGE = '-help <command-name>';

/** What Hadoop's client turns back into the exception that it was; all else stays a RemoteException. */
const UNWRAPPED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'EACCES',
  'ENOENT',
  'ESAFEMODE',
  'EDQUOT_NS',
  'ELOOP',
  'ESNAPSHOTACCESS',
  'ECONN',
]);

/** Class and first line of an exception. */
export function pretty(error: HdfsError): string {
  if (!UNWRAPPED.has(error.code)) return `RemoteException: ${error.message.split('\n', 1)[0]}`;
  const simpleName = error.javaClass.slice(Math.max(error.javaClass.lastIndexOf('.'), error.javaClass.lastIndexOf('$')) + 1);
  return `${simpleName}: ${error.message.split('\n', 1)[0]}`;
}

export async function runAdminTool(
  { name, commands }: AdminTool,
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const { stderr } = terminal;
  const usages = [...Object.values(commands).map(({ usage }) => usage), HELP_USAGE];
  const all = [`Usage: bin/hdfs ${name} [COMMAND]`, ...usages.map((usage) => `          [${usage}]`), '', ''].join('\n');
  const [word, ...args] = argv;
  if (word === '-help') return help(commands, terminal, args);
  const command = word !== undefined && Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (command === undefined) {
    if (word !== undefined) stderr.write(`Can't understand command '${word}'\n`);
    if (word?.startsWith('-') === false) stderr.write('Command names must start with dashes.\n');
    stderr.write(all);
    return USAGE_FAILED;
  }
  const systems = new FileSystems(host, terminal, configuration);
  try {
    const words = new Words(args);
    return await command.run({ host, terminal, configuration, systems, words, usage: command.usage });
  } catch (error) {
    if (error instanceof Misuse) {
      stderr.write(`${error.message}\n`);
      return error.code;
    }
    if (error instanceof WrongWord) {
      stderr.write(`${error.javaClass}: ${error.message}\n`);
      return ILLEGAL;
    }
    if (!(error instanceof HdfsError)) throw error;
    if (error.code === 'EILLEGAL') {
      stderr.write(`IllegalArgumentException: ${error.message}\n`);
      return ILLEGAL;
    }
    stderr.write(`${pretty(error)}\n`);
    return FAILED;
  } finally {
    await systems.close();
  }
}

function help(commands: AdminTool['commands'], { stderr }: Terminal, names: readonly string[]): number {
  const [name] = names;
  if (name === undefined) {
    for (const { usage } of Object.values(commands)) stderr.write(`[${usage}]\n\n`);
    return USAGE_FAILED;
  }
  if (names.length > 1) {
    stderr.write('You must give exactly one argument to -help.\n');
    return USAGE_FAILED;
  }
  const command = Object.hasOwn(commands, `-${name}`) ? commands[`-${name}`] : undefined;
  if (command === undefined) {
    const known = Object.keys(commands).map((each) => each.slice(1));
    stderr.write(`Unknown command '${name}'.\nValid help command names are:\n${known.join(', ')}\n`);
    return USAGE_FAILED;
  }
  stderr.write(`[${command.usage}]\n\n`);
  return 0;
}

/** Words that are missing or too many: what is said of them, and what the command ends with. */
class Misuse extends Error {
  override readonly name = 'Misuse';
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** Ends the command with these words. */
export function misuse(text: string, code: number = USAGE_FAILED): never {
  throw new Misuse(text, code);
}

/** The value of an option that the command cannot do without. */
export function required({ words, usage }: Pick<AdminContext, 'words' | 'usage'>, option: string, otherwise: string): string {
  return words.value(option) ?? misuse(`${otherwise}\nUsage: [${usage}]`);
}

/** Ends the command where words are left that nobody understands. */
export function requireNoMore({ words }: Pick<AdminContext, 'words'>, more = ''): void {
  if (words.left.length > 0) misuse(`Can't understand argument: ${words.left[0]}${more}`);
}

/** A command that is not there: its words are looked at all the same. */
export const refusing =
  (reason: string, check: (context: AdminContext) => void): AdminCommand['run'] =>
  async (context) => {
    check(context);
    return misuse(reason, FAILED);
  };

/** The file system of a path; where there is none of its kind, the command ends as by an exception that nobody catches. */
export async function fileSystemOf(systems: FileSystems, path: string): Promise<ShellFileSystem> {
  try {
    return await systems.of(path);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    if (error.code !== 'EUNSUPPORTED') throw error;
    return misuse(`${error.javaClass}: ${error.message}`);
  }
}

export async function placeOf(systems: FileSystems, path: string): Promise<{ fs: ShellFileSystem; at: string }> {
  const fs = await fileSystemOf(systems, pathOf(path));
  return { fs, at: new Item(fs, path, undefined).path };
}

/** Throws WrongWord for another file system. */
export function hdfsOf(fs: ShellFileSystem): Hdfs {
  if (fs instanceof HdfsFileSystem) return fs.hdfs;
  throw new WrongWord(localFileSystem(`${fs.uri}/`));
}
