// hdfs lsSnapshottableDir. Apache: LsSnapshottableDir, SnapshottableDirectoryStatus.print.
import { HdfsError } from '../../base/errors.ts';
import { formatPermission } from '../../base/mode.ts';
import { FeatureAdmin, type SnapshottableDirectory } from '../../client/feature-admin.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Host } from '../../host/host.ts';
import { formatMinute, type Terminal } from '../terminal.ts';

export async function runLsSnapshottableDir(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  args: readonly string[],
): Promise<number> {
  if (args.length > 0) {
    terminal.stderr.write(
      'Usage: \nhdfs lsSnapshottableDir: \n\tDirectories that may have snapshots: one’s own, or all for a super user.\n\n',
    );
    return 1;
  }
  using admin = new FeatureAdmin(host, configuration);
  try {
    const directories = await admin.snapshottableDirectories();
    terminal.stdout.write(directories.length === 0 ? '\n' : lines(terminal, directories));
    return 0;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    terminal.stderr.write(`lsSnapshottableDir: ${error.message.split('\n', 1)[0]}\n`);
    return 1;
  }
}

function lines(terminal: Terminal, directories: readonly SnapshottableDirectory[]): string {
  const rows = directories.map((each) => ({
    head: `d${formatPermission(each.mode)}`,
    cells: [each.replication, each.owner, each.group, each.length].map(String),
    time: formatMinute(terminal.localTime(each.mtime)),
    counts: [each.snapshots, each.snapshotQuota].map(String),
    path: each.path,
  }));
  const width = (pick: (row: (typeof rows)[number]) => string | undefined): number =>
    Math.max(...rows.map((row) => pick(row)?.length ?? 0));
  const [replication, owner, group, length] = [0, 1, 2, 3].map((index) => width(({ cells }) => cells[index]));
  const [snapshots, quota] = [0, 1].map((index) => width(({ counts }) => counts[index]));
  return rows
    .map(({ head, cells: [one = '', two = '', three = '', four = ''], time, counts: [many = '', most = ''], path }) =>
      [
        head,
        one.padStart(replication ?? 0),
        two.padEnd(owner ?? 0),
        three.padEnd(group ?? 0),
        four.padStart(length ?? 0),
        time,
        many.padStart(snapshots ?? 0),
        most.padStart(quota ?? 0),
        path,
      ].join(' '),
    )
    .map((line) => `${line}\n`)
    .join('');
}
