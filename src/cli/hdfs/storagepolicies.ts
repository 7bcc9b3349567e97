// hdfs storagepolicies. Apache: StoragePolicyAdmin.
import { type ErrorCode, HdfsError } from '../../base/errors.ts';
import type { StoragePolicyInfo } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { FileSystems } from '../shell/file-systems.ts';
import { HdfsFileSystem } from '../shell/hdfs-file-system.ts';
import { Item } from '../shell/item.ts';
import type { Terminal } from '../terminal.ts';

/** Wrong words, and what failed at the NameNode. */
const USAGE_FAILED = 1;
const FAILED = 2;

const COMMANDS = [
  '[-listPolicies]',
  '[-setStoragePolicy -path <path> -policy <policy>]',
  '[-getStoragePolicy -path <path>]',
  '[-unsetStoragePolicy -path <path>]',
  '[-help <command-name>]',
];

const USAGE = ['Usage: bin/hdfs storagepolicies [COMMAND]', ...COMMANDS.map((each) => `          ${each}`), '', ''].join('\n');

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

/** As Hadoop's AdminHelper prints an exception: class and first line. */
function pretty(error: HdfsError): string {
  if (!UNWRAPPED.has(error.code)) return `RemoteException: ${error.message.split('\n', 1)[0]}`;
  const simpleName = error.javaClass.slice(Math.max(error.javaClass.lastIndexOf('.'), error.javaClass.lastIndexOf('$')) + 1);
  return `${simpleName}: ${error.message.split('\n', 1)[0]}`;
}

export async function runStoragePolicies(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> {
  const { stderr } = terminal;
  const [command, ...args] = argv;
  if (command === undefined) {
    stderr.write(USAGE);
    return USAGE_FAILED;
  }
  const run = COMMAND_RUNNERS[command];
  if (run === undefined) {
    if (command === '-help') {
      stderr.write(USAGE);
      return args.length === 1 ? 0 : USAGE_FAILED;
    }
    stderr.write(`Can't understand command '${command}'\n`);
    if (!command.startsWith('-')) stderr.write('Command names must start with dashes.\n');
    stderr.write(USAGE);
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

type Runner = (terminal: Terminal, systems: FileSystems, args: readonly string[]) => Promise<number>;

const COMMAND_RUNNERS: Readonly<Record<string, Runner>> = {
  '-listPolicies': async (terminal, systems) => {
    const fs = await systems.of('/');
    const policies = fs instanceof HdfsFileSystem ? await fs.hdfs.storagePolicies.list() : [];
    terminal.stdout.write(`${['Block Storage Policies:', ...policies.map((policy) => `\t${text(policy)}`)].join('\n')}\n`);
    return 0;
  },

  '-getStoragePolicy': async (terminal, systems, args) => {
    const path = optionOf(args, '-path');
    if (path === undefined) return missing(terminal, 'Please specify the path with -path.', '-getStoragePolicy -path <path>');
    const { fs, at } = await placeOf(systems, path);
    const stat = await fs.stat(at);
    if (stat === undefined) {
      terminal.stderr.write(`File/Directory does not exist: ${path}\n`);
      return FAILED;
    }
    if (fs instanceof HdfsFileSystem) {
      const { storagePolicy } = await fs.hdfs.stat(at);
      if (storagePolicy === 0) {
        terminal.stdout.write(`The storage policy of ${path} is unspecified\n`);
        return 0;
      }
      const policy = (await fs.hdfs.storagePolicies.list()).find(({ id }) => id === storagePolicy);
      if (policy !== undefined) {
        terminal.stdout.write(`The storage policy of ${path}:\n${text(policy)}\n`);
        return 0;
      }
    }
    terminal.stderr.write(`-getStoragePolicy is not supported for filesystem ${fs.uri.split(':', 1)[0]} on path ${path}\n`);
    return FAILED;
  },

  '-setStoragePolicy': async (terminal, systems, args) => {
    const usage = '-setStoragePolicy -path <path> -policy <policy>';
    const path = optionOf(args, '-path');
    if (path === undefined) return missing(terminal, 'Please specify the path for setting the storage policy.', usage);
    const policy = optionOf(args, '-policy');
    if (policy === undefined) return missing(terminal, 'Please specify the policy name.', usage);
    const { fs, at } = await placeOf(systems, path);
    await hdfsOf(fs).storagePolicies.set(at, policy);
    terminal.stdout.write(`Set storage policy ${policy} on ${path}\n`);
    return 0;
  },

  '-unsetStoragePolicy': async (terminal, systems, args) => {
    const path = optionOf(args, '-path');
    const words = 'Please specify the path from which the storage policy will be unset.';
    if (path === undefined) return missing(terminal, words, '-unsetStoragePolicy -path <path>');
    const { fs, at } = await placeOf(systems, path);
    await hdfsOf(fs).storagePolicies.unset(at);
    terminal.stdout.write(`Unset storage policy from ${path}\n`);
    return 0;
  },
};

/** As Hadoop's BlockStoragePolicy prints itself. */
const text = ({ name, id, storageTypes, creationFallbacks, replicationFallbacks }: StoragePolicyInfo): string =>
  `BlockStoragePolicy{${name}:${id}, storageTypes=[${storageTypes.join(', ')}], ` +
  `creationFallbacks=[${creationFallbacks.join(', ')}], replicationFallbacks=[${replicationFallbacks.join(', ')}]}`;

function optionOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

function missing(terminal: Terminal, words: string, usage: string): number {
  terminal.stderr.write(`${words}\nUsage: [${usage}]\n`);
  return USAGE_FAILED;
}

async function placeOf(systems: FileSystems, path: string) {
  const fs = await systems.of(path);
  return { fs, at: new Item(fs, path, undefined).path };
}

function hdfsOf(fs: Awaited<ReturnType<FileSystems['of']>>) {
  if (fs instanceof HdfsFileSystem) return fs.hdfs;
  throw new HdfsError('EUNSUPPORTED', `${fs.uri} doesn't support setStoragePolicy`);
}
