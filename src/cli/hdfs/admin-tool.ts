// What `hdfs storagepolicies`, `ec`, `crypto` and `cacheadmin` have in common: a word that begins with a dash, options with values behind it,
// and how a failure is told. Apache: AdminHelper.
import { type ErrorCode, HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { FileSystems } from '../shell/file-systems.ts';
import { HdfsFileSystem } from '../shell/hdfs-file-system.ts';
import { Item } from '../shell/item.ts';
import type { Terminal } from '../terminal.ts';

/** Wrong words, and what failed at the NameNode. */
export const USAGE_FAILED = 1;
export const FAILED = 2;

export type Runner = (terminal: Terminal, systems: FileSystems, args: readonly string[]) => Promise<number>;

export interface AdminTool {
  readonly name: string;
  /** Each word with its options, as the usage shows them. */
  readonly usages: readonly string[];
  readonly runners: Readonly<Record<string, Runner>>;
}

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
  { name, usages, runners }: AdminTool,
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const { stderr } = terminal;
  const usage = [`Usage: bin/hdfs ${name} [COMMAND]`, ...usages.map((each) => `          ${each}`), '', ''].join('\n');
  const [command, ...args] = argv;
  if (command === undefined) {
    stderr.write(usage);
    return USAGE_FAILED;
  }
  const run = Object.hasOwn(runners, command) ? runners[command] : undefined;
  if (run === undefined) {
    if (command === '-help') {
      stderr.write(usage);
      return args.length === 1 ? 0 : USAGE_FAILED;
    }
    stderr.write(`Can't understand command '${command}'\n`);
    if (!command.startsWith('-')) stderr.write('Command names must start with dashes.\n');
    stderr.write(usage);
    return USAGE_FAILED;
  }
  const systems = new FileSystems(host, terminal, configuration);
  try {
    return await run(terminal, systems, args);
  } catch (error) {
    if (error instanceof WrongOption) {
      stderr.write(`${error.javaClass}: ${error.message}\n`);
      return ILLEGAL;
    }
    if (!(error instanceof HdfsError)) throw error;
    stderr.write(`${pretty(error)}\n`);
    return FAILED;
  } finally {
    await systems.close();
  }
}

/** An option whose value is missing, or is none. */
export class WrongOption extends Error {
  override readonly name = 'WrongOption';
  /** Simple name of Java's exception. */
  readonly javaClass: string;

  constructor(message: string, javaClass = 'IllegalArgumentException') {
    super(message);
    this.javaClass = javaClass;
  }
}

/** What Java's -1 is to a process. */
const ILLEGAL = 255;

/** A command that is not there, with the reason. */
export const refusing =
  (reason: string): Runner =>
  async ({ stderr }) => {
    stderr.write(`${reason}\n`);
    return FAILED;
  };

/** The word behind `name`, and the others without the two. Throws WrongOption where none is behind it. */
export function takeValue(
  args: readonly string[],
  name: string,
): { readonly value: string | undefined; readonly rest: readonly string[] } {
  const at = args.indexOf(name);
  if (at < 0) return { value: undefined, rest: args };
  const value = args[at + 1];
  if (value === undefined) throw new WrongOption(`option ${name} requires 1 argument.`);
  return { value, rest: [...args.slice(0, at), ...args.slice(at + 2)] };
}

/** Whether `name` is there, and the other words. */
export function takeFlag(args: readonly string[], name: string): { readonly given: boolean; readonly rest: readonly string[] } {
  const at = args.indexOf(name);
  return { given: at >= 0, rest: args.filter((_, index) => index !== at) };
}

/** Whether words are left that nobody understands, which is said. */
export function leftOver({ stderr }: Terminal, args: readonly string[]): boolean {
  if (args.length > 0) stderr.write(`Can't understand argument: ${args[0]}\n`);
  return args.length > 0;
}

export function optionOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

export function missing(terminal: Terminal, words: string, usage: string): number {
  terminal.stderr.write(`${words}\nUsage: [${usage}]\n`);
  return USAGE_FAILED;
}

export async function placeOf(systems: FileSystems, path: string) {
  const fs = await systems.of(path);
  return { fs, at: new Item(fs, path, undefined).path };
}

/** Throws HdfsError EUNSUPPORTED for another file system, which cannot `what`. */
export function hdfsOf(fs: Awaited<ReturnType<FileSystems['of']>>, what: string) {
  if (fs instanceof HdfsFileSystem) return fs.hdfs;
  throw new HdfsError('EUNSUPPORTED', `${fs.uri} doesn't support ${what}`);
}
