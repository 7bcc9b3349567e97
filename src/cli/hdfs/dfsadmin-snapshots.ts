// hdfs dfsadmin -provisionSnapshotTrash: the trash that users of a snapshottable directory share. Apache: DFSAdmin.
import { HdfsError } from '../../base/errors.ts';
import { Snapshots } from '../../client/snapshots.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { emptyPath } from '../shell/path-errors.ts';
import type { Terminal } from '../terminal.ts';
import { FAILED, usage } from './dfsadmin-usage.ts';
import { pathArgument } from './path-argument.ts';

export const PROVISION_USAGE = '-provisionSnapshotTrash <snapshotDir> [-all]';

export async function provisionSnapshotTrash(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  const [word] = args;
  if (word === undefined || args.length !== 1) return usage(terminal, PROVISION_USAGE);
  if (word === '') throw emptyPath();
  using snapshots = new Snapshots(host, configuration);
  const directories =
    word === '-all'
      ? (await snapshots.snapshottableDirectories()).map(({ path }) => path)
      : [pathArgument(host, configuration, word).path];
  try {
    for (const directory of directories) {
      const { path, isUsed } = await snapshots.provisionTrash(directory);
      if (!isUsed) {
        terminal.stderr.write(
          `No command uses ${path} until dfs.namenode.snapshot.trashroot.enabled is true on the NameNode.\n`,
        );
      }
      terminal.stdout.write(`Successfully provisioned snapshot trash at ${path}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError) || (error.code !== 'EILLEGAL' && error.code !== 'EEXIST')) throw error;
    // Said in full, and for a directory that may not have one with the usage behind it.
    terminal.stderr.write(`provisionSnapshotTrash: ${error.message}\n`);
    return error.code === 'EILLEGAL' ? usage(terminal, PROVISION_USAGE) : FAILED;
  }
}
