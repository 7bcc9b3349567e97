// What `hdfs storagepolicies` and `hdfs ec` have in common: a word that begins with a dash, options with values behind it,
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
    if (!(error instanceof HdfsError)) throw error;
    stderr.write(`${pretty(error)}\n`);
    return FAILED;
  } finally {
    await systems.close();
  }
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
