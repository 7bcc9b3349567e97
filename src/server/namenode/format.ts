// `hdfs namenode -format`: a new, empty file system in the configured directories. It never touches a directory that
// holds one already without being told to.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { Namespace } from '../../core/namespace/namespace.ts';
import { newImageCounters } from '../../format/fsimage/state.ts';
import { STATES } from '../../format/storage/upgrade-state.ts';
import type { Host } from '../../host/host.ts';
import { randomUuid } from '../../host/uuid.ts';
import { lockAll, makeDirectory, nameDirectories, stateOf } from './directories.ts';
import type { NamespaceIdentity } from './identity.ts';
import { NameStorage } from './name-storage.ts';
import { publishImage } from './publishing.ts';
import { imageCodec, namespaceOptions } from './settings.ts';
import { formatDirectory } from './storage.ts';

export interface FormatOptions {
  readonly clusterId?: string | undefined;
  /** Formats what holds data without asking. */
  readonly force?: boolean;
  /** Never asks: refuses instead. */
  readonly nonInteractive?: boolean;
  /** Asks the person at the terminal; the question ends with `(Y or N) `. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

export const newClusterId = ({ random }: Host): string => `CID-${randomUuid(random)}`;

async function newIdentity(host: Host, clusterId: string | undefined): Promise<NamespaceIdentity> {
  let address = '127.0.0.1';
  try {
    address = (await host.dns.lookup(host.machine.hostName))[0] ?? address;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    host.log.log('warn', 'format', `${host.machine.hostName} has no address: the block pool is named after ${address}`);
  }
  return {
    namespaceId: 1 + host.random.below(2 ** 31 - 2),
    clusterId: clusterId ?? newClusterId(host),
    // The address tells nothing to anybody; it only keeps names apart, as Apache's does.
    blockPoolId: `BP-${host.random.below(2 ** 31 - 1)}-${address}-${host.clock.now()}`,
    cTime: host.clock.now(),
  };
}

/** True when it was formatted, false when somebody or -nonInteractive said no. */
export async function formatNameNode(host: Host, configuration: Configuration, options: FormatOptions = {}): Promise<boolean> {
  if (!configuration.getBoolean('dfs.namenode.support.allow.format')) {
    throw new HdfsError(
      'EIO',
      'The option dfs.namenode.support.allow.format is set to false for this filesystem, so it cannot be formatted. ' +
        'You will need to set dfs.namenode.support.allow.format parameter to true in order to format this filesystem',
    );
  }
  if (options.clusterId === '') throw new HdfsError('EINVAL', 'Invalid cluster ID: it is empty');
  const codec = imageCodec(configuration);
  const { all: directories } = nameDirectories(configuration);
  for (const directory of directories) {
    const { kind } = await stateOf(host, directory);
    if (kind === 'missing') continue;
    const files = await host.disk.readdir(directory.root);
    // An upgrade or a rollback that was cut off leaves no `current`, and all of it under another name.
    if (!STATES.some((name) => files.includes(name))) continue;
    if (configuration.getBoolean('dfs.reformat.disabled')) {
      throw new HdfsError(
        'EIO',
        `NameNode format aborted as reformat is disabled for this cluster: ${directory.root} holds data (dfs.reformat.disabled).`,
      );
    }
    if (options.force === true) continue;
    if (options.nonInteractive === true || options.confirm === undefined) {
      host.log.log(
        'error',
        'format',
        `Running in non-interactive mode, and data appears to exist in Storage Directory ${directory.root}. Not formatting.`,
      );
      return false;
    }
    if (
      !(await options.confirm(`Re-format filesystem in Storage Directory root= ${directory.root}; location= null ? (Y or N) `))
    ) {
      host.log.log('error', 'format', `Format aborted in Storage Directory ${directory.root}`);
      return false;
    }
  }
  const identity = await newIdentity(host, options.clusterId);
  for (const directory of directories) await makeDirectory(host, directory, 'root');
  const locks = await lockAll(host, directories);
  try {
    for (const directory of directories) await formatDirectory(host, directory, identity);
    const { inodes, blocks } = new Namespace(namespaceOptions(configuration, host.machine, host.log));
    inodes.setMtime(inodes.root, 0);
    const storage = new NameStorage(host, directories, locks, { restoreFailed: false, imageCodec: codec });
    await publishImage(host, storage, 0, () => ({
      inodes,
      blocks,
      counters: newImageCounters(identity.namespaceId),
      carried: [],
    }));
  } finally {
    for (const lock of locks.values()) await lock.release();
  }
  for (const directory of directories) {
    host.log.log('info', 'format', `Storage directory ${directory.root} has been successfully formatted.`);
  }
  return true;
}
