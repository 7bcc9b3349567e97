// hdfs storagepolicies. Apache: StoragePolicyAdmin.
import type { StoragePolicyInfo } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { HdfsFileSystem } from '../shell/hdfs-file-system.ts';
import type { Terminal } from '../terminal.ts';
import { FAILED, hdfsOf, missing, optionOf, placeOf, type Runner, runAdminTool } from './admin-tool.ts';

const COMMANDS = [
  '[-listPolicies]',
  '[-setStoragePolicy -path <path> -policy <policy>]',
  '[-getStoragePolicy -path <path>]',
  '[-unsetStoragePolicy -path <path>]',
  '[-help <command-name>]',
];

export const runStoragePolicies = (
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> =>
  runAdminTool({ name: 'storagepolicies', usages: COMMANDS, runners: RUNNERS }, host, terminal, configuration, argv);

const RUNNERS: Readonly<Record<string, Runner>> = {
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
    await hdfsOf(fs, 'setStoragePolicy').storagePolicies.set(at, policy);
    terminal.stdout.write(`Set storage policy ${policy} on ${path}\n`);
    return 0;
  },

  '-unsetStoragePolicy': async (terminal, systems, args) => {
    const path = optionOf(args, '-path');
    const words = 'Please specify the path from which the storage policy will be unset.';
    if (path === undefined) return missing(terminal, words, '-unsetStoragePolicy -path <path>');
    const { fs, at } = await placeOf(systems, path);
    await hdfsOf(fs, 'setStoragePolicy').storagePolicies.unset(at);
    terminal.stdout.write(`Unset storage policy from ${path}\n`);
    return 0;
  },
};

/** As Hadoop's BlockStoragePolicy prints itself. */
const text = ({ name, id, storageTypes, creationFallbacks, replicationFallbacks }: StoragePolicyInfo): string =>
  `BlockStoragePolicy{${name}:${id}, storageTypes=[${storageTypes.join(', ')}], ` +
  `creationFallbacks=[${creationFallbacks.join(', ')}], replicationFallbacks=[${replicationFallbacks.join(', ')}]}`;
