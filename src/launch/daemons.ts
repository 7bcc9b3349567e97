// Starts one role from its configuration, as `hdfs namenode`, `hdfs secondarynamenode` and `hdfs datanode` do.
import type { Configuration } from '../config/configuration.ts';
import { nameNodeConfiguration, nameNodeIdentity } from '../config/nameservices.ts';
import { refuseProtectionNotBuilt } from '../config/protection.ts';
import { describeIdle, describeUnknown, idleKeys, unknownKeys } from '../config/unknown-keys.ts';
import { NAMENODE_LAYOUT_VERSION } from '../core/edits/ops.ts';
import type { Host } from '../host/host.ts';
import { DataNode, type DataNodeOptions } from '../server/datanode/datanode.ts';
import { HttpFs } from '../server/httpfs/httpfs.ts';
import { serveImage } from '../server/image-viewer/image-viewer.ts';
import { nameDirectories } from '../server/namenode/directories.ts';
import { type FormatOptions, formatNameNode, newClusterId } from '../server/namenode/format.ts';
import { NameNode, type NameNodeOptions } from '../server/namenode/namenode.ts';
import { storedLayoutVersion } from '../server/namenode/storage.ts';
import { rollBackNameNode } from '../server/namenode/upgrade.ts';
import { SecondaryNameNode, type SecondaryOptions } from '../server/secondary/secondary-namenode.ts';

/** Refuses what would leave data open against its owner's will. */
function examine(host: Host, configuration: Configuration, role: 'daemon' | 'httpfs' = 'daemon'): void {
  refuseProtectionNotBuilt(configuration, role);
  tellOfKeys(host, configuration);
}

/** Says which keys change nothing: most often they are misspelt, and directories lie where nobody looks for them. */
function tellOfKeys(host: Host, configuration: Configuration): void {
  for (const unknown of unknownKeys(configuration)) host.log.log('warn', 'conf', describeUnknown(unknown));
  for (const idle of idleKeys(configuration)) host.log.log('warn', 'conf', describeIdle(idle));
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1|0\.0\.0\.0|::)$/;

/** The configuration of the NameNode that this machine is, where the files speak of several. */
export function ownNameNodeConfiguration(host: Host, configuration: Configuration): Configuration {
  const { hostName } = host.machine;
  const isLocal = (name: string): boolean => LOOPBACK.test(name) || name === hostName || name.split('.', 1)[0] === hostName;
  return nameNodeConfiguration(configuration, nameNodeIdentity(configuration, isLocal));
}

export async function startNameNode(
  host: Host,
  configuration: Configuration,
  options: NameNodeOptions = {},
): Promise<NameNode> {
  examine(host, configuration);
  const nameNode = new NameNode(host, ownNameNodeConfiguration(host, configuration), options);
  await nameNode.start();
  return nameNode;
}

/** For one command: it serves nothing and makes no checkpoint by itself. */
export async function openSecondaryNameNode(
  host: Host,
  configuration: Configuration,
  options: SecondaryOptions = {},
): Promise<SecondaryNameNode> {
  tellOfKeys(host, configuration);
  const secondary = new SecondaryNameNode(host, ownNameNodeConfiguration(host, configuration), options);
  await secondary.open();
  return secondary;
}

export async function startSecondaryNameNode(
  host: Host,
  configuration: Configuration,
  options: SecondaryOptions = {},
): Promise<SecondaryNameNode> {
  examine(host, configuration);
  const secondary = new SecondaryNameNode(host, ownNameNodeConfiguration(host, configuration), options);
  await secondary.start();
  return secondary;
}

export async function startHttpFs(host: Host, configuration: Configuration): Promise<HttpFs> {
  examine(host, configuration, 'httpfs');
  const httpFs = new HttpFs(host, configuration);
  await httpFs.start();
  return httpFs;
}

export async function startDataNode(
  host: Host,
  configuration: Configuration,
  options: DataNodeOptions = {},
): Promise<DataNode> {
  examine(host, configuration);
  const dataNode = new DataNode(host, configuration, options);
  await dataNode.start();
  return dataNode;
}

/** True when it was formatted, false when somebody said no. */
export function format(host: Host, configuration: Configuration, options: FormatOptions = {}): Promise<boolean> {
  tellOfKeys(host, configuration);
  return formatNameNode(host, ownNameNodeConfiguration(host, configuration), options);
}

/** The layout version of what stands in the name directories, and that which this version writes. */
export async function layoutVersions(
  host: Host,
  configuration: Configuration,
): Promise<{ readonly stored: number; readonly written: number }> {
  const { all } = nameDirectories(ownNameNodeConfiguration(host, configuration));
  return { stored: await storedLayoutVersion(host, all), written: NAMENODE_LAYOUT_VERSION };
}

/** Back to the state of before the last upgrade; rejects with HdfsError when there is none. */
export function rollBack(host: Host, configuration: Configuration): Promise<void> {
  tellOfKeys(host, configuration);
  return rollBackNameNode(host, ownNameNodeConfiguration(host, configuration));
}

export { newClusterId, serveImage };
