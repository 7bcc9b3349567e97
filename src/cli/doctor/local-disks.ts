// What `tuskfs doctor` finds of the directories of daemons that this machine has.
import { messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { humanSize } from '../human.ts';
import { type Finding, failed, ok } from './finding.ts';

/** Keys of directories, and what needs them. */
const DIRECTORIES = [
  ['dfs.namenode.name.dir', 'the NameNode'],
  ['dfs.namenode.edits.dir', 'the edit log'],
  ['dfs.datanode.data.dir', 'the DataNode'],
] as const;

/** Owner may read, write and enter. */
const OWN = 0o700;

export async function* localFindings(host: Host, configuration: Configuration): AsyncGenerator<Finding, void, undefined> {
  const least = configuration.getSize('dfs.namenode.resource.du.reserved');
  const seen = new Set<string>();
  for (const [key, what] of DIRECTORIES) {
    if (!configuration.isSet(key)) continue;
    for (const text of configuration.getStrings(key)) {
      // [SSD]file:///data/1
      const path = text.replace(/^\[\w+\]/, '').replace(/^file:(?:\/\/)?/, '');
      if (seen.has(path)) continue;
      seen.add(path);
      // It runs elsewhere, or not yet.
      if (await host.disk.exists(path)) yield await directoryFinding(host, path, what, least);
    }
  }
}

async function directoryFinding(host: Host, path: string, what: string, least: number): Promise<Finding> {
  try {
    const { isDirectory, mode } = await host.disk.stat(path);
    if (!isDirectory) return failed('disks', `${path} of ${what} is no directory`, 'make a directory of that name');
    if ((mode & OWN) !== OWN)
      return failed('permissions', `${path} of ${what} has mode ${(mode & 0o777).toString(8)}`, `chmod u+rwx ${path}`);
    await host.disk.readdir(path);
    const { available } = await host.disk.volume(path);
    const room = `${path} of ${what} has ${humanSize(available)} free`;
    return available > least ? ok('disks', room) : failed('disks', room, 'make room: the NameNode turns safe mode on');
  } catch (error) {
    return failed('disks', `${path} of ${what}: ${messageOf(error)}`, 'look at the disk, and at who owns the directory');
  }
}
