// hdfs storagepolicies. Apache: StoragePolicyAdmin.
import type { StoragePolicies, StoragePolicyInfo } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { HdfsFileSystem } from '../shell/hdfs-file-system.ts';
import type { Terminal } from '../terminal.ts';
import {
  type AdminCommand,
  type AdminContext,
  FAILED,
  fileSystemOf,
  misuse,
  placeOf,
  required,
  runAdminTool,
} from './admin-tool.ts';

export const runStoragePolicies = (
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  argv: readonly string[],
): Promise<number> => runAdminTool({ name: 'storagepolicies', commands: COMMANDS }, host, terminal, configuration, argv);

/** Has a path's policies changed, where its file system has such. `word` is Hadoop's for what cannot be done elsewhere. */
async function change(
  { systems }: AdminContext,
  path: string,
  word: string,
  make: (policies: StoragePolicies, at: string) => Promise<void>,
): Promise<void> {
  const { fs, at } = await placeOf(systems, path);
  if (!(fs instanceof HdfsFileSystem)) {
    misuse(`UnsupportedOperationException: RawLocalFileSystem doesn't support ${word}`, FAILED);
  }
  await make(fs.hdfs.storagePolicies, at);
}

const COMMANDS: Readonly<Record<string, AdminCommand>> = {
  '-listPolicies': {
    usage: '-listPolicies',
    run: async ({ terminal, systems }) => {
      const fs = await fileSystemOf(systems, '/');
      const policies = fs instanceof HdfsFileSystem ? await fs.hdfs.storagePolicies.list() : [];
      terminal.stdout.write(`${['Block Storage Policies:', ...policies.map((policy) => `\t${text(policy)}`)].join('\n')}\n`);
      return 0;
    },
  },

  '-setStoragePolicy': {
    usage: '-setStoragePolicy -path <path> -policy <policy>',
    run: async (context) => {
      const path = required(context, '-path', 'Please specify the path for setting the storage policy.');
      const policy = required(context, '-policy', 'Please specify the policy name.');
      await change(context, path, 'setStoragePolicy', (policies, at) => policies.set(at, policy));
      context.terminal.stdout.write(`Set storage policy ${policy} on ${path}\n`);
      return 0;
    },
  },

  '-getStoragePolicy': {
    usage: '-getStoragePolicy -path <path>',
    run: async (context) => {
      const { terminal, systems } = context;
      const path = required(context, '-path', 'Please specify the path with -path.');
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
  },

  '-unsetStoragePolicy': {
    usage: '-unsetStoragePolicy -path <path>',
    run: async (context) => {
      const path = required(context, '-path', 'Please specify the path from which the storage policy will be unset.');
      await change(context, path, 'unsetStoragePolicy', (policies, at) => policies.unset(at));
      context.terminal.stdout.write(`Unset storage policy from ${path}\n`);
      return 0;
    },
  },

  '-satisfyStoragePolicy': {
    usage: '-satisfyStoragePolicy -path <path>',
    run: async (context) => {
      const path = required(context, '-path', 'Please specify the path for setting the storage policy.');
      // Hadoop's word for it.
      await change(context, path, 'setStoragePolicy', (policies, at) => policies.satisfy(at));
      context.terminal.stdout.write(`Scheduled blocks to move based on the current storage policy on ${path}\n`);
      return 0;
    },
  },
};

/** As Hadoop's BlockStoragePolicy prints itself. */
const text = ({ name, id, storageTypes, creationFallbacks, replicationFallbacks }: StoragePolicyInfo): string =>
  `BlockStoragePolicy{${name}:${id}, storageTypes=[${storageTypes.join(', ')}], ` +
  `creationFallbacks=[${creationFallbacks.join(', ')}], replicationFallbacks=[${replicationFallbacks.join(', ')}]}`;
